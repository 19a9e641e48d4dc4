"""Tests that are run once more: to count (a retry), or to learn something of them (a trial).

Theory of operation: attempts begin when nothing else is left to do, one at a time, each in a fresh
process that serves no group. So whoever was killed for want of memory has the machine for itself,
and no order of tests changes. A **retry** is of a test whose process died; until it has ended, the
crash is withheld: it was told as one that does not count yet. A **trial** belongs to an inquiry
(`inquiry`): nobody hears of what it reports, and its ledger is its own.

Invariants:

- A crash that is withheld is told for good unless a later attempt ends in another way, also when
  the run is stopped.
- No more than `policy.retry_budget` retries are made in a run, and `MAX_INQUIRIES` inquiries, in no
  more than `TRIAL_SECONDS`, or `policy.bisect` where a search is wanted.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from typing import NamedTuple

from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.core.actions import ReportAnswer
from pytest_bulkhead.core.again.bisection import Part
from pytest_bulkhead.core.again.inquiry import (
    Inquiry,
    OutOfTimeError,
    ask_alone,
    ask_failed,
    wider_parts,
)
from pytest_bulkhead.core.item import Item
from pytest_bulkhead.core.levels import tighter
from pytest_bulkhead.core.policy import Policy

#: Tests of a run whose end is looked into.
MAX_INQUIRIES = 20
#: Seconds for all trials of a run.
TRIAL_SECONDS = 60.0
#: Seconds that a test in a trial may take, where no smaller limit holds. Not a few times what it
#: took before: alone, it may have to set up fixtures that stood then.
TRIAL_LIMIT = 60.0


class Attempt(NamedTuple):
    """What a worker is started for, when it is one more attempt at a test."""

    #: The tests to run, in order; the last one is what it is about.
    items: Part
    #: It is a retry: what it reports counts.
    counts: bool

    @property
    def item(self) -> int:
        """The test that it is about."""
        return int(self.items[-1])


class Attempts:
    """What is run again, and when."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._retries: deque[int] = deque()
        #: Whose crash is withheld.
        self.withheld: set[int] = set()
        #: {item: how many attempts at it have begun}, of those that were retried.
        self.begun: Counter[int] = Counter()
        self._retried = 0
        #: (item, what ran before it, what is asked), the one that is under way first.
        self._inquiries: deque[tuple[int, Part, Inquiry]] = deque()
        self._asked = 0
        #: What the inquiry that is under way wants to be run before its test; None when none is.
        self._part: Part | None = None
        self._since: float | None = None

    # -- retries -------------------------------------------------------------------------------

    def retry(self, item: int) -> bool:
        """Return whether a test whose process died is run again; its crash is withheld then."""
        used_up = self._retried >= self._policy.retry_budget
        if used_up or self.number(item) > self._policy.retries:
            return False
        self._retried += 1
        self._retries.append(item)
        self.withheld.add(item)
        return True

    def is_due(self, item: int) -> bool:
        """Return whether a retry of a test has yet to begin."""
        return item in self._retries

    def number(self, item: int) -> int:
        """Return which attempt at a test is the present one, or was the last."""
        return max(1, self.begun[item])

    # -- inquiries -----------------------------------------------------------------------------

    def ask_of_crash(self, item: int, before: Part) -> None:
        """Inquire why the process of a test died, if others had run in it."""
        if self._policy.verify != "off" and before:
            search = self._policy.bisect > 0
            self._ask(item, before, ask_alone(State.CRASHED, before, search=search))

    def ask_of_failure(self, item: Item, items: Sequence[Item], before: Part) -> None:
        """Inquire why a test failed, if that is asked."""
        if self._policy.verify == "failures":
            level = tighter(item.level, self._policy.level)
            wider = wider_parts(item, items, level)
            if before or wider:
                search = self._policy.bisect > 0
                self._ask(item.index, before, ask_failed(before, wider, search=search))

    def _ask(self, item: int, before: Part, inquiry: Inquiry) -> None:
        self._asked += 1
        if self._asked <= MAX_INQUIRIES:
            self._inquiries.append((item, before, inquiry))

    def forget(self, item: int) -> None:
        """Inquire no more of a test that is run again to count, unless that is under way."""
        begun = self._part is not None
        kept = (
            one
            for number, one in enumerate(self._inquiries)
            if one[0] != item or (begun and number == 0)
        )
        self._inquiries = deque(kept)

    # -- one after another ---------------------------------------------------------------------

    def next(self, now: float) -> Attempt | None:
        """Return the attempt to make now; None when nothing is to be run again."""
        if self._retries:
            item = self._retries.popleft()
            self.begun[item] = self.number(item) + 1
            return Attempt((item,), counts=True)
        if not self._inquiries:
            return None
        if self._part is None:
            self._since = now if self._since is None else self._since
            self._part = next(self._inquiries[0][2])
        return Attempt((*self._part, self._inquiries[0][0]), counts=False)

    def learn(self, state: State, now: float, *, stopped: bool = False) -> ReportAnswer | None:
        """Take in how a test ended in a trial; return the answer when there is one.

        Args:
            state: how it ended.
            now: the instant.
            stopped: it was ended, and shows nothing; none will follow, as when time is over: the
                best so far is the answer.
        """
        item, before, inquiry = self._inquiries[0]
        over = stopped or self._is_late(now)
        try:
            if not stopped:
                self._part = inquiry.send(state)
            if over:
                inquiry.throw(OutOfTimeError)
        except OutOfTimeError:
            pass
        except StopIteration as done:
            self._part = None
            self._inquiries.popleft()
            return ReportAnswer(item, done.value, before)
        finally:
            if over:
                self._inquiries.clear()
        return None

    def _is_late(self, now: float) -> bool:
        limit = self._policy.bisect or TRIAL_SECONDS
        return self._since is not None and now - self._since > limit

    def abandon(self) -> list[int]:
        """Give up what was to be run again; return the tests whose crash is to be told now."""
        self._retries.clear()
        self._inquiries.clear()
        told, self.withheld = sorted(self.withheld), set()
        return told
