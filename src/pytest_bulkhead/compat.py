"""Pytest's private parts that we cannot do without, each with the reason. All of them are here.

Each function answers for pytest 8.4 to 9.x and does nothing where a part is absent (a plugin was
switched off, another reporter took its place).
"""

from __future__ import annotations

import contextlib
import copy
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import pytest

from pytest_bulkhead.system.files import redirect, silence


def capture_into(config: pytest.Config, out: int, err: int) -> None:
    """Point the files of pytest's global capture at ours.

    They are inherited over a fork as one open file with one offset: of two children at work, 33 of
    40 tests got the other's output. Stopping capture and starting it again would close them under
    the logging handlers that were made at import. No public way exists.
    """
    capturing = getattr(config.pluginmanager.getplugin("capturemanager"), "_global_capturing", None)
    for name, fd in (("out", out), ("err", err)):
        tmpfile = getattr(getattr(capturing, name, None), "tmpfile", None)
        with contextlib.suppress(AttributeError, OSError, ValueError):
            redirect(fd, tmpfile.fileno())  # type: ignore[union-attr]


def silence_saved_stdio(config: pytest.Config, *, stdout: bool) -> None:
    """Point the stdin, and the stdout, to which capture returns between tests at the null device.

    Runners that print service messages from every process (PyCharm's) would report twice.
    """
    capturing = getattr(config.pluginmanager.getplugin("capturemanager"), "_global_capturing", None)
    for name in ("in_", "out") if stdout else ("in_",):
        saved = getattr(getattr(capturing, name, None), "targetfd_save", None)
        if saved is not None:
            silence(saved)


def saved_stdio(config: pytest.Config) -> list[tuple[int, int]]:
    """Return (0|1|2, descriptor) pairs of what capture returns to, for lending the terminal."""
    capturing = getattr(config.pluginmanager.getplugin("capturemanager"), "_global_capturing", None)
    pairs = []
    for number, name in enumerate(("in_", "out", "err")):
        saved = getattr(getattr(capturing, name, None), "targetfd_save", None)
        if saved is not None:
            pairs.append((number, saved))
    return pairs


def silence_terminal(config: pytest.Config) -> None:
    """Let the terminal reporter of a worker write to nobody.

    It must stay: it is what calls `pytest_report_teststatus`, in which pytest's own subtests and
    VS Code's runner do their work.
    """
    reporter = config.pluginmanager.getplugin("terminalreporter")
    writer = getattr(reporter, "_tw", None)
    if writer is not None:
        writer._file = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - lives as long as we
        writer.hasmarkup = False


def forgo_summary(config: pytest.Config) -> None:
    """Keep a worker's terminal reporter from having every plugin write a summary at the end.

    As in xdist's workers, which have no terminal: that of hypothesis takes half a second of
    imports. Unregistering the reporter would do too, but in each worker anew.
    """
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None:
        with contextlib.suppress(ValueError):
            config.hook.pytest_sessionfinish._remove_plugin(reporter)


def reach_terminal(config: pytest.Config, file: Any) -> Any:  # noqa: ANN401
    """Let the terminal reporter write to `file`; return what it wrote to before."""
    writer = getattr(config.pluginmanager.getplugin("terminalreporter"), "_tw", None)
    if writer is None:
        return file
    before, writer._file = writer._file, file
    return before


def relay_live_log(config: pytest.Config, stream: object) -> None:
    """Give the handler of `log_cli` another stream than the worker's silent terminal."""
    handler = getattr(config.pluginmanager.getplugin("logging-plugin"), "log_cli_handler", None)
    if hasattr(handler, "stream"):
        handler.stream = stream  # type: ignore[union-attr]


def renewable_connections(config: pytest.Config) -> list[int]:
    """Return the descriptors of what `renew_connections` renews."""
    sock = getattr(getattr(config, "failures_db", None), "sock", None)
    return [sock.fileno()] if sock is not None else []


def renew_connections(config: pytest.Config) -> None:
    """Connect a forked worker to the counter of pytest-rerunfailures, which is in the controller.

    The plugin does so in `pytest_configure`, of which a forked worker has that of the template; and
    two workers on one connection would read each other's counts.
    """
    counter: Any = getattr(config, "failures_db", None)
    known = getattr(config, "workerinput", {})
    # Older versions want the port alone.
    address = [known[key] for key in ("sock_port", "statusdb_token") if key in known]
    if getattr(counter, "sock", None) is not None and address:
        counter.sock.close()
        config.failures_db = type(counter)(*address)  # type: ignore[attr-defined]


def ask_for_basetemp(config: pytest.Config, ask: Callable[[], str]) -> None:
    """Have tmp_path ask for its folder when it is first used.

    `--basetemp` would give it one but empties the folder first, and with it what an earlier
    process of the same worker id left for the user to look at. And the folder must not be made
    before somebody needs it: making one deletes the folders of old runs, which takes its time.
    """
    factory: Any = getattr(config, "_tmp_path_factory", None)
    if factory is None or factory._basetemp is not None:
        return
    own_way = factory.getbasetemp

    def getbasetemp() -> Path:
        path = ask() if factory._basetemp is None else ""
        if path:
            folder = Path(path)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            factory._basetemp = folder
        return own_way()  # type: ignore[no-any-return]

    factory.getbasetemp = getbasetemp


def basetemp_of(config: pytest.Config) -> Path | None:
    """Return the folder that tmp_path uses in this run, made if need be."""
    factory = getattr(config, "_tmp_path_factory", None)
    return factory.getbasetemp() if factory is not None else None


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


@contextlib.contextmanager
def watched_conftests(config: pytest.Config, note: Callable[[Path], None]) -> Iterator[None]:
    """Have `note` called with each conftest before it is imported.

    The public hook, `pytest_plugin_registered`, comes after the import: too late for one that dies.
    """
    manager: Any = config.pluginmanager
    load = manager._importconftest

    def load_noted(conftestpath: Path, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        note(conftestpath)
        return load(conftestpath, *args, **kwargs)

    manager._importconftest = load_noted
    try:
        yield
    finally:
        del manager._importconftest


def remember_nodeids(config: pytest.Config, nodeids: Iterable[str]) -> None:
    """Tell the cache of `--nf` what was collected: the controller itself collects nothing."""
    plugin = config.pluginmanager.getplugin("nfplugin")
    known = getattr(plugin, "cached_nodeids", None)
    if known is None:
        return
    parse = _nodeid_parser()
    known.update(map(parse, nodeids))


def _nodeid_parser() -> Callable[[str], object]:
    try:
        from _pytest.nodeid import NodeId  # noqa: PLC0415 - pytest 9.2 and later only
    except ImportError:
        return str
    return NodeId.parse


def bare_collect_error(text: str) -> object:
    """Return what pytest describes an error of an import by: a text without a crash line."""
    from _pytest.reports import CollectErrorRepr  # noqa: PLC0415 - only where a file is broken

    return CollectErrorRepr(text)


def junit_error(config: pytest.Config, report: pytest.TestReport, message: str) -> None:
    """Turn the failure that JUnit XML noted for a crash in the call phase into an error.

    LogXML writes `<failure>` for every failed call; but a process that died is no assertion that
    failed. It also waits for a teardown report, which never comes, to write the output down.
    """
    xml = _junit_writer(config)
    if xml is None:
        return
    reporter = xml.node_reporter(report)
    for element in reporter.nodes:
        if element.tag == "failure":
            element.tag = "error"
            element.set("message", message)
            xml.stats["failure"] -= 1
            xml.stats["error"] += 1
    reporter.write_captured_output(report)
    xml.finalize(report)
    if report in xml.open_reports:
        xml.open_reports.remove(report)


def _junit_writer(config: pytest.Config) -> Any:  # noqa: ANN401 - LogXML, private
    """Return the writer of the JUnit file, None where none is written."""
    from _pytest.junitxml import xml_key  # noqa: PLC0415 - only in runs that need it

    return config.stash.get(xml_key, None)


def write_junit_by(config: pytest.Config, writer: object) -> None:
    """Have pytest's own fixtures hand what they record for the JUnit file to `writer`."""
    from _pytest.junitxml import xml_key  # noqa: PLC0415 - only in runs that write one

    stash: Any = config.stash
    stash[xml_key] = writer


def check_junit_name(name: object) -> None:
    """Raise the TypeError that pytest raises for a property whose name is no string."""
    from _pytest.junitxml import _check_record_param_type  # noqa: PLC0415 - see above

    _check_record_param_type("name", name)  # type: ignore[arg-type]


def add_junit_extras(config: pytest.Config, report: pytest.TestReport) -> None:
    """Hand what a test recorded in a worker to the writer of the JUnit file."""
    xml = _junit_writer(config)
    if xml is None:
        return
    attributes, properties = report.bulkhead_junit
    for name, value in attributes:
        xml.node_reporter(report).add_attribute(name, value)
    known = {(name, str(value)) for name, value in xml.global_properties}
    for name, value in properties:
        # A session fixture in every process records the same.
        if (name, value) not in known:
            xml.add_global_property(name, value)


@contextlib.contextmanager
def unhooked_imports() -> Iterator[None]:
    """Import modules of ours without pytest's assertion rewriting.

    It takes every module of an installed plugin through a loader in Python, which doubles what our
    imports cost (measured: 37 to 80 ms for the controller), to rewrite asserts that never fail.
    """
    ours = [finder for finder in sys.meta_path if type(finder).__name__ == "AssertionRewritingHook"]
    kept = sys.meta_path[:]
    sys.meta_path[:] = [finder for finder in kept if finder not in ours]
    try:
        yield
    finally:
        sys.meta_path[:] = kept


def interpreter_flags() -> list[str]:
    """Return the options with which this interpreter was started, as multiprocessing does."""
    return subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined,no-any-return]


class WideFixture(NamedTuple):
    """A fixture that a test needs and that outlives it."""

    name: str
    scope: str
    #: The node with which it is torn down.
    node: Any
    #: The module of its function.
    module: str
    #: It and all that it needs, by name.
    closure: frozenset[str]
    #: {parameter: identity of the value} of all of those.
    params: dict[str, int]


def has_fixtures(item: pytest.Item) -> bool:
    """Whether a test is one of those that get fixtures by pytest's own machinery."""
    return isinstance(item, pytest.Function) and hasattr(item, "_fixtureinfo")


def wide_fixtures(item: Any) -> Iterator[WideFixture]:  # noqa: ANN401 - a pytest.Function
    """Yield the fixtures of a test that are wider than it, in the order of their set-up.

    Public hooks tell of fixtures when they are set up; which ones will be stands only here.
    """
    known = item._fixtureinfo.name2fixturedefs
    callspec: Any = getattr(item, "callspec", None)
    params = getattr(callspec, "params", {})
    for name in item.fixturenames:
        if not known.get(name):
            continue
        fixturedef = known[name][-1]
        scope = callspec._arg2scope[name].value if name in params else fixturedef.scope
        node = _scope_node(item, scope, fixturedef) if scope != "function" else None
        if node is None:
            continue
        closure = _closure(name, known)
        keys = {other: id(params[other]) for other in closure if other in params}
        yield WideFixture(name, scope, node, fixturedef.func.__module__ or "", closure, keys)


def _scope_node(item: Any, scope: str, fixturedef: Any) -> Any:  # noqa: ANN401 - private types
    from _pytest.fixtures import get_scope_package  # noqa: PLC0415 - only where tests are staged

    if scope == "package":
        return get_scope_package(item, fixturedef)
    kinds = {"session": pytest.Session, "module": pytest.Module, "class": pytest.Class}
    return item.getparent(kinds[scope])


def _closure(name: str, known: Mapping[str, Sequence[Any]]) -> frozenset[str]:
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


def stage_item(item: Any, names: Sequence[str], node: Any) -> Any:  # noqa: ANN401
    """Return a copy of a test that needs nothing but these fixtures, and ends at this node.

    It is set up and torn down by pytest's own hooks, but never run: so skip marks, conftests'
    `pytest_runtest_setup` and captured output are as for the test itself, whose report sections
    it shares. A test made by `from_parent` would have neither its marks nor its type.
    """
    stage = copy.copy(item)
    stage.fixturenames = list(names)
    stage._initrequest()
    chain = item.listchain()
    chain = [*chain[: chain.index(node) + 1], stage]
    stage.listchain = lambda: list(chain)
    stage.setup = stage._request._fillfixtures
    stage.teardown = lambda: None
    return stage


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


def discard_output(config: pytest.Config) -> None:
    """Throw away what is captured and nobody will ask for: it was of a process that died."""
    manager = config.pluginmanager.getplugin("capturemanager")
    if manager is not None:
        manager.read_global_capture()
