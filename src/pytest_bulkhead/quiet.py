"""What a template or worker must not write to the user's terminal, for the controller does too."""

from __future__ import annotations

import os

import pytest

from pytest_bulkhead import compat
from pytest_bulkhead.system import files, process


def set_stdio_aside(config: pytest.Config) -> None:
    """Take stdin, and stdout unless the user wants it live, from a template or worker."""
    live = is_live(config)
    files.set_stdio_aside(dict(compat.saved_stdio(config)).get(0, 0), stdout=not live)
    compat.silence_saved_stdio(config, stdout=not live)


def is_live(config: pytest.Config) -> bool:
    """Whether the user sees what tests print while they run."""
    return config.getoption("capture", "fd") in ("no", "tee-sys")


class QuietStartPlugin:
    """Keeps what hooks print until collection begins from being printed a second time.

    `pytest_configure` and `pytest_sessionstart` of a conftest run in every process, not captured.
    """

    def __init__(self, out: int, err: int) -> None:
        self._kept = [(fd, os.dup(fd)) for fd in (1, 2)]
        files.redirect(out, 1)
        files.redirect(err, 2)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Let what is printed from here on go where it would go."""
        process.flush_output()
        for fd, kept in self._kept:
            os.dup2(kept, fd)
            os.close(kept)
