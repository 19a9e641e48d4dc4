"""What is to be learned of a test that broke, by running it once more without being heard.

Theory of operation: an inquiry is a generator. It yields earlier tests, is sent how the test ended
after just these in a fresh process, and returns an answer. A test that broke after others is run
alone; one that failed alone is run after all that it would have had before it in a wider process.
When that changes its end, the smallest part of them that does so may be searched for.

Invariants:

- An answer says only what a run has shown: `ALONE` and `NEEDS` were seen, and of `culprits` is said
  what `bisection` says.
"""

from __future__ import annotations

import enum
from collections.abc import Generator, Sequence
from typing import NamedTuple

from pytest_bulkhead.core.accounting import BROKEN, State
from pytest_bulkhead.core.again.bisection import Part, minimise
from pytest_bulkhead.core.item import Item
from pytest_bulkhead.core.levels import Level


class OutOfTimeError(Exception):
    """Thrown into an inquiry: it answers with what it knows."""


class Verdict(enum.Enum):
    """What an inquiry has shown."""

    #: It breaks without any test before it.
    ALONE = "alone"
    #: It breaks only after others.
    NEEDS = "needs others"
    #: It passes only after others.
    HIDDEN = "hidden dependency"
    #: It ended otherwise than before, or could not be run.
    UNCLEAR = "unclear"


class Answer(NamedTuple):
    """What an inquiry has shown of a test."""

    verdict: Verdict
    #: How it ended in the run that decided.
    state: State
    #: The smallest part of the tests before it that makes the difference; empty when unknown.
    culprits: Part = ()
    #: The isolation level at which it would pass; for a hidden dependency.
    level: Level | None = None
    #: The search was cut short: a smaller part may do.
    unfinished: bool = False


#: Yields the tests before it, is sent how it ended, and returns what that has shown.
Inquiry = Generator[Part, State, Answer]


def ask_alone(broken: State, before: Part, *, search: bool) -> Inquiry:
    """Inquire of a test that broke after others in its process.

    Args:
        broken: how it ended.
        before: the tests that ran before it, in order.
        search: look for the smallest part of them, too.
    """
    state = yield ()
    if state is broken:
        return Answer(Verdict.ALONE, state)
    if state is State.NOT_RUN or state in BROKEN:
        return Answer(Verdict.UNCLEAR, state)
    if not search:
        return Answer(Verdict.NEEDS, state)
    try:
        again = yield before
    except OutOfTimeError:
        return Answer(Verdict.NEEDS, state)
    if again is not broken:
        return Answer(Verdict.UNCLEAR, again)
    culprits, whole = yield from _searched(before, broken)
    return Answer(Verdict.NEEDS, state, culprits, unfinished=not whole)


def ask_failed(before: Part, wider: Sequence[tuple[Level, Part]], *, search: bool) -> Inquiry:
    """Inquire of a test that failed: it may suffer from those before it, or miss others.

    Args:
        before: the tests that ran before it in its process, in order.
        wider: what would run before it at wider levels, the narrowest first.
        search: look for the smallest part of those before it, too.
    """
    if before:
        answer = yield from ask_alone(State.FAILED, before, search=search)
        if answer.verdict is not Verdict.ALONE:
            return answer
    return (yield from ask_wider(wider))


def ask_wider(wider: Sequence[tuple[Level, Part]]) -> Inquiry:
    """Inquire of a test that failed with no test before it in its process.

    Args:
        wider: isolation levels, the narrowest first, and what would run before it there.
    """
    state = State.FAILED
    for level, earlier in wider:
        state = yield earlier
        if state is not State.NOT_RUN and state not in BROKEN:
            culprits, whole = yield from _searched(earlier, state)
            return Answer(Verdict.HIDDEN, state, culprits, level, unfinished=not whole)
    return Answer(Verdict.ALONE, state)


def _searched(suspects: Part, looked_for: State) -> Generator[Part, State, tuple[Part, bool]]:
    """Return the smallest part after which a test ends so, and whether the search was whole."""
    best, search = suspects, minimise(suspects)
    try:
        part = next(search)
        while True:
            found = (yield part) is looked_for
            best = part if found else best
            part = search.send(found)
    except StopIteration as done:
        return done.value, True
    except OutOfTimeError:
        return best, False


def wider_parts(item: Item, items: Sequence[Item], level: Level) -> list[tuple[Level, Part]]:
    """Return what would run before a test at the levels that are wider than its own.

    Args:
        item: the test.
        items: all of them, in order.
        level: at which it failed.
    """
    earlier = items[: item.index]
    module = tuple(one.index for one in earlier if one.scopes.module == item.scopes.module)
    everything = tuple(one.index for one in earlier)
    found = []
    if module and level > Level.MODULE:
        found.append((Level.MODULE, module))
    if len(everything) > (len(module) if found else 0) and level > Level.SESSION:
        found.append((Level.SESSION, everything))
    return found
