"""Who a process is, in the words of pytest-xdist, by which dozens of plugins know workers.

The contract, read in xdist 3.8: `config.workerinput` and `config.workeroutput`, three environment
variables, and options reset as in xdist's own workers, all before `pytest_configure`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import pytest

#: What plugins read of options to know that they are on the controller, and its value in a worker.
_WORKER_OPTIONS: dict[str, object] = {
    "dist": "no",
    "numprocesses": None,
    "maxprocesses": None,
    "tx": [],
    "distload": False,
    "no_summary": True,
    "no_header": True,
}


class _Workerinput(dict[str, Any]):
    """Counts who asks which worker this is."""

    asked = 0

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401 - as of dict
        self.asked += key == "workerid"
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - as of dict
        self.asked += key == "workerid"
        return super().get(key, default)


def times_asked(config: pytest.Config) -> int:
    """Return how often somebody asked for the id of this worker."""
    return int(getattr(getattr(config, "workerinput", None), "asked", 0))


def reset_options(namespace: Any) -> None:  # noqa: ANN401 - argparse's namespace
    """Set the options of a worker."""
    for name, value in _WORKER_OPTIONS.items():
        setattr(namespace, name, value)


def introduce(config: pytest.Config, workerinput: Mapping[str, Any]) -> None:
    """Tell this process who it is; the second time, that it is somebody else now.

    The dictionary stays the same object: plugins keep references to it.
    """
    known: dict[str, Any] | None = getattr(config, "workerinput", None)
    if known is None:
        config.workerinput = _Workerinput(workerinput)  # type: ignore[attr-defined]
        config.workeroutput = {}  # type: ignore[attr-defined]
    else:
        known.clear()
        known.update(workerinput)


_run_uid = ""


def run_uid() -> str:
    """Return the name of the run that this process is a worker or template of; empty for none."""
    return _run_uid


def export_identity(workerinput: Mapping[str, Any]) -> None:
    """Set the environment variables by which code without a config knows its worker."""
    global _run_uid  # noqa: PLW0603 - a process is in one run
    _run_uid = workerinput["testrunuid"]
    os.environ["PYTEST_XDIST_WORKER"] = workerinput["workerid"]
    os.environ["PYTEST_XDIST_WORKER_COUNT"] = str(workerinput["workercount"])
    os.environ["PYTEST_XDIST_TESTRUNUID"] = workerinput["testrunuid"]


def test_in_hand() -> str:
    """Return the node id of the test that runs, empty for none."""
    return os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]
