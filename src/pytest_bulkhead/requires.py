"""The mark `requires`: tests are judged once they are collected, before anything is forked.

Judged in the process that has collected them: workers that are forked from it need not look again.
A skip is a mark of pytest's own, with its reason at the test's line; a broken promise is an error
in the set-up that no mark of the test turns into anything else.
"""

from __future__ import annotations

import os
import tempfile

import pytest

from pytest_bulkhead.core.judging import Fail, Judgement, Met, Skip, judge
from pytest_bulkhead.core.keys import Requirement
from pytest_bulkhead.core.promises import Promise, read_promises
from pytest_bulkhead.core.requirements import join, read_mark
from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.system.machine import ThisMachine

MARK = "requires"

VARIABLE = "BULKHEAD_PROVIDES"

#: Why a test fails before it is set up.
_BROKEN = pytest.StashKey[str]()


def judge_tests(session: pytest.Session, own_line: str, *, refuses: bool) -> None:
    """Judge the tests of a session that carry the mark.

    Args:
        session: with its tests collected.
        own_line: by which we have registered the mark.
        refuses: a usage error ends the run. In a worker of pytest-xdist's own it would be taken
            for a crash: there it is an error of the tests.

    Raises:
        pytest.UsageError: a mark or a promise asks for what cannot be.
    """
    config = session.config
    alike = _alike(session.items)
    firsts = [items[0] for items in alike]
    try:
        judgements = _judge(config, firsts, own_line)
    except UsageProblem as problem:
        if refuses:
            raise pytest.UsageError(str(problem)) from None
        judgements = {item: Fail(str(problem)) for item in firsts}
    for items in alike:
        for item in items:
            _apply(item, judgements.get(items[0], Met()))
    if any(isinstance(judgement, Fail) for judgement in judgements.values()):
        config.pluginmanager.register(BrokenPromisePlugin(), "bulkhead-requires")


def _alike(items: list[pytest.Item]) -> list[list[pytest.Item]]:
    """Return the tests that carry our mark, those with the very same marks together.

    As of a parametrised test: of five thousand, that is a second less in each spawned worker.
    """
    found: dict[tuple[int, ...], list[pytest.Item]] = {}
    for item in items:
        marks = tuple(id(mark) for mark in _marks_of(item))
        if marks:
            found.setdefault(marks, []).append(item)
    return list(found.values())


def _marks_of(item: pytest.Item) -> list[pytest.Mark]:
    """Return the marks that are ours: one without a key is another plugin's."""
    return [mark for mark in item.iter_markers(MARK) if mark.kwargs]


def _judge(
    config: pytest.Config, items: list[pytest.Item], own_line: str
) -> dict[pytest.Item, Judgement]:
    """Judge tests; not where nothing runs, or where the mark is somebody else's."""
    promises = _read_promises(config)
    owner = _other_owner(config, own_line)
    if owner:
        _refuse_unjudged(promises, owner)
        return {}
    wanted = {item: _requirements_of(item) for item in items}
    if config.option.collectonly:
        return {}
    machine = ThisMachine(_folder_of(config))
    return {item: judge(wanted[item], machine, promises) for item in items}


def _requirements_of(item: pytest.Item) -> tuple[Requirement, ...]:
    marks = _marks_of(item)
    return join(one for mark in marks for one in read_mark(item.nodeid, mark.args, mark.kwargs))


def _apply(item: pytest.Item, judgement: Judgement) -> None:
    if isinstance(judgement, Skip):
        item.add_marker(pytest.mark.skip(reason=judgement.reason), append=False)
    elif isinstance(judgement, Fail):
        item.stash[_BROKEN] = judgement.reason


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


def _other_owner(config: pytest.Config, own_line: str) -> str:
    """Return the line by which somebody else has registered a mark of this name."""
    lines: list[str] = config.getini("markers")
    names = {line: line.partition(":")[0].partition("(")[0].strip() for line in lines}
    return next((line for line in lines if names[line] == MARK and line != own_line), "")


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
