"""Writing to the user's terminal while tests run."""

from __future__ import annotations

import pytest


def write_live(config: pytest.Config, text: str) -> None:
    """Write text of a worker (a line of `log_cli`) to the terminal."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None:
        reporter.write(text, flush=True)
