"""Substitution in a pytest run: from ini keys to what is in force, and what came of it.

The same in every process of a run. The first of them also tells: what is configured in the header,
what happened at the end, and a warning of each rule by which nothing was loaded.
"""

from __future__ import annotations

import contextlib
import os
import uuid
import warnings
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from pytest_bulkhead.errors import ModelWarning, UsageProblem
from pytest_bulkhead.models.entrances import Entrances
from pytest_bulkhead.models.rules import (
    Rule,
    Use,
    counted,
    read_rules,
    read_variable,
    rule_for,
    stands_in,
    unused,
)
from pytest_bulkhead.models.substitution import RUN_VARIABLE, STANDING, located, uses_of_run
from pytest_bulkhead.models.trust import TRUST_KEY
from pytest_bulkhead.requires import REAL_MARK, is_real
from pytest_bulkhead.system.notes import remove_notes

NAME = "bulkhead-models"
KEY, VARIABLE = "isolate_models", "BULKHEAD_MODELS"

_TRUSTS = {"": True, "allow": True, "forbid": False}

#: Rules that the header shows.
_MAX_SHOWN = 3


def substitute_models(config: pytest.Config) -> None:
    """Put in force what ini keys and the variable ask for; it is undone when the run is over.

    Raises:
        pytest.UsageError: one of them has a value that it cannot have.
    """
    try:
        rules, trusts = _read(config)
    except UsageProblem as problem:
        raise pytest.UsageError(str(problem)) from None
    plugin = ModelsPlugin(rules, first=RUN_VARIABLE not in os.environ or not _is_started_by_us())
    plugin.apply(trusts=trusts)
    config.add_cleanup(plugin.undo)
    config.pluginmanager.register(plugin, NAME)


def _is_started_by_us() -> bool:
    """Whether this process was started by a run, and not by a test of one, which hands it the same.

    A worker of pytest-xdist is a child of the first process; what a test starts is one of a worker.
    """
    is_child = os.environ[RUN_VARIABLE].startswith(f"models-{os.getppid()}-")
    return "BULKHEAD_BERTH" in os.environ or ("PYTEST_XDIST_WORKER" in os.environ and is_child)


def _read(config: pytest.Config) -> tuple[tuple[Rule, ...], bool]:
    trust = str(config.getini(TRUST_KEY))
    if trust not in _TRUSTS:
        raise UsageProblem(f"ini key {TRUST_KEY}: {trust!r} is none of allow, forbid")
    own = read_variable(os.environ.get(VARIABLE, ""), VARIABLE)
    mine = {rule.wanted.lower() for rule in own}
    theirs = read_rules(config.getini(KEY), f"ini key {KEY}")
    rules = *own, *(rule for rule in theirs if rule.wanted.lower() not in mine)
    return located(rules, str(config.rootpath)), _TRUSTS[trust]


class ModelsPlugin:
    """The rules of this process, and what came of them in the whole run."""

    def __init__(self, rules: tuple[Rule, ...], *, first: bool) -> None:
        self.rules = rules
        self._first = first
        self._entrances = Entrances()
        self._before = STANDING.rules, STANDING.trusts, STANDING.run
        #: {fixture wider than a test, and the identity of its value, for another may override it:
        #: what it has loaded in the place of something else}
        self._in_fixtures: dict[tuple[str, int], Use] = {}
        self._refused = ""

    def apply(self, *, trusts: bool) -> None:
        """Have libraries ask us."""
        STANDING.rules, STANDING.trusts = self.rules, trusts
        if self._first:
            os.environ[RUN_VARIABLE] = f"models-{os.getpid()}-{uuid.uuid4().hex}"
        STANDING.run = os.environ[RUN_VARIABLE]
        self._entrances.watch()

    def undo(self) -> None:
        """Put back what was there before."""
        self._entrances.undo()
        if self._first:
            remove_notes(STANDING.run)
        STANDING.rules, STANDING.trusts, STANDING.run = self._before
        os.environ.pop(RUN_VARIABLE, None)
        if STANDING.run:
            os.environ[RUN_VARIABLE] = STANDING.run

    def pytest_report_header(self) -> list[str]:
        """Say which models stand in for which."""
        more = len(self.rules) - _MAX_SHOWN
        shown = [f"isolate: model {rule}" for rule in self.rules[:_MAX_SHOWN]]
        return [*shown, f"isolate: and {more} models more"] if more > 0 else shown

    def stand_in(self, name: str) -> str:
        """Return what is loaded for a model: its own name, a stand-in's, or a folder."""
        rule = rule_for(self.rules, name)
        return rule.given if rule else name

    # -- real models -----------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Leave a test the real models that asks for them."""
        with _real(is_real(item)):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
        """Set up a fixture that other tests share as they need it, whoever is the first."""
        if fixturedef.scope == "function":
            return (yield)
        with _real(False):
            before = len(STANDING.heard)
            result = yield
            if len(STANDING.heard) > before:
                self._in_fixtures[fixturedef.argname, id(result)] = STANDING.heard[-1]
            return result

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Warn of a test that asks for real models and has a stand-in from a wider fixture."""
        if not is_real(item):
            return
        for name, value in getattr(item, "funcargs", {}).items():
            use = self._in_fixtures.get((name, id(value)))
            if use is not None:
                text = (
                    f"{item.nodeid} is marked {REAL_MARK}, but its fixture {name!r} is shared with "
                    f"other tests, and has {use.given!r} in the place of {use.wanted!r}: "
                    "load the model in the test, or in a fixture of scope function"
                )
                path, line, _name = item.location
                warnings.warn_explicit(ModelWarning(text), None, path, (line or 0) + 1)

    # -- what came of it -------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Warn of rules by which nothing was loaded."""
        config = session.config
        if not self._first or hasattr(config, "workerinput") or config.option.collectonly:
            return
        for rule in unused(self.rules, uses_of_run()):
            text = f"{rule.source}: {rule}: {_why_unused(self.rules, rule)}"
            try:
                warnings.warn_explicit(text, ModelWarning, str(config.inipath or VARIABLE), 1)
            except ModelWarning as problem:
                self._refused = str(problem)
                session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:  # noqa: ANN401
        """Show with `-v` what stood in for what, and what was made an error."""
        if self._refused:
            terminalreporter.write_line(f"ERROR: {self._refused}", red=True)
        if terminalreporter.verbosity > 0:
            lines = list(_lines(uses_of_run()))
            if lines:
                terminalreporter.section("models that stood in for others")
            for line in lines:
                terminalreporter.write_line(line)


@contextlib.contextmanager
def _real(wanted: bool) -> Iterator[None]:
    before, STANDING.real = STANDING.real, wanted
    try:
        yield
    finally:
        STANDING.real = before


def _why_unused(rules: tuple[Rule, ...], rule: Rule) -> str:
    if stands_in(rules, rule.wanted):
        return "it stands in for another, and a stand-in is never replaced\nhint: remove this line"
    return (
        "no model of that name was loaded in this run\n"
        "hint: see how it is spelled, and what loads it: docs/models-substitution.md"
    )


def _lines(uses: list[Use]) -> Iterator[str]:
    for use, times in counted(uses).items():
        often = f", {times} times" if times > 1 else ""
        where = f"in {use.test}" if use.test else "when no test ran"
        yield f"{use.wanted} -> {use.given} {where}{often}"
