"""The ledger of items: every collected test ends in exactly one state.

Invariants:

- `collected` is the sum over all states, at any time.
- An item leaves `NOT_RUN` once, to `RUNNING`, and leaves that once, to a final state; only a
  retry (`attempts`), or one that a plugin asked for (pytest-rerunfailures), opens it again.
- A test that passed and then broke in teardown stays `PASSED`; its error is counted apart.
"""

from __future__ import annotations

import dataclasses
import enum
from collections import Counter

from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.errors import InvalidTransition


class State(enum.IntEnum):
    """The state of an item. `NOT_RUN` is final too when the run ends."""

    NOT_RUN = 0
    RUNNING = 1
    PASSED = 2
    FAILED = 3
    SKIPPED = 4
    XFAILED = 5
    XPASSED = 6
    CRASHED = 7
    TIMED_OUT = 8
    #: Its process died, and a later attempt passed.
    FLAKY = 9

    @property
    def word(self) -> str:
        """The state's name as people read it."""
        return self.name.lower().replace("_", " ")


#: Whose end is never changed by a later report of the same test.
BROKEN = frozenset({State.FAILED, State.CRASHED, State.TIMED_OUT})


@dataclasses.dataclass(slots=True)
class _Open:
    """A test in hand: its state so far, and which phases have reported."""

    state: State | None = None
    set_up: bool = False
    called: bool = False
    torn_down: bool = False
    errors: int = 0


class Ledger:
    """The states of all items, one byte each."""

    def __init__(self, count: int) -> None:
        self._states = bytearray(count)
        self._open: dict[int, _Open] = {}
        #: Errors at teardown of tests that had passed or been skipped.
        self.teardown_errors = 0

    def state(self, item: int) -> State:
        """Return the state of an item."""
        return State(self._states[item])

    def start(self, item: int) -> None:
        """Open an item."""
        if self._states[item] != State.NOT_RUN:
            raise InvalidTransition(f"item {item} starts but is {self.state(item).word}")
        self._states[item] = State.RUNNING
        self._open[item] = _Open()

    def report(self, item: int, when: str, outcome: str, xfail: bool) -> None:
        """Take a report of a phase into account; later phases never undo an earlier failure."""
        test = self._open.get(item)
        if test is None:
            raise InvalidTransition(f"item {item} reports but is {self.state(item).word}")
        if outcome == "rerun":
            # pytest-rerunfailures begins again in the same process; what was said before is void.
            self._open[item] = _Open()
        elif when == "teardown":
            test.torn_down = True
            test.errors += outcome == "failed"
        else:
            test.set_up = True
            test.called = test.called or when == "call"
            if test.state not in BROKEN:
                test.state = _state_of(when, outcome, xfail) or test.state

    def phase(self, item: int) -> Phase:
        """Return the phase of the item in hand whose report is still to come."""
        test = self._open[item]
        if test.called or test.state is not None:
            return Phase.TEARDOWN
        return Phase.CALL if test.set_up else Phase.SETUP

    def decided(self, item: int) -> bool:
        """Whether the reports of the item in hand say how it ended: only teardown is left."""
        return self.phase(item) is Phase.TEARDOWN

    def torn_down(self, item: int) -> bool:
        """Whether the item in hand has reported all its phases."""
        return self._open[item].torn_down

    def close(self, item: int, broken: State | None = None) -> State:
        """Give the item in hand its final state.

        Args:
            item: the item in hand.
            broken: CRASHED or TIMED_OUT, unless its own reports already decided.
        """
        test = self._open.pop(item, None)
        if test is None:
            raise InvalidTransition(f"item {item} ends but is {self.state(item).word}")
        # `--setup-only` reports a setup and a teardown; a test that said nothing at all failed.
        silent = State.PASSED if test.torn_down and not test.errors else State.FAILED
        final = broken or test.state or silent
        self._states[item] = final
        if test.errors and final not in BROKEN:
            self.teardown_errors += test.errors
        return final

    def reopen(self, item: int) -> None:
        """Put an item back to be run again, because that was asked for."""
        self.settle(item, State.NOT_RUN)

    def settle(self, item: int, state: State) -> None:
        """Let an item be in a state, whatever it was in: what was asked of several attempts."""
        self._open.pop(item, None)
        self._states[item] = state

    def counts(self) -> dict[State, int]:
        """Return {state: items in it}; the values add up to what was collected."""
        found = Counter(self._states)
        return {state: found[state] for state in State if found[state]}

    @property
    def collected(self) -> int:
        """How many items there are."""
        return len(self._states)


def _state_of(when: str, outcome: str, xfail: bool) -> State | None:
    if outcome == "failed":
        return State.FAILED
    if outcome == "skipped":
        return State.XFAILED if xfail else State.SKIPPED
    if when == "call" and outcome == "passed":
        return State.XPASSED if xfail else State.PASSED
    return None
