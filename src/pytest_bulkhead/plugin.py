"""The plugin as pytest loads it: marks, and the choice of a role.

Every pytest run imports this module, so it imports next to nothing: what a role needs is imported
when that role is taken.

Theory of operation: before the first conftest is loaded, the process learns whether it is a
spawned template or worker (an environment variable says so) or a controller (the user asked for
isolation), or nothing of ours. In `pytest_cmdline_main`, before anything is configured, a
controller forks its keeper, and a template that is forked from that comes out of the same call.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Generator, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from pytest_bulkhead.options import add_options

if TYPE_CHECKING:
    from pytest_bulkhead.core.requires.presets import Presets
    from pytest_bulkhead.environment.plugin import EnvironmentPlugin
    from pytest_bulkhead.imports.plugin import ImportsPlugin
    from pytest_bulkhead.roles import Role

#: `sys.path` before conftests put their folders in front: what a spawned process starts from.
_PATH = list(sys.path)

_FORKED_IS_OURS = importlib.util.find_spec("pytest_forked") is None
_TIMEOUT_IS_OURS = importlib.util.find_spec("pytest_timeout") is None

_ROLE: pytest.StashKey[Role] = pytest.StashKey()

#: The start method of multiprocessing that a profile asks for.
_MP_START: pytest.StashKey[str] = pytest.StashKey()

#: Marks that people have already ask for something in this run.
_HAS_PRESETS: pytest.StashKey[bool] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register options and ini keys."""
    add_options(parser, forked_is_ours=_FORKED_IS_OURS)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the hooks that workers call."""
    from pytest_bulkhead import hookspecs  # noqa: PLC0415 - as light as this module

    pluginmanager.add_hookspecs(hookspecs)


#: Another line of that name is somebody else's, and the mark then too.
_REQUIRES = (
    "requires(gpu=1, ram=size, module=name, ...): skip the test where the machine does not have "
    "it, or fail it where that was promised (--provides)."
)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register marks: most of them are inert without isolation.

    After everybody else: names that are registered by then are not ours to register.
    """
    config.addinivalue_line(
        "markers",
        "isolate(scope, group=name): run in a process of this scope, or of this group, when tests "
        "are isolated; it only tightens --isolate.",
    )
    config.addinivalue_line(
        "markers",
        "leaves(guard, ..., reason=text): accept what the test leaves behind, when tests are "
        "isolated.",
    )
    config.addinivalue_line(
        "markers", "mp_start(method): the start method of multiprocessing in this test."
    )
    config.addinivalue_line("markers", _REQUIRES)
    config.addinivalue_line(
        "markers", "real_model: load the real models in this test, whatever isolate_models says."
    )
    if _FORKED_IS_OURS:
        config.addinivalue_line("markers", 'forked: the same as isolate("function").')
    if _TIMEOUT_IS_OURS:
        config.addinivalue_line(
            "markers", "timeout(seconds): end the test after that, when tests are isolated."
        )
    if _HAS_PRESETS in config.stash:
        from pytest_bulkhead.preset_marks import register_marks  # noqa: PLC0415 - as above

        register_marks(config)
    if config.getoption("isolate_examples") or config.getini("isolate_examples"):
        from pytest_bulkhead.examples import collect_examples  # noqa: PLC0415 - only when asked

        collect_examples(config)
    if _has_promises(config) and not hasattr(config, "workerinput"):
        from pytest_bulkhead.meant import MeantPlugin  # noqa: PLC0415 - as above

        config.pluginmanager.register(MeantPlugin(), "bulkhead-meant")


def _has_promises(config: pytest.Config) -> bool:
    given = config.getoption("provides"), config.getini("isolate_provides")
    return any(given) or "BULKHEAD_PROVIDES" in os.environ


@pytest.fixture
def stub_module() -> Iterator[Callable[..., ModuleType]]:
    """Replace a heavy module by a stub for this test: `stub_module("torch", float32=object())`.

    The module and all below it are put aside, and come back as the same objects. Under isolation a
    test that uses this has a process of its own.
    """
    from pytest_bulkhead.stubs import Stubs  # noqa: PLC0415 - only for tests that use it

    stubs = Stubs()
    yield stubs.install
    stubs.undo()


@pytest.fixture
def fake_model() -> Iterator[Callable[..., Any]]:
    """Put a fake where the code under test gets its model: `fake_model("package.module.name")`.

    A function there returns the fake, a class makes it, and anything else is replaced by it, for
    this test. Returns the fake; `dim=` and the like are for the one that it makes.
    """
    from pytest_bulkhead.models.patching import Patches  # noqa: PLC0415 - as above

    patches = Patches()
    yield patches.install
    patches.undo()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Choose the role of this process before a conftest, or a plugin that asks, is loaded.

    A wrapper, for wrappers come before everybody else's tryfirst: pytest-cov reads in its own
    whether tests will run elsewhere.
    """
    if _is_ours(early_config):
        _read_presets(early_config)
    watching = early_config.known_args_namespace.isolate_imports
    imports = _watch_imports(early_config) if watching else None
    around = _apply_environment(early_config) if _wants_environment(early_config) else None
    if around is not None:
        early_config.stash[_MP_START] = around.asked.mp_start
    if _wants_models(early_config):
        _substitute_models(early_config)
    if "BULKHEAD_BERTH" in os.environ or _wants_isolation(early_config):
        from pytest_bulkhead.compat import unhooked_imports  # noqa: PLC0415 - only when switched on

        with unhooked_imports():
            from pytest_bulkhead.roles import choose_role  # noqa: PLC0415

        role = choose_role(early_config, _PATH, around, forked_is_ours=_FORKED_IS_OURS)
        if role is not None:
            early_config.stash[_ROLE] = role
            return (yield from role.load_conftests())
    if imports is not None:
        imports.tell_by(imports.hear)
    return (yield)


def _watch_imports(config: pytest.Config) -> ImportsPlugin:
    from pytest_bulkhead.compat import unhooked_imports  # noqa: PLC0415 - only when switched on

    with unhooked_imports():
        from pytest_bulkhead.imports.plugin import watch_imports  # noqa: PLC0415

    return watch_imports(config)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:  # noqa: ANN401
    """Show what imports cost, where that was asked for."""
    if config.getoption("isolate_imports", default=False):
        from pytest_bulkhead.imports import NAME  # noqa: PLC0415 - only when switched on
        from pytest_bulkhead.report.imports import write_bill  # noqa: PLC0415

        plugin: Any = config.pluginmanager.getplugin(NAME)
        if plugin is not None:  # a conftest loads us too late to watch
            write_bill(terminalreporter, plugin.bill, str(config.rootpath))


def _wants_environment(config: pytest.Config) -> bool:
    option = config.known_args_namespace.isolate_profile
    asked = option or config.getini("isolate_profile") or config.getini("isolate_env")
    # Not in every run: the variable is not ours alone.
    return bool(asked) or (os.environ.get("CICD") == "1" and _is_ours(config))


def _apply_environment(config: pytest.Config) -> EnvironmentPlugin:
    from pytest_bulkhead.compat import unhooked_imports  # noqa: PLC0415 - only when switched on

    with unhooked_imports():
        from pytest_bulkhead.environment.plugin import apply_environment  # noqa: PLC0415

    return apply_environment(config)


def _wants_models(config: pytest.Config) -> bool:
    asked = config.getini("isolate_models") or config.getini("isolate_trust_remote_code")
    option = config.known_args_namespace.isolate_profile
    profiles = config.getini("isolate_profile") if option is None else option
    # A model that is missing offline is told for what it is.
    return bool(asked) or "BULKHEAD_MODELS" in os.environ or "offline" in profiles


def _substitute_models(config: pytest.Config) -> None:
    from pytest_bulkhead.compat import unhooked_imports  # noqa: PLC0415 - only when switched on

    with unhooked_imports():
        from pytest_bulkhead.models.plugin import substitute_models  # noqa: PLC0415

    substitute_models(config)


def _is_ours(config: pytest.Config) -> bool:
    """Whether marks and variables that are not ours alone mean something in this run.

    Also where it only lists tests or marks.
    """
    options = config.known_args_namespace
    off = options.isolate == "no" or (options.isolate is None and config.getini("isolate") == "no")
    isolated = "BULKHEAD_BERTH" in os.environ or (_wants_isolation(config) and not off)
    return isolated or bool(config.getini("isolate_marks"))


def _read_presets(config: pytest.Config) -> None:
    from pytest_bulkhead.compat import unhooked_imports  # noqa: PLC0415 - only when switched on

    with unhooked_imports():
        from pytest_bulkhead.preset_marks import read_preset_lines  # noqa: PLC0415

        read_preset_lines(config)
    config.stash[_HAS_PRESETS] = True


def _wants_isolation(config: pytest.Config) -> bool:
    options = config.known_args_namespace
    return bool(
        options.isolate is not None
        or (_FORKED_IS_OURS and options.forked)
        or config.getini("isolate")
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, Any, Any]:
    """Let the role set its options before pytest-xdist looks at them, and see its end."""
    role = config.stash.get(_ROLE, None)
    if role is None:
        return (yield)
    return (yield from role.command_line_main(config))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Do what marks ask for that work without isolation too, where anything asks for them."""
    config = session.config
    marks = _names_of_marks(session.items)
    default = str(config.getini("isolate_mp_start")) or config.stash.get(_MP_START, "")
    if default or "mp_start" in marks:
        from pytest_bulkhead.environment.start_method import watch_tests  # noqa: PLC0415

        watch_tests(session, default)
    presets: Presets = {}
    if _HAS_PRESETS in config.stash:
        from pytest_bulkhead.preset_marks import asking_presets  # noqa: PLC0415

        presets = asking_presets(config, marks)
    if "requires" in marks or presets:
        from pytest_bulkhead.requires import judge_tests  # noqa: PLC0415

        xdists = hasattr(config, "workerinput") and _ROLE not in config.stash
        models: Any = config.pluginmanager.getplugin("bulkhead-models")
        stand_in = models.stand_in if models else str
        judge_tests(session, _REQUIRES, presets, stand_in, refuses=not xdists)


def _names_of_marks(items: list[pytest.Item]) -> set[str]:
    nodes = {
        node for parent in {item.parent for item in items} if parent for node in parent.listchain()
    }
    return {mark.name for node in (*nodes, *items) for mark in node.own_markers}
