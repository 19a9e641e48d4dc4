"""Specification of `report.status`: the line of tests that are running."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pytest_bulkhead.core.item import Item, Scopes
from pytest_bulkhead.core.policy import Policy
from pytest_bulkhead.core.run.run import Run
from pytest_bulkhead.core.run.worker import Worker
from pytest_bulkhead.report.status import StatusLine, running_text

ITEM = Item(0, "a.py::t", Scopes("", "a.py", ""))


def running(slot, since):
    worker = Worker(1, slot, 0, True)
    worker.start(0, since)
    return worker, ITEM


def test_the_text_names_worker_test_and_seconds():
    """Each running test is there with its worker and its time so far."""
    text = running_text([running(0, 1.0), running(3, 7.0)], 10.0)

    assert "running: gw0 a.py::t (9 s), gw3 a.py::t (3 s)" == text


class Screen:
    def __init__(self, isatty):
        self.isatty = isatty
        self.written = ""
        self.width_of_current_line, self.fullwidth = 5, 80
        self._tw = self
        self._file = self

    def write(self, text):
        self.written += text

    def flush(self):
        pass


@pytest.fixture
def line(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")

    def make(isatty=True, lent=False, since=0.0, verbosity=0, capture="fd"):
        screen, run = Screen(isatty), Run(Policy())
        run.items = (ITEM,)
        run.workers[1] = running(0, since)[0]
        manager = SimpleNamespace(getplugin=lambda _name: screen)
        config = SimpleNamespace(
            pluginmanager=manager, get_verbosity=lambda: verbosity,
            getoption=lambda name, _default: {"capture": capture}[name],
        )  # fmt: skip
        return StatusLine(config, run, lambda: lent), screen

    return make


def test_a_slow_test_is_drawn_and_erased(line):
    """The line appears below the progress, and the cursor comes back to where it was."""
    status, screen = line()
    status.draw(10.0)
    assert "\nrunning: gw0 a.py::t (10 s)" == screen.written
    screen.written = ""
    status.erase()
    assert screen.written.endswith("\x1b[5C")
    screen.written = ""
    status.erase()
    assert "" == screen.written


@pytest.mark.parametrize(
    "quiet",
    [{"isatty": False}, {"lent": True}, {"since": 9.5}, {"verbosity": -1}, {"capture": "no"}],
)
def test_it_keeps_silent(quiet, line):
    """No terminal, a debugger that has it, -q, -s, or a test that just began: nothing is drawn."""
    status, screen = line(**quiet)
    status.draw(10.0)
    assert "" == screen.written


def test_a_terminal_that_cannot_go_back_a_line(line, monkeypatch):
    """Nothing is drawn."""
    monkeypatch.setenv("TERM", "dumb")
    status, screen = line()
    status.draw(10.0)
    assert "" == screen.written


def test_the_loop_wakes_for_it_only_on_a_terminal(line):
    """On a terminal the loop sleeps no longer than the line stays true."""
    assert 0.5 == line()[0].shorten(None)
    assert 0.1 == line()[0].shorten(0.1)
    assert line(isatty=False)[0].shorten(None) is None
