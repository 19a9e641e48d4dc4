"""The story of a run as people read it: lines, and how each of them weighs.

How they are set apart on a terminal is for the printer to say.
"""

from __future__ import annotations

import enum
import shlex
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pytest_bulkhead.core import actions as do
from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.core.crash.evidence import Evidence
from pytest_bulkhead.report.crash import end_words, headline
from pytest_bulkhead.report.imports import bill_lines
from pytest_bulkhead.report.left_behind import finding_lines
from pytest_bulkhead.report.lives import Life
from pytest_bulkhead.report.slow import slow_lines
from pytest_bulkhead.report.story import Death, Leak, Story, counted, tests_word
from pytest_bulkhead.report.terminal import Surroundings, isolation_line
from pytest_bulkhead.report.why import why_in_short


class Weight(enum.Enum):
    """What a line is: how it is set apart is for the printer to say."""

    PART = "begins a part"
    REPORT = "begins a report"
    PLAIN = "all others"


class Told(NamedTuple):
    """A line of the story."""

    weight: Weight
    text: str


def story_lines(story: Story) -> Iterator[Told]:
    """Yield the story as people read it."""
    command = shlex.join(["pytest", *map(str, story.heading.get("args", []))])
    yield from part(command, _heading_lines(story))
    yield from part("processes", [*story.templates, *_life_lines(story)])
    if story.deaths:
        yield from part("what was reported, in order", ())
        for death in story.deaths:
            yield from report_of(death)
    if story.answers:
        text = "\n".join(f"{answer.nodeid}: {answer.text}" for answer in story.answers)
        yield from part("run once more", text.splitlines())
    if story.leaks:
        yield from part("processes left behind", map(leak_line, story.leaks))
    if story.found:
        yield from part("left behind", finding_lines(finding for _item, finding in story.found))
    if not story.bill.empty:
        yield from part("imports", bill_lines(story.bill, str(story.heading.get("dir", ""))))
    if story.run.items:
        slow = slow_lines(story.run.items, story.attempts, story.lives)
        yield from part("what took how long", slow)
        yield from part("why groups ran as they did", why_in_short(story.course))
    yield from part("the sum", _sum_lines(story))
    if story.broken:
        yield from part("the replay broke", _broken_lines(story))
    elif story.closed is None:
        yield from part("the run was cut off", _cut_lines(story))


def part(title: str, lines: Iterable[str]) -> Iterator[Told]:
    """Yield a part of the story."""
    yield Told(Weight.PART, title)
    for line in lines:
        yield Told(Weight.PLAIN, line)


def report_of(death: Death) -> Iterator[Told]:
    """Yield what was reported of a death, as it was shown then."""
    yield Told(Weight.REPORT, f"{death.nodeid} ({death.seconds:.2f} s after the start)")
    for line in death.text.splitlines():
        yield Told(Weight.PLAIN, line)


def _heading_lines(story: Story) -> Iterator[str]:
    heading, run = story.heading, story.run
    yield f"in {heading.get('dir', 'a folder that the journal does not name')}"
    policy = run.policy
    if run.items:
        around = Surroundings(heading.get("profile", ()), heading.get("why_exec", ""))
        seed = run.roster.seed
        yield isolation_line(policy.level, policy.workers, run.why_spawn, seed, around)
    else:
        yield f"isolate: {policy.level.word} level, nothing was collected"


def _life_lines(story: Story) -> Iterator[str]:
    width = max((len(life.group) for life in story.lives.of.values()), default=0)
    for life in story.lives.of.values():
        count = tests_word(len(life.worker.done))
        yield f"gw{life.worker.slot}  {life.group:<{width}}  {count:>9}  {life_words(life, story)}"


def life_words(life: Life, story: Story) -> str:
    """Return how a process ended, or that it was alive when the journal ended."""
    worker, end = life.worker, life.end
    if end is None:
        return _alive_words(life, story)
    if life.crash is not None:
        nodeid = story.run.items[life.crash.item].nodeid
        return crash_words(life.crash) + ("" if life.group == nodeid else f": {nodeid}")
    if worker.killed_for:
        return f"was ended with {end}: {worker.killed_for}"
    if life.left and end.clean:
        return f"left, after {life.fallen} below it had died" if life.fallen else "left"
    return f"ended with {end_words(end)} in {life.phase.word}"


def _alive_words(life: Life, story: Story) -> str:
    item = life.worker.item
    if item is None:
        return "was alive when the journal ended"
    return f"was running {story.run.items[item].nodeid} when the journal ended"


def leak_line(leak: Leak) -> str:
    """Return the line on a process that was left behind."""
    who = " or ".join(leak.tests) or "a test that could not be named"
    return f"{who} left pid {leak.pid} running, it was ended: {leak.command}"


def _sum_lines(story: Story) -> Iterator[str]:
    run, counts = story.run, counted(story.run)
    total = " + ".join(f"{number} {word}" for word, number in sorted(counts.items(), key=_rank))
    yield f"{len(run.items)} collected = {total or '0'}"
    if run.ledger.teardown_errors:
        yield f"errors at teardown of tests that had ended: {run.ledger.teardown_errors}"
    if run.stopping:
        yield f"no further test was started: {run.stopping}"
    if story.closed is not None and dict(story.closed) != counts:
        yield f"the run itself counted otherwise: {dict(story.closed)}"


_ORDER = [state.word for state in State if state > State.RUNNING] + ["running", "not run"]


def _rank(pair: tuple[str, int]) -> int:
    return _ORDER.index(pair[0])


def _broken_lines(story: Story) -> Iterator[str]:
    yield f"at {story.broken}"
    if story.run.policy.workers > 1 and "durations" not in story.heading:
        yield "groups were ordered by durations of earlier runs, which this journal does not have"
    else:
        yield "the core never decides so: this journal was altered, or another version wrote it"
    yield "the processes and the sum above are true up to there"


def _cut_lines(story: Story) -> Iterator[str]:
    torn = ", in the middle of a line" if story.torn else ""
    lasted = story.last - story.first
    yield f"the journal ends after {lasted:.2f} s without its last line{torn}"
    yield "so it is still under way, or the controller was killed, or its disk was full"
    running = story.run.in_hand()
    for worker, item in running:
        yield f"running then: gw{worker.slot} {item.nodeid}"
    if not running:
        yield "running then: no test"


def crash_words(crash: do.ReportCrash) -> str:
    """Return the sentence that was shown for a death."""
    return headline(
        Evidence(
            "", "", crash.phase, crash.subject, crash.end,
            seconds=crash.seconds, killed_for=crash.killed_for, timed_out=crash.timed_out,
        )
    )  # fmt: skip
