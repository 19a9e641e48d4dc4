"""The story of a run, told again from its journal: lines in, a story out (`story_lines`: its text).

Theory of operation: the events of the journal go through the same core that decided the run, so
what it wants done is what was done then. The lines of evidence are the texts that people saw.

This module knows no file, no clock and no terminal. A journal that cannot have happened ends the
replay, never this program: what is wrong with it is part of the story.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.doctor.imports import Bill, read_imported
from pytest_bulkhead.core.guards.findings import Finding
from pytest_bulkhead.core.levels import parse_level
from pytest_bulkhead.core.policy import GpuRelease, Policy
from pytest_bulkhead.core.run.run import Run
from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.report.attempts import Attempts
from pytest_bulkhead.report.chart import Chart
from pytest_bulkhead.report.crash import end_words
from pytest_bulkhead.report.journal import Line
from pytest_bulkhead.report.left_behind import read_finding
from pytest_bulkhead.report.lives import Lives
from pytest_bulkhead.report.why import Course

#: How many times the invariants are checked in a journal that is longer than this many events.
#: A check looks at every item, so one after each event would take the square of their number.
_CHECKS = 500


class Death(NamedTuple):
    """A text that was shown for a death."""

    seconds: float
    nodeid: str
    text: str


class Shown(NamedTuple):
    """What running a test once more has shown."""

    nodeid: str
    text: str


class Leak(NamedTuple):
    """A process that outlived its test, as the journal has it."""

    pid: int
    command: str
    tests: tuple[str, ...]


@dataclasses.dataclass(slots=True)
class Story:
    """All that is told of a run."""

    heading: Mapping[str, Any]
    run: Run
    #: Which test was where and when.
    chart: Chart
    #: One text for each template.
    templates: list[str] = dataclasses.field(default_factory=list)
    deaths: list[Death] = dataclasses.field(default_factory=list)
    answers: list[Shown] = dataclasses.field(default_factory=list)
    leaks: list[Leak] = dataclasses.field(default_factory=list)
    #: (test in hand, what a guard found)
    found: list[tuple[int, Finding]] = dataclasses.field(default_factory=list)
    attempts: Attempts = dataclasses.field(default_factory=Attempts)
    #: What was paid for imports.
    bill: Bill = dataclasses.field(default_factory=Bill)
    #: The counts of the last line; None when the journal has none.
    closed: Mapping[str, int] | None = None
    #: The last line is no whole line.
    torn: bool = False
    #: What cannot have happened; empty when the replay went well.
    broken: str = ""
    first: float = 0.0
    last: float = 0.0

    @property
    def lives(self) -> Lives:
        """The lives of its processes."""
        return self.chart.lives

    @property
    def course(self) -> Course:
        """How groups were run."""
        run = self.run
        seconds = [self.attempts.seconds(item.index) for item in run.items]
        groups, starts = run.roster.groups, self.lives.starts
        return Course(run.items, groups, starts, seconds, run.why_spawn, run.together)

    @property
    def sound(self) -> bool:
        """Whether the replay went well and its count is the one that was written down."""
        return not self.broken and (self.closed is None or dict(self.closed) == counted(self.run))


def counted(run: Run) -> dict[str, int]:
    """Return {word: tests in that state}."""
    return {state.word: number for state, number in run.ledger.counts().items()}


# -- telling -----------------------------------------------------------------------------------


def policy_of(heading: Mapping[str, Any]) -> Policy:
    """Return what the user had asked for.

    Raises:
        UsageProblem: the heading does not say it.
    """
    try:
        return Policy(
            level=parse_level(heading["level"], "heading"),
            workers=int(heading["workers"]),
            spawn=heading["start"] == "spawn",
            fork=heading["start"] == "fork",
            timeout=heading["timeout"],
            slack=float(heading["slack"]),
            grace=float(heading["grace"]),
            durations=dict(heading.get("durations", {})),
            stage=bool(heading.get("stage", False)),
            seed=int(heading.get("seed", -1)),
            spares=int(heading.get("spares", 0)),
            gpu_release=GpuRelease(*heading.get("gpu_release", ())),
            verify=str(heading.get("verify", "off")),
            retries=int(heading.get("retries", 0)),
            retry_budget=int(heading.get("retry_budget", 0)),
            bisect=float(heading.get("bisect", 0.0)),
            clean_exit=heading.get("exit") == "clean",
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise UsageProblem(f"the heading of the journal is not whole: {problem!r}") from problem


def tell(heading: Mapping[str, Any], lines: Sequence[Line], *, torn: bool = False) -> Story:
    """Replay a journal and return the story of its run.

    Args:
        heading: its first line.
        lines: the others, in order.
        torn: the last line was cut and is not among them.

    Raises:
        UsageProblem: the heading does not say how the run was to be.
    """
    run = Run(policy_of(heading))
    story = Story(heading, run, Chart(run), torn=torn)
    instants = [line.now for line in lines if line.event is not None]
    if instants:
        story.first, story.last = instants[0], instants[-1]
    every = 1 + len(instants) // _CHECKS
    now = story.first
    for number, line in enumerate(lines, 1):
        now = line.now if line.event is not None else now
        _take(story, line, now, check=number % every == 0 or number == len(lines))
    return story


def _take(story: Story, line: Line, now: float, *, check: bool) -> None:
    if line.closed is not None:
        story.closed = line.closed
    elif line.evidence is not None:
        _take_evidence(story, line.evidence, now)
    elif line.event is not None and not story.broken:
        _replay(story, line.event, now, check=check)


def _take_evidence(story: Story, facts: Mapping[str, Any], now: float) -> None:
    story.chart.note(facts, now)
    leak = facts.get("leak")
    if leak:
        story.leaks.append(Leak(leak["pid"], leak["command"], tuple(leak["tests"])))
    elif "answer" in facts:
        story.answers.append(Shown(facts["answer"]["nodeid"], facts["answer"]["text"]))
    elif "imported" in facts:
        story.bill.add(*read_imported(**facts["imported"]))
    elif "clashed" in facts:
        story.bill.note_clashes(facts["clashed"]["texts"])
    elif "finding" in facts:
        found = facts["finding"]
        story.found.append((int(found.get("item", -1)), read_finding(found)))
    elif "native" in facts:
        text = f"native stack: {facts['native']}"
        story.deaths.append(Death(now - story.first, str(facts["nodeid"]), text))
    elif "text" in facts:  # of what else was noted, the core that replays knows by itself
        nodeid, text = str(facts.get("nodeid", "")), str(facts["text"])
        story.deaths.append(Death(now - story.first, nodeid, text))


def _replay(story: Story, event: ev.Event, now: float, *, check: bool) -> None:
    try:
        _note_template(story, event)
        actions = story.run.handle(event, now)
        story.attempts.note(story.run, event, actions, now)
        story.chart.look(event, actions, now)
        if check:
            story.run.validate()
    except Exception as problem:  # noqa: BLE001 - whatever a core breaks with, its input was wrong
        what = f"{type(problem).__name__}: {problem}" if str(problem) else type(problem).__name__
        story.broken = f"{type(event).__name__} at {now - story.first:.2f} s: {what}"


def _note_template(story: Story, event: ev.Event) -> None:
    if isinstance(event, ev.Collected):
        story.templates.append(
            f"template {event.template} collected {tests_word(len(event.items))}"
        )
    elif isinstance(event, ev.TemplateEnded) and event.collecting and story.run.template.expected:
        how = end_words(event.end)
        story.templates.append(
            f"template {event.template} crashed with {how} while {event.collecting} was collected"
        )
    elif isinstance(event, ev.TemplateEnded) and not event.end.clean:
        story.templates.append(f"template {event.template} ended with {event.end}")


def tests_word(count: int) -> str:
    """Return a number of tests, in words."""
    return "1 test" if count == 1 else f"{count} tests"
