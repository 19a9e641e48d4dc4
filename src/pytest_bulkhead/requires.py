"""The mark `requires` and those that ask as it does: tests are judged before anything is forked.

Judged in the process that has collected them: workers that are forked from it need not look again.
A skip is a mark of pytest's own, with its reason at the test's line; a broken promise is an error
in the set-up that no mark of the test turns into anything else.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from typing import NamedTuple

import pytest

from pytest_bulkhead.core.requires.judging import Fail, Judgement, Met, Skip, judge
from pytest_bulkhead.core.requires.keys import Requirement
from pytest_bulkhead.core.requires.meant import promises_for
from pytest_bulkhead.core.requires.presets import Presets, preset_of
from pytest_bulkhead.core.requires.promises import Promise, read_promises
from pytest_bulkhead.core.requires.requirements import join, read_mark, read_preset_mark
from pytest_bulkhead.core.resources.needs import NOTHING
from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.meant import MeantReportsPlugin, mark_meant
from pytest_bulkhead.needing import note_capacity, note_needs
from pytest_bulkhead.preset_marks import others_lines
from pytest_bulkhead.system.capacity import capacity_of
from pytest_bulkhead.system.machine import ThisMachine

MARK = "requires"
REAL_MARK = "real_model"

VARIABLE = "BULKHEAD_PROVIDES"

#: Why a test fails before it is set up.
_BROKEN = pytest.StashKey[str]()


def judge_tests(
    session: pytest.Session,
    own_line: str,
    presets: Presets,
    stand_in: Callable[[str], str],
    *,
    refuses: bool,
) -> None:
    """Judge the tests of a session that carry the mark, or one that asks as it does.

    Args:
        session: with its tests collected.
        own_line: by which we have registered the mark.
        presets: what other marks ask for.
        stand_in: returns the model, or the folder, that is loaded for a model.
        refuses: a usage error ends the run. In a worker of pytest-xdist's own it would be taken
            for a crash: there it is an error of the tests.

    Raises:
        pytest.UsageError: a mark or a promise asks for what cannot be.
    """
    config = session.config
    owner = others_lines(config, {own_line}).get(MARK, "")
    readers = _Readers(presets, stand_in, mark_is_ours=not owner)
    alike = _alike(session.items, readers)
    firsts = [items[0] for items in alike]
    try:
        promises = _read_promises(config)
        if owner and not presets:
            _refuse_unjudged(promises, owner)
        judged = _judge(config, firsts, readers, promises)
    except UsageProblem as problem:
        if refuses:
            raise pytest.UsageError(str(problem)) from None
        judged = {item: _Judged(Fail(str(problem)), []) for item in firsts}
    for items in alike:
        for item in items:
            _apply(item, judged.get(items[0], _UNJUDGED))
    if any(isinstance(one.judgement, Fail) for one in judged.values()):
        config.pluginmanager.register(BrokenPromisePlugin(), "bulkhead-requires")
    if any(one.meant_for for one in judged.values()):
        config.pluginmanager.register(MeantReportsPlugin(), "bulkhead-meant-reports")


class _Judged(NamedTuple):
    """What comes of the needs of a test."""

    judgement: Judgement
    #: The promises for which it is meant to run.
    meant_for: list[str]


_UNJUDGED = _Judged(Met(), [])


class _Readers:
    """Which marks ask for something in this run, and what."""

    def __init__(
        self, presets: Presets, stand_in: Callable[[str], str], *, mark_is_ours: bool
    ) -> None:
        self._presets = presets
        self._stand_in = stand_in
        self._mark_is_ours = mark_is_ours

    def marks_of(self, item: pytest.Item) -> list[pytest.Mark]:
        """Return the marks of a test that ask for something."""
        return [mark for mark in item.iter_markers() if self._asks(mark)]

    def _asks(self, mark: pytest.Mark) -> bool:
        if mark.name == MARK:  # without a key it is another plugin's
            return self._mark_is_ours and bool(mark.kwargs)
        return preset_of(mark.name, self._presets) is not None

    def requirements_of(self, item: pytest.Item) -> tuple[Requirement, ...]:
        """Return what a test needs.

        Raises:
            UsageProblem: it is what cannot be.
        """
        asked = (one for mark in self.marks_of(item) for one in self._read(item.nodeid, mark))
        return join(asked if is_real(item) else filter(None, map(self._as_loaded, asked)))

    def _as_loaded(self, requirement: Requirement) -> Requirement | None:
        """Return what a test needs where another model stands in; None when that is a folder."""
        if requirement.key != "model":
            return requirement
        given = self._stand_in(requirement.name)
        if given == requirement.name:
            return requirement
        if os.path.isdir(given):
            return None
        return requirement._replace(name=given, text=f"{requirement.text} -> {given}")

    def _read(self, nodeid: str, mark: pytest.Mark) -> list[Requirement]:
        preset = preset_of(mark.name, self._presets)
        if mark.name == MARK or preset is None:
            return read_mark(nodeid, mark.args, mark.kwargs)
        return read_preset_mark(nodeid, mark.name, preset, mark.args, mark.kwargs)


def is_real(item: pytest.Item) -> bool:
    """Whether a test asks for real models, whatever stands in for them in this run."""
    return item.get_closest_marker(REAL_MARK) is not None


def _alike(items: list[pytest.Item], readers: _Readers) -> list[list[pytest.Item]]:
    """Return the tests that need something, those with the very same marks together.

    As of a parametrised test: of five thousand, that is a second less in each spawned worker.
    """
    found: dict[tuple[tuple[int, ...], bool], list[pytest.Item]] = {}
    for item in items:
        marks = tuple(id(mark) for mark in readers.marks_of(item))
        if marks:
            found.setdefault((marks, is_real(item)), []).append(item)
    return list(found.values())


def _judge(
    config: pytest.Config,
    items: list[pytest.Item],
    readers: _Readers,
    promises: list[Promise],
) -> dict[pytest.Item, _Judged]:
    """Judge tests; what they ask for is read where nothing runs, too."""
    wanted = {item: readers.requirements_of(item) for item in items}
    if config.option.collectonly:
        return {}
    machine = ThisMachine(_folder_of(config))
    judgements = {
        item: _Judged(judge(needs, machine, promises), promises_for(needs, promises))
        for item, needs in wanted.items()
    }
    found = [one.judgement for one in judgements.values()]
    needs = [one.needs for one in found if isinstance(one, Met) and one.needs != NOTHING]
    if needs:
        note_capacity(config, capacity_of(machine, gpus=any(one.gpus for one in needs)))
    return judgements


def _apply(item: pytest.Item, judged: _Judged) -> None:
    judgement, meant_for = judged
    if meant_for:
        mark_meant(item, meant_for)
    if isinstance(judgement, Skip):
        item.add_marker(pytest.mark.skip(reason=judgement.reason), append=False)
    elif isinstance(judgement, Fail):
        item.stash[_BROKEN] = judgement.reason
    elif judgement.needs != NOTHING:
        note_needs(item, judgement.needs)


class BrokenPromisePlugin:
    """Fails what was promised and is not there."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Fail, before pytest looks at marks that skip the test or expect it to fail."""
        reason = item.stash.get(_BROKEN, "")
        if reason:
            pytest.fail(reason, pytrace=False)


def _read_promises(config: pytest.Config) -> list[Promise]:
    given: dict[str, list[str]] = {
        "--provides": config.getoption("provides"),
        "ini key isolate_provides": config.getini("isolate_provides"),
        VARIABLE: [os.environ.get(VARIABLE, "")],
    }
    words = {where: " ".join(texts).replace(",", " ").split() for where, texts in given.items()}
    return [one for where in given for one in read_promises(words[where], where)]


def _refuse_unjudged(promises: list[Promise], owner: str) -> None:
    if promises:
        raise UsageProblem(
            f"{promises[0].text}: nobody looks at it, for the mark `requires` is not ours here: "
            f"it is registered as {owner!r}\n"
            "hint: take that line away, or the promise"
        )


def _folder_of(config: pytest.Config) -> str:
    """Return where the folders of `tmp_path` are."""
    given: str | None = config.getoption("basetemp", default=None)
    if given:
        return os.path.dirname(os.path.abspath(given))
    return os.environ.get("PYTEST_DEBUG_TEMPROOT") or tempfile.gettempdir()
