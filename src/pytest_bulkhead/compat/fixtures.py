"""Pytest's private parts behind fixtures: which a test needs, and what is set up.

Public hooks tell of a fixture when it is set up; that is too late for who has to do that in
another process than the test's.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, NoReturn

import pytest

from pytest_bulkhead.core.sections import join_sections


def fail_fixture(fixturedef: pytest.FixtureDef[Any], request: Any, text: str) -> NoReturn:  # noqa: ANN401
    """Fail the set-up of a fixture without running it, as if it had raised.

    Every test that needs it is to fail with the same error; pytest finds that in the cache of the
    definition, which its own `pytest_fixture_setup` fills.

    Raises:
        pytest.fail.Exception: always.
    """
    problem = pytest.fail.Exception(text, pytrace=False)
    key = fixturedef.cache_key(request)
    fixturedef.cached_result = (None, key, (problem, None))
    raise problem


def teardown_session(session: pytest.Session) -> None:
    """Tear down what session-wide fixtures are still set up, as the last test would have."""
    session._setupstate.teardown_exact(None)


#: {name: all fixtures of that name that a test can see, the closest last}
_Known = Mapping[str, Sequence[Any]]


class WideFixture(NamedTuple):
    """A fixture that a test needs and that outlives it."""

    name: str
    #: How many fixtures of its name override it for this test, and ask for it.
    overridden: int
    scope: str
    #: The node with which it is torn down.
    node: Any
    #: The module of its function.
    module: str
    #: It and all that it needs, by name.
    closure: frozenset[str]
    #: {parameter, and the identity of what it is given to: the value} of all of those.
    params: dict[tuple[str, int], Any]
    #: One of those is not to be staged, by its own word.
    unstaged: bool
    #: It is a model of `models.shared_model`.
    is_model: bool
    #: Identities of the definitions: a name may be overridden for some tests.
    definitions: frozenset[int]


def has_fixtures(item: pytest.Item) -> bool:
    """Whether a test is one of those that get fixtures by pytest's own machinery."""
    return isinstance(item, pytest.Function) and hasattr(item, "_fixtureinfo")


def wide_fixtures(item: Any) -> Iterator[WideFixture]:  # noqa: ANN401 - a pytest.Function
    """Yield the fixtures of a test that are wider than it, in the order of their set-up.

    Public hooks tell of fixtures when they are set up; which ones will be stands only here.
    """
    for name in item.fixturenames:
        for overridden, known in enumerate(_views(name, item._fixtureinfo.name2fixturedefs)):
            wide = _wide_fixture(item, name, overridden, known)
            if wide is not None:
                yield wide


def _wide_fixture(
    item: Any,  # noqa: ANN401 - a pytest.Function
    name: str,
    overridden: int,
    known: _Known,
) -> WideFixture | None:
    fixturedef, callspec = known[name][-1], getattr(item, "callspec", None)
    params: Any = getattr(callspec, "params", {})
    scope = callspec._arg2scope[name].value if name in params else fixturedef.scope  # type: ignore[union-attr]
    node = _scope_node(item, scope, fixturedef) if scope != "function" else None
    if node is None:
        return None
    closure = _closure(name, known)
    given = {
        (other, id(known[other][-1]) if known.get(other) else 0): params[other]
        for other in closure
        if other in params
    }
    return WideFixture(
        name,
        overridden,
        scope,
        node,
        fixturedef.func.__module__ or "",
        closure,
        given,
        any(_is_unstaged(one) for other in closure for one in known.get(other, ())),
        bool(getattr(fixturedef.func, "isolate_model", False)),
        frozenset(id(one) for other in closure for one in known.get(other, ())),
    )


def _views(name: str, known: _Known) -> Iterator[_Known]:
    """Yield what is known where a name is asked for, and where its override asks for it, and so on.

    A fixture that asks for its own name, be it by way of others, gets the one that it overrides.
    """
    while known.get(name):
        yield known
        own = known[name]
        if len(own) == 1 or not any(name in _closure(needed, known) for needed in own[-1].argnames):
            return
        known = {**known, name: own[:-1]}


def _is_unstaged(fixturedef: Any) -> bool:  # noqa: ANN401 - FixtureDef
    return bool(getattr(fixturedef.func, "isolate_unstaged", False))


def _scope_node(item: Any, scope: str, fixturedef: Any) -> Any:  # noqa: ANN401 - private types
    from _pytest.fixtures import get_scope_package  # noqa: PLC0415 - only where tests are staged

    if scope == "package":
        return get_scope_package(item, fixturedef)
    kinds = {"session": pytest.Session, "module": pytest.Module, "class": pytest.Class}
    return item.getparent(kinds[scope])


def _closure(name: str, known: _Known) -> frozenset[str]:
    """Return a fixture and all that it needs."""
    found: set[str] = set()
    queue = [name]
    while queue:
        one = queue.pop()
        if one not in found:
            found.add(one)
            queue += [needed for fixturedef in known.get(one, ()) for needed in fixturedef.argnames]
    return frozenset(found)


#: What pytest calls in the `__init__.py` of a package, around all tests of the package.
_PACKAGE_HOOKS = ("setUpModule", "setup_module", "tearDownModule", "teardown_module")


def has_own_setup(node: Any) -> bool:  # noqa: ANN401 - a pytest.Node
    """Whether a collector does something itself before the first test below it."""
    if isinstance(node, pytest.Package):
        path = str(node.path / "__init__.py")
        module = next((m for m in list(sys.modules.values()) if _file_of(m) == path), None)
        return any(hasattr(module, name) for name in _PACKAGE_HOOKS)
    return type(node).setup is not pytest.Collector.setup


def _file_of(module: object) -> object:
    try:
        return getattr(module, "__file__", None)
    except Exception:  # noqa: BLE001 - a stand-in for a module may do anything
        return None


def functions_of(owner: Any) -> list[Any]:  # noqa: ANN401 - an item, a fixture's definition, or None
    """Return the functions that are run for a test, or a fixture; its own comes first."""
    info = getattr(owner, "_fixtureinfo", None)
    known = info.name2fixturedefs.values() if info else ()
    own = getattr(owner, "function", getattr(owner, "func", None))
    fixtures = [one.func for fixturedefs in known for one in fixturedefs]
    return [function for function in (own, *fixtures) if function is not None]


def stage_item(
    item: Any,  # noqa: ANN401 - a pytest.Function
    node: Any,  # noqa: ANN401 - a pytest.Node
    wanted: Sequence[tuple[str, int]] = (),
    ending: Sequence[Any] = (),
) -> Any:  # noqa: ANN401
    """Return a copy of a test that needs nothing but some fixtures, and ends at this node.

    It is set up and torn down by pytest's own hooks, but never run: so skip marks, conftests'
    `pytest_runtest_setup` and captured output are as for the test itself, whose report sections
    it shares. A test made by `from_parent` would have neither its marks nor its type.

    Args:
        item: the test.
        node: where the copy's chain of nodes ends.
        wanted: (name, how many of that name override it) of the fixtures that it needs.
        ending: fixtures that are torn down before.
    """
    stage = copy.copy(item)
    stage.fixturenames = list(dict.fromkeys(name for name, _overridden in wanted))
    stage._initrequest()
    chain = item.listchain()
    chain = [*chain[: chain.index(node) + 1], stage]
    stage.listchain = lambda: list(chain)
    stage.isolate_stage = True
    stage.setup = lambda: _fill(stage, item._fixtureinfo, wanted, ending)
    stage.teardown = lambda: None
    return stage


def _fill(
    stage: Any,  # noqa: ANN401
    info: Any,  # noqa: ANN401
    wanted: Iterable[tuple[str, int]],
    ending: Iterable[Any],
) -> None:
    """Set fixtures up: one that is overridden by a request that does not see what overrides it."""
    for fixturedef in ending:
        fixturedef.finish(stage._request)
    for name, overridden in wanted:
        known = info.name2fixturedefs
        if overridden:
            known = {**known, name: known[name][:-overridden]}
        stage._fixtureinfo = dataclasses.replace(info, name2fixturedefs=known)
        stage._initrequest()
        stage._request.getfixturevalue(name)


#: Of a test for which a stage's set-up has failed: what that raised and will not raise again.
_FAILURE = pytest.StashKey["BaseException | None"]()


def keep_failure(
    stage: Any,  # noqa: ANN401
    problem: BaseException,
    fixturedefs: Iterable[Any],
) -> None:
    """Note that a copy's set-up has failed, and keep the error unless its test will meet it again.

    It will when a fixture or a node keeps it, or a hook has raised it. The teardown of a fixture,
    which pytest does before it sets another value of it up, raises once.
    """
    setting_up = stage.session._setupstate.stack
    results = (fixturedef.cached_result for fixturedef in fixturedefs)
    kept = [result[2][0] for result in results if result is not None and result[2] is not None]
    once = stage in setting_up and setting_up[stage][1] is not None
    once = once and not any(one is problem for one in kept)
    stage.stash.setdefault(_FAILURE, problem if once else None)


def has_failed(item: pytest.Item) -> bool:
    """Whether a stage's set-up for this test has failed."""
    return _FAILURE in item.stash


def raise_failure(item: pytest.Item) -> None:
    """Raise what a stage's set-up for this test has raised and will not raise again."""
    problem = item.stash.get(_FAILURE, None)
    if problem is not None and not hasattr(item, "isolate_stage"):
        del item.stash[_FAILURE]
        raise problem


#: What stages have logged for a test: records, and text.
_LOGGED = pytest.StashKey["tuple[list[Any], str]"]()


def keep_log(stage: Any) -> None:  # noqa: ANN401
    """Keep what was logged in the set-up of a copy, for who asks `caplog` for it in the test."""
    from _pytest.logging import caplog_handler_key  # noqa: PLC0415 - where tests are staged

    handler = stage.stash.get(caplog_handler_key, None)
    if handler is not None and handler.records:
        stage.stash[_LOGGED] = (list(handler.records), handler.stream.getvalue())


def restore_log(item: pytest.Item) -> None:
    """Have `caplog` begin with what stages have logged in the set-up of this test."""
    from _pytest.logging import caplog_handler_key  # noqa: PLC0415 - where tests are staged

    handler = item.stash.get(caplog_handler_key, None)
    if handler is not None and _LOGGED in item.stash:
        records, text = item.stash[_LOGGED]
        del item.stash[_LOGGED]
        handler.records[:0] = records
        handler.stream.write(text)


def join_output(item: Any) -> None:  # noqa: ANN401
    """Join what was captured in a test's set-up with what stages have captured in theirs for it.

    Not when it was run before, by pytest-rerunfailures: each run has sections of its own.
    """
    sections = item._report_sections
    if all(phase == "setup" for phase, *_rest in sections):
        sections[:] = join_sections((), sections)


def forget_output(stage: Any, phase: str) -> None:  # noqa: ANN401
    """Have nobody told what hooks have printed in a phase that the copy of a test went through."""
    stage._report_sections[:] = [one for one in stage._report_sections if one[0] != phase]


def warnings_of(item: Any) -> AbstractContextManager[None]:  # noqa: ANN401
    """Catch warnings as pytest does around a test: by its marks, and for the summary."""
    from _pytest.warnings import catch_warnings_for_item  # noqa: PLC0415 - where tests are staged

    if not item.config.pluginmanager.hasplugin("warnings"):
        return contextlib.nullcontext()
    return catch_warnings_for_item(item.config, item.ihook, "runtest", item)


def disown_setup(session: pytest.Session, fixturedefs: Iterable[Any]) -> list[Any]:
    """Leave what is set up standing: its teardown is for the process that we were forked from.

    Args:
        session: whose nodes are set up.
        fixturedefs: the fixtures that are.

    Returns:
        What has to be kept: a generator that nobody refers to is closed, and that is a teardown.
    """
    lists = [finalizers for finalizers, _problem in session._setupstate.stack.values()]
    lists += [fixturedef._finalizers for fixturedef in fixturedefs]
    kept = [finalizer for finalizers in lists for finalizer in finalizers]
    for finalizers in lists:
        finalizers.clear()
    return kept
