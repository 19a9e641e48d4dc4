"""Pytest's private parts that we cannot do without, each with the reason. All of them are here.

Those of fixtures and their set-up have a module of their own, `fixtures`.

Each function answers for pytest 8.4 to 9.x and does nothing where a part is absent (a plugin was
switched off, another reporter took its place).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

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


class _Complete(set[Any]):
    """The tests of which the terminal has heard, when nobody is added any more."""

    def add(self, _one: object) -> None:
        """Do nothing."""


@contextlib.contextmanager
def uncounted(config: pytest.Config) -> Iterator[None]:
    """Have a report count as no test: the terminal would show 133 % of three tests and an error.

    It counts ids, and writes the percentage in the same call.
    """
    reporter = config.pluginmanager.getplugin("terminalreporter")
    done = getattr(reporter, "_progress_nodeids_reported", None)
    if done is None:
        yield
        return
    reporter._progress_nodeids_reported = _Complete(done)
    try:
        yield
    finally:
        reporter._progress_nodeids_reported = done


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
    """Close what JUnit XML noted of a crash, which is an error, before the teardown.

    LogXML writes `<failure>` for every failed call; but a process that died is no assertion that
    failed, as one in a subtest before it was. It also waits for a teardown report, which never
    comes, to write output and properties.
    """
    xml = _junit_writer(config)
    if xml is None:
        return
    reporter = xml.node_reporter(report)
    failures = [element for element in reporter.nodes if element.tag == "failure"]
    if report.when == "call" and failures:
        failures[-1].tag = "error"
        failures[-1].set("message", message)
        xml.stats["failure"] -= 1
        xml.stats["error"] += 1
    reporter.write_captured_output(report)
    report.isolate_junit = tuple(failures[-1:])  # type: ignore[attr-defined]
    _close(xml, report)


def add_late_section(report: pytest.TestReport, title: str, text: str) -> None:
    """Add to a report, and to what the JUnit file has of it, what was learned after it was told.

    LogXML writes the file when the session ends, from the elements that it has made by now.
    """
    from _pytest.junitxml import bin_xml_escape  # noqa: PLC0415 - only after a crash

    report.sections.append((title, text))
    for element in getattr(report, "isolate_junit", ()):
        if element.tag in ("error", "failure"):
            element.text = bin_xml_escape(f"{element.text}\n\n{title}\n{text}")


def junit_flaky(config: pytest.Config, report: pytest.TestReport, message: str) -> None:
    """Say in the JUnit file that a test which passed had crashed before, as Surefire does.

    LogXML knows no such state; the element is what Jenkins, GitLab and their like read.
    """
    from xml.etree import ElementTree  # noqa: PLC0415 - only in runs that write one

    xml = _junit_writer(config)
    if xml is not None:
        element = ElementTree.Element("flakyFailure", message=message, type="crash")
        xml.node_reporter(report).append(element)


def junit_forget(config: pytest.Config, report: pytest.TestReport) -> None:
    """Take an attempt that does not count out of the JUnit file: it would be a test of no name."""
    xml = _junit_writer(config)
    if xml is not None:
        reporter = xml.node_reporter(report)
        for element in reporter.nodes:  # of its subtests
            if element.tag in xml.stats:
                xml.stats[element.tag] -= 1
        _close(xml, report)
        xml.node_reporters_ordered.remove(reporter)


def _close(xml: Any, report: Any) -> None:  # noqa: ANN401 - LogXML, private
    """Have the JUnit file expect nothing more of a test: no teardown, for its subtests neither."""
    xml.finalize(report)
    xml.open_reports[:] = [
        one for one in xml.open_reports if getattr(one, "item_index", None) != report.item_index
    ]


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


def add_section(report: pytest.TestReport, title: str, text: str) -> None:
    """Add a section to a failed report where the terminal and the JUnit file both show it.

    `report.sections` is for what was captured: of others JUnit writes nothing. Sections of the
    traceback's representation have no public name.
    """
    add = getattr(report.longrepr, "addsection", None)
    if add is not None:
        add(title, text)
    else:
        report.longrepr = f"{report.longrepr}\n{title}\n{text}"


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


def discard_output(config: pytest.Config) -> None:
    """Throw away what is captured and nobody will ask for: it was of a process that died."""
    manager = config.pluginmanager.getplugin("capturemanager")
    if manager is not None:
        manager.read_global_capture()
