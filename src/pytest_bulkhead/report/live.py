"""Writing to the user's terminal while tests run."""

from __future__ import annotations

import pytest


def write_live(config: pytest.Config, text: str, sep: str) -> None:
    """Write text of a worker (`log_cli`) to the terminal, as a headline when `sep` is given."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is None:
        return
    if sep:
        reporter.section(text, sep=sep, bold=True)
    else:
        reporter.write(text, flush=True)
