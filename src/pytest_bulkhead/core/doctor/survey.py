"""What isolation costs a suite, and which level suits it: rounds in, signs out.

A **round** is a run of the whole suite at one level; plain pytest's is the one that others are
compared with. A level suits a suite when no test breaks there that does not break in plain pytest.
Of those that do, the tightest that costs little is recommended: the tighter it is, the less a crash
costs, and the less a test can leave to the next one.

Knows no clock and no process: seconds and ends come in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pytest_bulkhead.core.accounting import BROKEN, State
from pytest_bulkhead.core.doctor.checkup import Sign, Word
from pytest_bulkhead.core.doctor.imports import HEAVY_BYTES, HEAVY_SECONDS, Paid
from pytest_bulkhead.core.known import Fact, Unknown
from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.core.resources.sizes import show_size

#: The level of plain pytest.
PLAIN = "plain pytest"
#: The levels that are tried. A package's tests are those of few modules.
LEVELS = tuple(level.word for level in Level if level is not Level.PACKAGE)

#: What costs so many times what plain pytest does, and so many seconds on top, costs little.
_LITTLE, _UNNOTICED = 1.5, 1.0

#: How a test ends that an error at teardown was told of, behind how it had ended itself.
TEARDOWN = " (error at teardown)"

_BREAKS = tuple(state.word for state in BROKEN)
#: Changes, and ends of processes, that are named.
_SHOWN = 3


class Round(NamedTuple):
    """A run of the whole suite."""

    level: str
    seconds: float = 0.0
    #: {test: how it ended, in words}
    ends: Mapping[str, str] = {}
    #: Why it says nothing; empty when it does.
    void: str = ""
    #: Where plain pytest itself died; empty when it did not.
    died: str = ""
    #: What was told of ends of processes that no test owned.
    breaches: Sequence[str] = ()


class Collected(NamedTuple):
    """What the collection of a suite has shown."""

    tests: int
    #: The packages that it imports at a cost.
    heavy: Sequence[Paid] = ()
    #: What gets into each other's way once all is imported.
    clashes: Sequence[str] = ()


class Suite(NamedTuple):
    """What was seen of a suite."""

    collected: Collected
    #: Why its template cannot be forked; empty when it can.
    why_spawn: Fact[str]
    plain: Round
    rounds: Sequence[Round]
    #: At levels that were to be recommended, in another order of tests.
    shuffled: Sequence[Round] = ()
    #: Of that order.
    seed: int = 0
    #: At the level that is recommended, with processes that finalise their interpreters.
    clean: Round | None = None


class Change(NamedTuple):
    """A test that ends otherwise than in another round."""

    test: str
    before: str
    after: str

    @property
    def worse(self) -> bool:
        """Whether it broke, or could not be run."""
        return not _breaks(self.before) and (
            _breaks(self.after) or self.after == State.NOT_RUN.word
        )

    def __str__(self) -> str:
        return f"{self.test} {self.after}, not {self.before}"


def _breaks(end: str) -> bool:
    return end in _BREAKS or end.endswith(TEARDOWN)


def changes(before: Round, after: Round) -> list[Change]:
    """Return the tests that end otherwise, of those that ended before."""
    unknown = State.NOT_RUN.word
    compared = ((test, end, after.ends.get(test, unknown)) for test, end in before.ends.items())
    return [Change(*one) for one in compared if one[1] not in (unknown, one[2])]


# -- what suits ----------------------------------------------------------------------------------


def recommended(suite: Suite) -> Round | None:
    """Return the round of the level that suits a suite best; None when none does, or none can tell.

    Where plain pytest says nothing there is nothing to compare with.
    """
    if suite.plain.void:
        return None
    fit = _fit(suite)
    cheap = [one for one in fit if _costs_little(suite, one)]
    return cheap[-1] if cheap else min(fit, key=lambda one: one.seconds, default=None)


def _costs_little(suite: Suite, one: Round) -> bool:
    whole = suite.rounds if suite.plain.died else [suite.plain]
    least = min(other.seconds for other in whole if not other.void)
    return one.seconds <= _LITTLE * least + _UNNOTICED


def _fit(suite: Suite) -> list[Round]:
    """Return the rounds in which nothing broke, of levels that no other order of tests refutes."""
    refuted = [LEVELS.index(one.level) for one in suite.shuffled if _refutes(suite, one)]
    tighter = LEVELS[max(refuted, default=-1) + 1 :]
    return [one for one in suite.rounds if one.level in tighter and _is_fit(suite.plain, one)]


def _is_fit(plain: Round, one: Round) -> bool:
    return not one.void and not any(change.worse for change in changes(plain, one))


def _refutes(suite: Suite, shuffled: Round) -> bool:
    return not _is_fit(_in_order(suite, shuffled.level), shuffled) and not shuffled.void


def _in_order(suite: Suite, level: str) -> Round:
    return next(one for one in suite.rounds if one.level == level)


def to_validate(suite: Suite) -> str:
    """Return the level whose tests are to be shuffled before it is recommended; empty for none."""
    best = recommended(suite)
    tried = {one.level for one in suite.shuffled}
    return "" if best is None or best.level in tried else best.level


# -- signs ---------------------------------------------------------------------------------------


def examine_suite(suite: Suite) -> list[Sign]:
    """Return all signs, in the order in which they are told."""
    return [
        Sign("suite", Word.OK, f"{_count(suite.collected.tests, 'test')}"),
        *_import_signs(suite.collected.heavy),
        *(Sign("clash", Word.WRONG, text, _ONE_ONLY) for text in suite.collected.clashes),
        _template_sign(suite.why_spawn),
        _plain_sign(suite.plain),
        *(_round_sign(suite.plain, one) for one in suite.rounds),
        *(_shuffled_sign(suite, one) for one in suite.shuffled),
        *([_clean_sign(suite.clean)] if suite.clean is not None else []),
        _verdict(suite),
    ]


_ONE_ONLY = "have one of them: who brings which, --isolate-imports tells"


def _import_signs(heavy: Sequence[Paid]) -> Iterator[Sign]:
    for paid in heavy:
        place = f": {paid.place}" if paid.place else ""
        cost = f"{paid.total:.2f} s, {show_size(paid.grown)}"
        yield Sign("imports", Word.OK, f"{paid.package} costs the collection {cost}{place}")
    if not heavy:
        least = f"{HEAVY_SECONDS:g} s, or {show_size(HEAVY_BYTES)}"
        yield Sign("imports", Word.OK, f"no package costs the collection {least}")


def _template_sign(why_spawn: Fact[str]) -> Sign:
    if isinstance(why_spawn, Unknown):
        return Sign("template", Word.NOTE, why_spawn.reason)
    if why_spawn.value:
        why = f"it cannot be forked, so processes are spawned: {why_spawn.value}"
        remedy = "each then imports and collects again; do what that names in fixtures instead"
        return Sign("template", Word.NOTE, why, remedy)
    return Sign("template", Word.OK, f"it can be forked ({why_spawn.source})")


def _plain_sign(plain: Round) -> Sign:
    if plain.void:
        return Sign(PLAIN, Word.NOTE, f"says nothing: {plain.void}", _MORE_TIME)
    took = f"{plain.seconds:.2f} s"
    if plain.died:
        return Sign(PLAIN, Word.WRONG, f"dies after {took}: {plain.died}", "isolate the suite")
    counts = Counter(plain.ends.values())
    shown = ", ".join(f"{number} {word}" for word, number in counts.most_common())
    return Sign(PLAIN, Word.OK, f"{took}: {shown or 'no tests'}")


_MORE_TIME = "give it more time: --seconds"


def _round_sign(plain: Round, one: Round) -> Sign:
    what = f"{one.level} level"
    if one.void:
        return Sign(what, Word.NOTE, f"says nothing: {one.void}", _MORE_TIME)
    found = changes(plain, one)
    text = f"{one.seconds:.2f} s{_ratio(plain, one)}; {_changes_text(found, PLAIN)}"
    if any(change.worse for change in found):
        remedy = "isolate_verify = failures tells on which tests they depend"
        return Sign(what, Word.NOTE, text, remedy)
    return Sign(what, Word.OK, text)


def _ratio(plain: Round, one: Round) -> str:
    if plain.void or plain.died or not plain.seconds:
        return ""
    return f", {one.seconds / plain.seconds:.2f} times {PLAIN}'s"


def _changes_text(found: Sequence[Change], before: str) -> str:
    if not found:
        return f"all tests end as in {before}"
    some = sorted(found, key=lambda change: not change.worse)[:_SHOWN]
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    verb = "ends" if len(found) == 1 else "end"
    return f"{_count(len(found), 'test')} {verb} otherwise: {'; '.join(map(str, some))}{more}"


def _shuffled_sign(suite: Suite, one: Round) -> Sign:
    what, level = "shuffled", f"{one.level} level"
    if one.void:
        return Sign(what, Word.NOTE, f"{level}: says nothing: {one.void}", _MORE_TIME)
    found = changes(_in_order(suite, one.level), one)
    text = f"{level}, seed {suite.seed}: {_changes_text(found, 'their own order')}"
    again = f"--validate --seed={suite.seed} shows it again; bulkhead bisect finds who is to blame"
    return Sign(what, Word.NOTE, text, again) if found else Sign(what, Word.OK, text)


def _clean_sign(one: Round) -> Sign:
    what, level = "clean exit", f"{one.level} level"
    if one.void:
        return Sign(what, Word.NOTE, f"{level}: says nothing: {one.void}", _MORE_TIME)
    if not one.breaches:
        return Sign(what, Word.OK, f"{level}: no process crashes at interpreter exit")
    more = f"; and {len(one.breaches) - _SHOWN} more" if len(one.breaches) > _SHOWN else ""
    text = f"{level}: {'; '.join(one.breaches[:_SHOWN])}{more}"
    return Sign(what, Word.NOTE, text, "isolate_exit = fast, the default, avoids that")


def _verdict(suite: Suite) -> Sign:
    best = recommended(suite)
    if best is not None:
        which = "the tightest that costs little" if _costs_little(suite, best) else "the cheapest"
        text = f"{best.level} level: {which}, of those at which no test breaks"
        return Sign("recommended", Word.OK, text, f"isolate = {best.level}, in the ini file")
    if suite.plain.void or all(one.void for one in suite.rounds):
        return Sign("recommended", Word.NOTE, "nothing: there is nothing to compare", _MORE_TIME)
    return Sign(
        "recommended", Word.WRONG,
        f"nothing: at each level that was measured tests break that do not in {PLAIN}, or in order",
        "isolate_verify = failures tells on which tests they depend",
    )  # fmt: skip


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
