"""The roles of a process of a run, and how it takes them: controller, template, worker.

A role is chosen before the first conftest is loaded. Its plugin object is registered at once; the
part of `pytest_cmdline_main` that must come after pytest-xdist's own (which would start its
workers by the same options) is a hook of that object.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import os
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_bulkhead import compat, identity
from pytest_bulkhead.collecting import (
    AcceleratorWatchPlugin,
    CollectGuardPlugin,
    ExitGuardPlugin,
)
from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.guards.asked import are_off
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.settings import OF_CORES, Settings, read_settings, wanted_level
from pytest_bulkhead.stubbed_files import StubbedFilesPlugin
from pytest_bulkhead.system import (
    environ,
    leaving,
    linux,
    sockets,
    streams,
    threads,
    torch_calls,
)
from pytest_bulkhead.system.berth import VARIABLE, Berth, from_variable
from pytest_bulkhead.worker.warming import import_ahead

if TYPE_CHECKING:
    from pytest_bulkhead.environment.plugin import EnvironmentPlugin


class Role:
    """What the two hooks of the plugin module call."""

    def load_conftests(self) -> Generator[None, None, None]:
        """Be around the loading of the first conftests."""
        return (yield)

    def command_line_main(self, config: pytest.Config) -> Generator[None, Any, Any]:
        """Be around everything that comes after the options are parsed."""
        raise NotImplementedError


def choose_role(
    config: pytest.Config,
    path: list[str],
    around: EnvironmentPlugin | None,
    *,
    forked_is_ours: bool,
) -> Role | None:
    """Return the role of this process; None when isolation has nothing to do in it.

    Args:
        config: with early options parsed.
        path: `sys.path` as it was before conftests changed it.
        around: the environment in force, None when none was asked for.
        forked_is_ours: `--forked` is not pytest-forked's.

    Raises:
        pytest.UsageError: an option has a value that it cannot have.
    """
    streams.note_untouched()
    sockets.note_inherited()
    inherited = os.environ.pop(VARIABLE, "")
    try:
        if inherited:
            linux.die_with_parent(os.getppid())
            kind, berth = from_variable(inherited)
            return (SpawnedWorker if kind == "worker" else SpawnedTemplate)(config, berth)
        options, ini = config.known_args_namespace, str(config.getini("isolate"))
        level = wanted_level(options, ini, forked_is_ours=forked_is_ours)
        return Controller(config, level, path, around) if level is not None else None
    except UsageProblem as problem:
        raise pytest.UsageError(str(problem)) from None


class Controller(Role):
    """The pytest that the user started, until a template comes out of its keeper."""

    def __init__(
        self, config: pytest.Config, level: Level, path: list[str], around: EnvironmentPlugin | None
    ) -> None:
        if not config.pluginmanager.hasplugin("xdist"):
            raise pytest.UsageError(
                "--isolate needs the plugin pytest-xdist, which -p no:xdist turns off\n"
                "hint: leave it on; it stays idle, but plugins know workers by it"
            )
        self._config = config
        self._level = level
        self._path = path
        self._around = around
        self._numprocesses: int | None = None
        self._became: ForkedTemplate | None = None
        # pytest-cov decides by this, in its own hook after ours, that tests run elsewhere.
        config.known_args_namespace.dist = "isolate"
        environ.watch_reads("PYTEST_XDIST_WORKER")
        threads.watch_starts()
        torch_calls.watch_torch()
        config.pluginmanager.register(self, "bulkhead-role")

    def load_conftests(self) -> Generator[None, None, None]:
        """Have somebody outlive this process, should a root conftest end it."""
        with compat.unhooked_imports():
            from pytest_bulkhead.controller.lookout import post_lookout  # noqa: PLC0415

        lookout = post_lookout() if _has_conftest(self._config) else None
        if lookout is None:
            return (yield)
        with compat.watched_conftests(self._config, lookout.note):
            try:
                return (yield)
            finally:
                lookout.report_safe()

    def command_line_main(self, config: pytest.Config) -> Generator[None, Any, Any]:
        """Hide -n from pytest-xdist; in a template, never return to the user's command line."""
        option = config.option
        if option.numprocesses in ("auto", "logical"):
            option.numprocesses = config.hook.pytest_xdist_auto_num_workers(config=config)
        self._numprocesses = _capped(option.numprocesses, option.maxprocesses)
        option.numprocesses, option.tx, option.distload = None, [], False
        option.dist = "isolate"
        try:
            result = yield
        except BaseException as problem:
            if self._became is None:
                raise
            self._became.end_with(problem)
        if self._became is not None:
            self._became.end_with(None)
        return result

    @pytest.hookimpl
    def pytest_cmdline_main(self, config: pytest.Config) -> None:
        """Start the keeper; come out as a template when forked from it."""
        with compat.unhooked_imports():
            from pytest_bulkhead.controller.launch import Keep, start_keeper  # noqa: PLC0415

        # What is there now lives as long as every process that is forked from here: the collector
        # would only touch it, page by page, in each of them.
        gc.freeze()
        settings = self._settings(config)
        config.option.numprocesses = settings.workers
        why_spawn = "isolate_start = spawn" if settings.start == "spawn" else settings.why_exec
        if settings.native in OF_CORES:
            from pytest_bulkhead.system.core_files import raise_limit  # noqa: PLC0415 - rare

            raise_limit()
        stdin = dict(compat.saved_stdio(config)).get(0, 0)
        crew = functools.partial(_import_crew, guarded=not are_off(config.getini))
        keep = start_keeper(settings.workers, stdin, why_spawn, crew)
        threads.unwatch_starts()
        if isinstance(keep, Keep):
            self._command(config, settings, keep)
        else:
            leaving.forget_exit_functions()
            self._became = ForkedTemplate(config, keep)
            self._became.take_over()

    def _settings(self, config: pytest.Config) -> Settings:
        around = self._around
        if around is None:
            return read_settings(config, self._level, self._numprocesses, None, "")
        around.has_header = False
        return read_settings(
            config, self._level, self._numprocesses, around.asked, around.why_exec()
        )

    def _command(self, config: pytest.Config, settings: Settings, keep: Any) -> None:  # noqa: ANN401
        with compat.unhooked_imports():
            from pytest_bulkhead.controller.plugin import ControllerPlugin  # noqa: PLC0415

        plugin = ControllerPlugin(config, settings, keep, self._path)
        config.pluginmanager.register(plugin, "bulkhead-controller")


def _import_crew(*, guarded: bool) -> None:
    """Import what templates and workers need, in the keeper: it has nothing else to do yet."""
    with compat.unhooked_imports():
        import pytest_bulkhead.template.server  # noqa: PLC0415
        import pytest_bulkhead.worker.boarding  # noqa: PLC0415

        if guarded:
            import pytest_bulkhead.worker.guarding  # noqa: F401, PLC0415


def _has_conftest(config: pytest.Config) -> bool:
    """Whether a conftest may be loaded before the tests are collected, as pytest looks for them."""
    start = config.invocation_params.dir
    args = config.known_args_namespace.file_or_dir or config.getini("testpaths") or [start]
    for arg in args:
        path = Path(start, str(arg).partition("::")[0])
        folders = [path, *path.parents, *path.glob("test*")]
        if any((folder / "conftest.py").is_file() for folder in folders):
            return True
    return False


def _capped(number: int | None, limit: int | None) -> int | None:
    return min(number, limit) if number and limit else number


class _Crew(Role):
    """What templates and spawned workers have in common: a berth, and a controller to answer to."""

    def __init__(self, config: pytest.Config, berth: Berth) -> None:
        self._config = config
        self._cabin = berth.open()
        self._later: list[msg.Message] = []

    def load_conftests(self) -> Generator[None, None, None]:
        """Reset the options by which plugins would take us for a controller."""
        identity.reset_options(self._config.known_args_namespace)
        # pytest-cov in a fresh interpreter would erase the data of the workers before this one.
        self._config.known_args_namespace.cov_append = True
        return (yield)

    def _wait_welcome(self) -> msg.Welcome:
        """Wait to be told who we are; a spare imports what it will need, and may not be needed."""
        first: msg.Message | None = None
        while not isinstance(first, msg.Welcome):
            messages = self._later or self._cabin.endpoint.wait_messages()
            if not messages:
                leaving.exit_process(1)
            first, *self._later = messages
            if isinstance(first, msg.Warm):
                import_ahead(first.modules)
            elif isinstance(first, msg.Finish):
                leaving.run_exit_functions()
                leaving.exit_process(0)
        return first

    def _settle_in(self, welcome: msg.Welcome) -> None:
        """Become who we are told to be, before anything is configured."""
        from pytest_bulkhead.quiet import QuietStartPlugin, set_stdio_aside  # noqa: PLC0415

        config = self._config
        identity.reset_options(config.option)
        identity.introduce(config, welcome.workerinput)
        identity.export_identity(welcome.workerinput)
        doomed = {subject: why for subject, why in welcome.doomed}  # noqa: C416 - pairs from JSON
        config.pluginmanager.register(
            CollectGuardPlugin(self._cabin.page, doomed), "bulkhead-guard"
        )
        config.pluginmanager.register(ExitGuardPlugin(), "bulkhead-exit-guard")
        config.pluginmanager.register(StubbedFilesPlugin(), "bulkhead-stubbed-files")
        compat.capture_into(config, self._cabin.out, self._cabin.err)
        set_stdio_aside(config)
        quiet = QuietStartPlugin(self._cabin.out, self._cabin.err)
        config.pluginmanager.register(quiet, "bulkhead-quiet-start")

    def end_with(self, problem: BaseException | None) -> None:
        """Leave; a process of a run never returns to the command line that it was forked from."""
        with contextlib.suppress(OSError):
            if isinstance(problem, pytest.UsageError):
                self._cabin.endpoint.send(msg.Refused("usage", str(problem), 4))
            elif isinstance(problem, BaseException):
                self._cabin.endpoint.send(msg.Refused("internal", repr(problem), 3))
        leaving.exit_process(0)


class ForkedTemplate(_Crew):
    """A template that was forked from the keeper, in the middle of `pytest_cmdline_main`."""

    def take_over(self) -> None:
        """Become the template; pytest's own main follows in this process."""
        from pytest_bulkhead.template.server import enlist  # noqa: PLC0415
        from pytest_bulkhead.worker.boarding import prepare  # noqa: PLC0415

        welcome = self._wait_welcome()
        # Who is imported now may ask the collector who refers to what, and what the controller has
        # frozen it does not tell: hypothesis asks so of trio's random stream.
        gc.unfreeze()
        threads.watch_starts()
        torch_calls.watch_torch()
        environ.replace_environ(welcome.environ)
        self._settle_in(welcome)
        self._config.pluginmanager.register(AcceleratorWatchPlugin(), "bulkhead-accelerators")
        enlist(self._config, self._cabin, welcome, prepare)


class SpawnedTemplate(ForkedTemplate):
    """A template in a fresh interpreter."""

    def __init__(self, config: pytest.Config, berth: Berth) -> None:
        super().__init__(config, berth)
        environ.watch_reads("PYTEST_XDIST_WORKER")
        threads.watch_starts()
        torch_calls.watch_torch()

    def command_line_main(self, config: pytest.Config) -> Generator[None, Any, Any]:
        """Be the template from here."""
        self.take_over()
        try:
            yield
        except BaseException as problem:  # noqa: BLE001 - the controller is told, whatever it was
            self.end_with(problem)
        self.end_with(None)


class SpawnedWorker(_Crew):
    """A worker in a fresh interpreter."""

    def command_line_main(self, config: pytest.Config) -> Generator[None, Any, Any]:
        """Be the worker from here."""
        with compat.unhooked_imports():
            from pytest_bulkhead.core.resources.exported import GRANTED  # noqa: PLC0415
            from pytest_bulkhead.worker.boarding import SpawnedWorkerPlugin  # noqa: PLC0415

        welcome = self._wait_welcome()
        self._settle_in(welcome)
        # One that was a spare has had no grant when it was started.
        os.environ.update({n: welcome.environ[n] for n in GRANTED if n in welcome.environ})
        plugin = SpawnedWorkerPlugin(welcome, self._cabin, self._later)
        config.pluginmanager.register(plugin, "bulkhead-spawned")
        try:
            yield
        except leaving.CleanEnd:
            raise
        except BaseException as problem:  # noqa: BLE001
            self.end_with(problem)
        self.end_with(None)
