"""`shared` and `shared_model`: a model loaded once, and what its fixture says when it cannot be.

A fixture of `shared_model` is an ordinary one, so stages set it up as they do others, and it works
in plain pytest. It raises what pytest keeps and raises again for each test; so the text is long for
the test that met it first, and short for all others.
"""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any, Literal, TypeVar, cast

import pytest

from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.guards.resource import short
from pytest_bulkhead.identity import test_in_hand
from pytest_bulkhead.models.failures import Failure, ModelNotLoaded, known_failure
from pytest_bulkhead.models.keys import key_of, title_of
from pytest_bulkhead.models.store import STORE

_Model = TypeVar("_Model")

#: Public, and of no type.
_Failed: Any = pytest.fail.Exception

#: Where our frames are, which tell nobody anything.
_OURS = os.path.join(os.path.dirname(__file__), "")

_Scope = Literal["session", "package", "module", "class", "function"]


def shared(loader: Callable[..., _Model], /, *args: Any, **kwargs: Any) -> _Model:  # noqa: ANN401
    """Return what `loader(*args, **kwargs)` returns, loaded once in a process and all its forks.

    A torch module in it is put into evaluation mode, and its parameters need no gradients.

    Args:
        loader: a function, class or method; one without a name is known by what it is made of.
        args: its arguments: plain values, containers and dataclasses of those, functions, classes.
        kwargs: its arguments by name.

    Raises:
        ModelNotLoaded: it was tried before in this run, and failed.
        UsageProblem: that is no loader; it or an argument cannot be told apart from another; models
            need each other in a circle; or what comes is a coroutine or generator.
        Exception: what the loader raises, the first time.
    """
    __tracebackhide__ = True
    if not callable(loader):
        raise UsageProblem(
            f"shared({short(loader)}, ...): a loader is wanted\n"
            'hint: shared(load_model), or shared(SentenceTransformer, "org/name")'
        )
    load = functools.partial(loader, *args, **kwargs)
    return cast(_Model, STORE.get(key_of(load.func, load.args, load.keywords), load))


def shared_model(
    name: str,
    loader: Callable[..., object],
    /,
    *args: Any,  # noqa: ANN401 - the loader's
    scope: _Scope = "session",
    **kwargs: Any,  # noqa: ANN401 - as above
) -> Any:  # noqa: ANN401 - pytest's type of fixtures is private
    """Return a fixture that gives a shared model, to be bound in a conftest or test module.

    Args:
        name: of the fixture.
        loader: as for `shared`.
        args: the loader's.
        scope: of the fixture; the model stays as long as its process.
        kwargs: the loader's.

    Raises:
        pytest.UsageError: that is no name, or no loader.
    """
    if not (isinstance(name, str) and name.isidentifier() and callable(loader)):
        raise pytest.UsageError(
            f"shared_model({name!r}, {short(loader)}, ...): a name and a loader are wanted\n"
            'hint: minilm = shared_model("minilm", load_model)'
        )

    def give() -> object:
        return _give(name, functools.partial(loader, *args, **kwargs))

    marked: Any = give
    marked.isolate_model = True
    give.__name__ = name
    give.__module__ = sys._getframe(1).f_globals["__name__"]
    give.__doc__ = f"{title_of(loader, args, kwargs)}, loaded once and shared."
    return pytest.fixture(scope=scope, name=name)(give)


def _give(name: str, load: functools.partial[object]) -> object:
    """Return the model of a fixture; what it raises is told without our frames."""
    try:
        key = key_of(load.func, load.args, load.keywords)
        return STORE.get(key._replace(title=f"{name} ({key.title})"), load)
    except (ModelNotLoaded, UsageProblem) as problem:
        raise pytest.fail.Exception(str(problem), pytrace=False) from None
    except (Exception, SystemExit) as problem:  # noqa: BLE001 - whatever a loader raises
        raise _Unloaded(problem, known_failure(key)) from None


class _Unloaded(_Failed):  # type: ignore[misc]
    """That a model could not be loaded: with its traceback, in the test that met it first."""

    __module__, __qualname__ = _Failed.__module__, _Failed.__qualname__

    def __init__(self, problem: BaseException, failure: Failure | None) -> None:
        super().__init__(str(failure), pytrace=False)
        self._failure = failure
        stack = problem.__traceback__
        while stack is not None and stack.tb_frame.f_code.co_filename.startswith(_OURS):
            stack = stack.tb_next
        self._stack = "".join(traceback.format_exception(type(problem), problem, stack))

    def __str__(self) -> str:
        first = self._failure is None or self._failure.test == test_in_hand()
        return f"{self.msg}\n\n{self._stack}" if first else str(self.msg)
