"""The start method of `multiprocessing` around a test, as `isolate_mp_start` and marks want it.

Around each phase of a test, not around the test: a stage sets fixtures up by those hooks alone.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Generator

import pytest

from pytest_bulkhead.core.start.start_methods import parse_method, read_mark
from pytest_bulkhead.errors import UsageProblem


def watch_tests(session: pytest.Session, default: str) -> None:
    """Set start methods around the tests of a session.

    Args:
        session: with its tests collected.
        default: for tests without a mark; empty for leaving them alone.

    Raises:
        pytest.UsageError: it, or a mark, is no start method.
    """
    try:
        if default:
            parse_method(default, "ini key isolate_mp_start")
        for item in session.items:
            _method_of(item, default)
    except UsageProblem as problem:
        raise pytest.UsageError(str(problem)) from None
    session.config.pluginmanager.register(StartMethodPlugin(default), "bulkhead-start-method")


def _method_of(item: pytest.Item, default: str) -> str:
    mark = item.get_closest_marker("mp_start")
    return read_mark(item.nodeid, mark.args, mark.kwargs) if mark else default


class StartMethodPlugin:
    """Sets it, and puts it back."""

    def __init__(self, default: str) -> None:
        self._default = default

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        """Be around it."""
        return (yield from self._around(item))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Be around it."""
        return (yield from self._around(item))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, None, None]:
        """Be around it."""
        return (yield from self._around(item))

    def _around(self, item: pytest.Item) -> Generator[None, None, None]:
        __tracebackhide__ = True
        method = _method_of(item, self._default)
        if not method:
            return (yield)
        before = multiprocessing.get_start_method(allow_none=True)
        multiprocessing.set_start_method(method, force=True)
        try:
            return (yield)
        finally:
            multiprocessing.set_start_method(before, force=True)
