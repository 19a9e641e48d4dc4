"""`bulkhead bisect NODEID`: which tests before it make a test crash or fail.

How the search goes is decided in `core.again.bisection`; this module runs what it wants to know,
shows how it gets on, and tells what was found. Ctrl-C, or the end of the time that it has, leaves
the smallest part so far.
"""

from __future__ import annotations

import argparse
import contextlib
import shlex
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_bulkhead.cli.explain import find_journal, read_by
from pytest_bulkhead.cli.probing import Prober, add_option
from pytest_bulkhead.core.accounting import BROKEN, State
from pytest_bulkhead.core.again.bisection import Part, Search, doubt, minimise
from pytest_bulkhead.core.again.predecessors import predecessors
from pytest_bulkhead.core.events import Event
from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.report.journal import Line

SUMMARY = "find the earlier tests that make a test crash or fail"

#: Exit statuses: the part was found; the test does not break, or not because of others; not done.
_FOUND, _NO_CULPRIT, _UNFINISHED = 0, 1, 3

#: More node ids than this are not written on one command line.
_MAX_SHOWN = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("nodeid", metavar="NODEID", help="the test that breaks")
    parser.add_argument(
        "paths", metavar="PATH", nargs="*",
        help="where the tests before it are, as for pytest (default: as pytest would without any)",
    )  # fmt: skip
    parser.add_argument(
        "--journal", metavar="FILE",
        help="the journal of a run, of --isolate-report=FILE, or a folder whose latest run is "
        "meant: suspected are the tests that ran in its process before it, in their order, instead "
        "of those that are collected before it",
    )  # fmt: skip
    parser.add_argument(
        "--tries", metavar="N", type=_count, default=1,
        help="runs after which a part is taken for harmless, for a test that breaks now and then",
    )  # fmt: skip
    parser.add_argument(
        "--seconds", metavar="S", type=float, default=600.0,
        help="time after which the smallest part so far is told (default 600)",
    )  # fmt: skip
    add_option(parser)


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of runs, such as 5")
    return int(text)


def perform(options: argparse.Namespace) -> int:
    """Search, and tell what was found."""
    ran = read_predecessors(options.journal, options.nodeid) if options.journal else None
    with contextlib.closing(Prober(options.paths, options.option)) as prober:
        suspects = collected_before(prober.nodeids, options.nodeid)
        if ran is not None:
            suspects = _still_there(ran, prober.nodeids)
        return Bisection(prober, options.nodeid, suspects, options.tries, options.seconds).run()


def collected_before(nodeids: Sequence[str], nodeid: str) -> Part:
    """Return the tests that are collected before one.

    Raises:
        UsageProblem: that one is not.
    """
    if nodeid not in nodeids:
        raise UsageProblem(
            f"{nodeid}: no such test was collected\n"
            "hint: write it as `pytest --collect-only -q` does, and name its path if pytest alone "
            "does not collect it"
        )
    return tuple(nodeids[: nodeids.index(nodeid)])


def read_predecessors(journal: str, nodeid: str) -> Part:
    """Return the tests that ran before one, by a journal.

    Args:
        journal: its path, or a folder whose latest run is meant.
        nodeid: the test.

    Raises:
        UsageProblem: there is no journal, or the test was not run then.
    """
    named = Path(journal)
    path = find_journal(named) if named.is_dir() else named
    events = read_by(str(path), _events)
    found = predecessors(events, nodeid)
    if found is None:
        raise UsageProblem(f"{nodeid}: no such test was run, says {path}")
    return found


def _events(_heading: object, lines: list[Line], **_torn: bool) -> list[Event]:
    return [line.event for line in lines if line.event is not None]


def _still_there(ran: Part, nodeids: Sequence[str]) -> Part:
    there = set(nodeids)
    kept = tuple(one for one in ran if one in there)
    gone = len(ran) - len(kept)
    more = f", less {gone} that are not collected any more" if gone else ""
    tests = "1 test" if len(kept) == 1 else f"{len(kept)} tests"
    print(f"suspects: {tests} ran before it in its process{more}", flush=True)
    return kept


class Bisection:
    """One search."""

    def __init__(
        self, prober: Prober, nodeid: str, suspects: Part, tries: int, seconds: float
    ) -> None:
        self._prober, self._nodeid, self._suspects, self._tries = prober, nodeid, suspects, tries
        self._deadline = time.monotonic() + seconds
        self._runs = 0
        #: How it breaks.
        self._broken = State.NOT_RUN
        #: The smallest part after which it did.
        self._best: Part = ()

    def run(self) -> int:
        """Search; return the exit status."""
        try:
            if self._breaks_alone() or not self._breaks_after_all(self._suspects):
                return _NO_CULPRIT
            self._search(minimise(self._suspects))
        except (KeyboardInterrupt, TimeoutError) as problem:
            why = "interrupted" if isinstance(problem, KeyboardInterrupt) else "time is over"
            print(f"{why} after {self._runs} runs", flush=True)
            self._tell(found=False)
            return _UNFINISHED
        self._tell(found=True)
        return _FOUND

    def _breaks_alone(self) -> bool:
        states = [self._state((), "alone") for _ in range(self._tries)]
        broken = [state for state in states if state in BROKEN]
        if broken:
            print(f"{self._nodeid} {broken[0].word} alone: no other test is needed for that")
        return bool(broken)

    def _breaks_after_all(self, suspects: Part) -> bool:
        states = [self._state(suspects, "after all") for _ in range(self._tries)]
        broken = [state for state in states if state in BROKEN]
        if not broken:
            print(
                f"{self._nodeid} {states[0].word} after all {len(suspects)} tests before it: "
                "nothing to search for\nhint: with --tries=10 it may break once; tests of other "
                "paths are looked at if they are named"
            )
            return False
        self._broken, self._best = broken[0], suspects
        if self._tries > 1:
            risk = doubt(len(broken), self._tries)
            print(
                f"it broke in {len(broken)} of {self._tries} runs: a part that makes it break is "
                f"overlooked with a probability of {risk:.1%}",
                flush=True,
            )
        return True

    def _search(self, search: Search) -> None:
        try:
            part = next(search)
            while True:
                part = search.send(self._breaks_after(part))
        except StopIteration as done:
            self._best = done.value

    def _breaks_after(self, part: Part) -> bool:
        """Whether it breaks as it did, in one of as many runs as are wanted."""
        broke = any(self._state(part, "after") is self._broken for _ in range(self._tries))
        if broke:
            self._best = part
        return broke

    def _state(self, earlier: Part, how: str) -> State:
        if time.monotonic() > self._deadline:
            raise TimeoutError
        self._runs += 1
        state = self._prober.state_after(earlier, self._nodeid)
        number = f" {len(earlier)}" if earlier else ""
        print(f"run {self._runs}: {how}{number}: {state.word}", flush=True)
        return state

    def _tell(self, *, found: bool) -> None:
        if not self._best:
            return
        print()
        for line in _lines(self._nodeid, self._broken, self._best, found=found):
            print(line)


def _lines(nodeid: str, broken: State, part: Part, *, found: bool) -> Iterator[str]:
    how = "these, and after no fewer of them" if found else f"these {len(part)}, perhaps fewer"
    yield f"{nodeid} {broken.word} after {how}:"
    yield from (f"  {one}" for one in part)
    if len(part) <= _MAX_SHOWN:
        yield f"run it again: {_command([*part, nodeid])}"
    if found:
        yield 'keep them apart: @pytest.mark.isolate("function") on one of them'


def _command(nodeids: Sequence[str]) -> str:
    return f"pytest -n0 --isolate=session -p no:randomly {shlex.join(nodeids)}"
