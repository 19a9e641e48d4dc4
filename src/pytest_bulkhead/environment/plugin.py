"""The environment's part in a pytest run: from options to what is in force, and what is not.

The same in a run without isolation, in a template, and in a spawned process: each of them reads its
options, and finds most of it done.
"""

from __future__ import annotations

import os
import warnings

import pytest

from pytest_bulkhead.core.environment.in_force import differences
from pytest_bulkhead.core.environment.merged import (
    BUILD_VARIABLE,
    Environment,
    merge,
    read_lines,
    read_profiles,
    with_build_profile,
)
from pytest_bulkhead.core.environment.readers import Late
from pytest_bulkhead.environment.force import Force
from pytest_bulkhead.errors import ProfileWarning, UsageProblem


def apply_environment(config: pytest.Config) -> EnvironmentPlugin:
    """Put in force what options and ini keys ask for; it is undone when the run is over.

    Raises:
        pytest.UsageError: an option or ini key has a value that it cannot have.
    """
    try:
        asked = _read(config)
    except UsageProblem as problem:
        raise pytest.UsageError(str(problem)) from None
    plugin = EnvironmentPlugin(Force(asked))
    if not asked.empty:
        plugin.force.apply()
        config.add_cleanup(plugin.force.undo)
        config.pluginmanager.register(plugin, "bulkhead-environment")
    return plugin


def _read(config: pytest.Config) -> Environment:
    option = config.known_args_namespace.isolate_profile
    where = "ini key isolate_profile" if option is None else "--isolate-profile"
    words = " ".join(config.getini("isolate_profile")) if option is None else option
    own = read_lines(config.getini("isolate_env"), "ini key isolate_env")
    names = read_profiles(words, where)
    return merge(with_build_profile(names, words, os.environ.get(BUILD_VARIABLE, "")), own)


class EnvironmentPlugin:
    """Looks whether everything is in force, once all tests are collected."""

    def __init__(self, force: Force) -> None:
        self.force = force
        #: The header of a run without isolation; with it there is a line on that.
        self.has_header = True

    @property
    def asked(self) -> Environment:
        """What was asked for."""
        return self.force.asked

    def why_exec(self) -> str:
        """Return why a process forked from this one has not all of it, empty when it has."""
        late = self.force.late
        if not late:
            return ""
        # What can be said of the most: with a place, somebody can do something about it.
        told: Late = max(late, key=lambda one: bool(one.place))
        return told.why + (f", and {len(late) - 1} more" if len(late) > 1 else "")

    def pytest_configure(self, config: pytest.Config) -> None:
        """Register the marks whose tests a profile deselects."""
        for name in self.asked.deselected.values():
            config.addinivalue_line("markers", f"{name}: deselected by --isolate-profile=ci.")

    def pytest_report_header(self, config: pytest.Config) -> str | None:
        """Say which profiles are in force."""
        names = ", ".join(self.asked.shown_profiles(config.option.markexpr))
        return f"isolate: profile {names}" if names and self.has_header else None

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Deselect what a profile deselects, unless `-m` speaks of it."""
        for name in self.asked.deselects(config.option.markexpr):
            gone = [item for item in items if item.get_closest_marker(name)]
            if gone:
                marked = set(gone)
                items[:] = [item for item in items if item not in marked]
                config.hook.pytest_deselected(items=gone)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Warn of what is not in force.

        Raises:
            pytest.UsageError: the user has made an error of such warnings.
        """
        force = self.force
        for found in differences(force.asked, force.late, force.look()):
            path, _, line = found.place.rpartition(":")
            source = path or str(session.config.inipath or "--isolate-profile")
            try:
                warnings.warn_explicit(found.text, ProfileWarning, source, int(line or 0))
            except ProfileWarning as problem:
                raise pytest.UsageError(str(problem)) from None
