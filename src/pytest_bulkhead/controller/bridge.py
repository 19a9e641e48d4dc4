"""The bridge: everything the controller holds during a run."""

from __future__ import annotations

import dataclasses
import signal
from array import array
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pytest_bulkhead.controller.fleet import Craft, Fleet
from pytest_bulkhead.controller.holding import Held, Holder, release
from pytest_bulkhead.controller.launch import Keep
from pytest_bulkhead.controller.node import Schedule
from pytest_bulkhead.controller.terminal import Terminal
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.crash.evidence import Evidence
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.guards.findings import Finding
from pytest_bulkhead.core.known import Fact
from pytest_bulkhead.core.resources.usage import Usage
from pytest_bulkhead.core.run.run import Run
from pytest_bulkhead.errors import ProtocolError
from pytest_bulkhead.settings import Settings
from pytest_bulkhead.system import linux

if TYPE_CHECKING:
    from pytest_bulkhead.controller.artifacts import Artifacts
    from pytest_bulkhead.controller.charting import Charting
    from pytest_bulkhead.report.journal import Journal

Location = tuple[str, "int | None", str]


class Leak(NamedTuple):
    """A process that outlived its test."""

    pid: int
    command: str
    #: The test, or the tests that come into question, or empty when nobody can say.
    tests: tuple[str, ...]


class Death(NamedTuple):
    """A crash whose native stack is wanted."""

    report: Any
    evidence: Evidence
    #: Its core file.
    core: Fact[str]


@dataclasses.dataclass(eq=False, repr=False)
class Verdict:
    """How the run must end towards pytest, found out along the way."""

    #: A usage error of the template, empty for none.
    usage: str = ""
    #: `pytest.exit` was called: the text, and the code.
    exit_text: str | None = None
    exit_code: int = 2
    #: An internal error of a worker or the template.
    internal: str = ""
    interrupted: bool = False


@dataclasses.dataclass(eq=False, repr=False)
class Bridge:
    """The controller's state."""

    config: pytest.Config
    settings: Settings
    keep: Keep
    fleet: Fleet
    run: Run
    run_uid: str
    schedule: Schedule
    terminal: Terminal
    journal: Journal | None = None
    artifacts: Artifacts | None = None
    #: Where a page or a trace is wanted.
    charting: Charting | None = None
    session: pytest.Session | None = None
    #: What happened and was not yet handed to the run, oldest first.
    events: deque[ev.Event] = dataclasses.field(default_factory=deque)
    #: {item: where it stands}, in the order of the items.
    locations: list[Location] = dataclasses.field(default_factory=list)
    collected: bool = False
    #: What collection reported and warned of: a template that is started again says it again.
    told: set[object] = dataclasses.field(default_factory=set)
    deselected: int = 0
    lines: tuple[str, ...] = ()
    #: [[module, where it is], ...]: what most test files import, for spares.
    common: list[list[str]] = dataclasses.field(default_factory=list)
    #: Seconds of each item, 0.0 for unknown; of all phases together.
    durations: array[float] = dataclasses.field(default_factory=lambda: array("d"))
    #: When each item began, on the monotonic clock, 0.0 for never.
    begun: array[float] = dataclasses.field(default_factory=lambda: array("d"))
    verdict: Verdict = dataclasses.field(default_factory=Verdict)
    #: {group: of each of its processes, whether it was forked}; filled when the user asks why.
    starts: dict[int, list[bool]] = dataclasses.field(default_factory=dict)
    leaks: list[Leak] = dataclasses.field(default_factory=list)
    #: What tests left behind and do not accept.
    findings: list[Finding] = dataclasses.field(default_factory=list)
    #: {node: the stacks of the template that died when it collected that node}
    import_stacks: dict[str, str] = dataclasses.field(default_factory=dict)
    #: Of the last worker that has ended, when its session's fixtures stand in a stage for all.
    held: Held | None = None
    #: (worker id, traceback) of session fixtures whose teardown failed when no test was left.
    late_errors: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    #: {group: the most that its processes have used at once}, where tests need something.
    used: dict[int, Usage] = dataclasses.field(default_factory=dict)
    #: What was done about memory of GPUs that did not come back, in words.
    held_memory: list[str] = dataclasses.field(default_factory=list)
    #: {item: its report}, of tests that broke and may be looked into.
    broken: dict[int, Any] = dataclasses.field(default_factory=dict)
    #: {item: the report of its death, and its evidence}, of tests that are run again, or were.
    withheld: dict[int, tuple[Any, Evidence]] = dataclasses.field(default_factory=dict)
    #: {event of memory: how often} in our control group when the run began.
    memory_events: dict[str, int] = dataclasses.field(default_factory=dict)
    #: Seconds until the tests were collected.
    collect_seconds: float = 0.0
    #: Crashes whose native stacks are wanted.
    deaths: list[Death] = dataclasses.field(default_factory=list)
    #: Out-of-memory kills of our control group that are accounted for; None when nobody counts.
    oom_kills: int | None = None

    def restore_report(self, data: Any) -> Any:  # noqa: ANN401 - a report of any plugin
        """Return the report that another process made these data of.

        Raises:
            ProtocolError: they are none.
        """
        hook = self.config.hook
        try:
            report = hook.pytest_report_from_serializable(config=self.config, data=data)
        except Exception as problem:
            raise ProtocolError(f"a report cannot be read: {problem!r}") from problem
        if report is None:
            raise ProtocolError("a report is of no known type")
        return report

    def release(self, craft: Craft) -> None:
        """Hand to pytest what a craft's latest test had yet to wait for: it goes on.

        So the run does, and nobody's test was the last one. Only stages may have to say more.
        """
        others = [other for other in self.fleet if other is not craft and not other.staged]
        holders: list[Holder] = [self, *others, craft]
        for holder in holders:
            release(self.config.hook, holder)
        self.heed_wishes()

    def is_trial(self, craft: Craft) -> bool:
        """Whether nobody is to hear of what a craft's tests report."""
        return craft.process in self.run.trials

    def inherit(self, craft: Craft) -> None:
        """Take what a craft that has ended still holds: others may tear its fixtures down."""
        if self.run.policy.shares and self.run.template.alive:
            if craft.held is not None:
                release(self.config.hook, self)
                self.held, craft.held = craft.held, None
        else:
            self.release(craft)

    def note_leak(self, leak: Leak) -> None:
        """Note a process that outlived its test.

        One that is being ended may be found again, by those who look after the worker's own end.
        """
        if any(known.pid == leak.pid and known.command == leak.command for known in self.leaks):
            return
        self.leaks.append(leak)
        self.note_evidence(leak=leak._asdict())

    def note_use(self, group: int, used: Usage) -> None:
        """Note what processes of a group have used at once."""
        self.used[group] = self.used.get(group, Usage()).with_more(used)

    def note_evidence(self, **facts: object) -> None:
        """Write facts into the journal and note them in the chart, where there are such."""
        if self.journal is not None:
            self.journal.evidence(**facts)
        if self.charting is not None:
            self.charting.chart.note(facts)

    def heed_wishes(self) -> None:
        """Ask the run to stop when a plugin, `-x` or `--maxfail` wants it."""
        wish = self.session and (self.session.shouldfail or self.session.shouldstop)
        if wish and not self.run.stopping:
            self.events.append(ev.StopAsked(str(wish)))

    def explain_kill(self, end: End) -> End:
        """Tell an out-of-memory kill from another SIGKILL, by the word of the control group."""
        kills = linux.oom_kills() if end.signal == signal.SIGKILL else None
        if kills is None or self.oom_kills is None or kills <= self.oom_kills:
            return end
        self.oom_kills += 1
        return end._replace(out_of_memory=True)
