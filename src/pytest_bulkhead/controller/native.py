"""Adds native stacks to the reports of crashes, once the last test has run.

Before that a debugger would take time and memory from tests. A core file is put aside at once, for
the next crash may overwrite it.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from pathlib import Path
from typing import Any, NamedTuple

from pytest_bulkhead import compat
from pytest_bulkhead.controller.bridge import Bridge, Death
from pytest_bulkhead.controller.fleet import Craft
from pytest_bulkhead.core.crash import native_ways as ways
from pytest_bulkhead.core.crash.evidence import Evidence
from pytest_bulkhead.core.crash.native_stack import (
    failure_of_gdb,
    signal_of_gdb,
    trim_gdb,
    trim_pystack,
)
from pytest_bulkhead.core.diagnosis.rule import Diagnosis, for_journal
from pytest_bulkhead.core.diagnosis.table import diagnose
from pytest_bulkhead.core.known import Fact, Known, Unknown
from pytest_bulkhead.report.crash import diagnosis_lines
from pytest_bulkhead.settings import OF_CORES
from pytest_bulkhead.system import clock, core_files, debuggers

_BY_HAND = "gdb --batch -ex run -ex bt --args python -m pytest --isolate=no"


class Stack(NamedTuple):
    """What became of it."""

    #: By what and of what it is, or why there is none.
    how: str
    #: The frames that matter; empty for none.
    frames: str = ""
    #: All that the debugger said.
    whole: str = ""


def note_death(bridge: Bridge, craft: Craft | None, evidence: Evidence, report: Any) -> None:  # noqa: ANN401
    """Note a crash whose native stack will be wanted, and put its core file aside."""
    if bridge.settings.native == "off" or not ways.is_native(evidence.end, evidence.killed_for):
        return
    try:
        core = _core_of(bridge, craft, evidence)
    except OSError as problem:  # it was there, and is gone
        core = Unknown(f"the core file: {problem}")
    bridge.deaths.append(Death(report, evidence, core))


def _core_of(bridge: Bridge, craft: Craft | None, evidence: Evidence) -> Fact[str]:
    """Return the core file of a death: where it is out of the way of the next, if it is ours."""
    way = bridge.settings.native
    if craft is None or way == "gdb":
        return Unknown("nobody has looked for a core file")
    pid = craft.hull.page.tail().process or craft.pid
    since = clock.wall() - evidence.seconds - 1
    core = core_files.find_core(pid, os.fspath(bridge.config.invocation_params.dir), since)
    if isinstance(core, Unknown) or way not in OF_CORES:
        return core
    aside = f"{core.value}.{bridge.run_uid}-{len(bridge.deaths)}"
    os.replace(core.value, aside)
    return Known(aside, core.source)


def add_native_stacks(bridge: Bridge) -> None:
    """Add to each report its native stack, or why it has none; Ctrl-C skips those to come."""
    coroner = Coroner(bridge)
    deaths = bridge.deaths
    with contextlib.suppress(KeyboardInterrupt):
        for number in ways.in_turn([ways.kind_of(death.evidence) for death in deaths]):
            _tell(bridge, deaths[number], coroner.examine(deaths[number]))
    for death in deaths:
        if isinstance(death.core, Known) and bridge.settings.native in OF_CORES:
            _put_away(bridge, death.core.value, death.evidence.artifacts)


def _put_away(bridge: Bridge, core: str, folder: str) -> None:
    if bridge.artifacts is not None:
        bridge.artifacts.take_in(core, folder)
    else:
        with contextlib.suppress(OSError):
            os.unlink(core)


def _tell(bridge: Bridge, death: Death, stack: Stack) -> None:
    seen = f"{stack.how}\n{stack.frames}".rstrip()
    folder, meant = death.evidence.artifacts, _first_meant(death.evidence, seen)
    text = "\n".join([seen, *(diagnosis_lines(meant) if meant else ())])
    if bridge.artifacts is not None:
        bridge.artifacts.write(Path(folder, "native.txt"), f"{text}\n\n{stack.whole}")
    compat.add_late_section(death.report, ways.TITLE, text)
    facts = {"diagnoses": [for_journal(meant)]} if meant else {}
    bridge.note_evidence(native=text, nodeid=death.evidence.nodeid, **facts)


def _first_meant(evidence: Evidence, native: str) -> Diagnosis | None:
    """Return what a crash means by its native stack, if nothing else had told."""
    if diagnose(evidence) is not None:
        return None
    return diagnose(evidence._replace(native=native))


class Coroner:
    """Has debuggers look at crashes, for as long as that may take."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._way = bridge.settings.native
        self._tools = debuggers.installed()
        self._budget = ways.budget_of(self._way)

    def examine(self, death: Death) -> Stack:
        """Return the native stack of a crash."""
        seconds = self._bridge.collect_seconds + death.evidence.seconds
        plan = ways.plan(self._way, death.core, self._tools, seconds, self._budget)
        if not plan.core and getattr(death.report, "isolate_needs_others", False):
            return Stack("none: alone, where gdb could look at it, the test does not crash")
        if not plan.tool:
            return Stack(
                f"none: {plan.why}; by hand: {_BY_HAND} {shlex.quote(death.evidence.nodeid)}"
            )
        since, left = clock.monotonic(), self._budget.seconds
        try:
            return self._read(plan, left) if plan.core else self._run_again(death, left)
        except OSError as problem:
            return Stack(f"none: {plan.tool}: {problem.strerror}")
        finally:
            self._budget = self._budget.less(clock.monotonic() - since)

    def _read(self, plan: ways.Plan, left: float) -> Stack:
        program = self._tools[plan.tool]
        if plan.tool == "gdb":
            said = debuggers.run(ways.gdb_on_core(program, sys.executable, plan.core), left)
            frames = trim_gdb(said.text)
        else:
            said = debuggers.run(ways.pystack_on_core(program, sys.executable, plan.core), left)
            frames = trim_pystack(said.text, crashed=True)
        if not frames:
            return Stack(f"none: {plan.tool} found none in its core file", whole=said.text)
        return Stack(f"by {plan.tool}, from the core file:", frames, said.text)

    def _run_again(self, death: Death, left: float) -> Stack:
        """Run the test alone in gdb: where it was, and with the files of this run left alone."""
        config, evidence = self._bridge.config, death.evidence
        signum = evidence.end.signal
        assert signum is not None, "what died of no signal has no native stack"
        target = os.path.join(config.rootpath, evidence.nodeid)
        program = ways.pytest_alone(sys.executable, target, list(_options(config)))
        command = ways.gdb_rerun(self._tools["gdb"], program, signum)
        said = debuggers.run(command, left, os.fspath(config.invocation_params.dir))
        frames = trim_gdb(said.text) if signal_of_gdb(said.text) else ""
        if frames:
            return Stack("by gdb, of the test run again alone:", frames, said.text)
        failure = "" if said.late else failure_of_gdb(said.text)
        if failure:
            return Stack(f"none: gdb could not run the test: {failure}", whole=said.text)
        how = f"went on for {left:.0f} s" if said.late else f"did not get {evidence.end}"
        return Stack(f"none: run again alone in gdb, the test {how}", whole=said.text)


def _options(config: Any) -> Any:  # noqa: ANN401 - pytest's options are of any type
    """Yield the options that say what and where the suite is."""
    yield f"--rootdir={config.rootpath}"
    if config.inipath is not None:
        yield f"--config-file={config.inipath}"
    for name in config.option.plugins:
        yield f"-p{name}"
