"""The story of one test of a run: where it ran, after whom, how it went, and why so."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Iterator

from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.core.item import Item
from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.report.attempts import Attempt
from pytest_bulkhead.report.left_behind import finding_lines
from pytest_bulkhead.report.story import Story, tests_word
from pytest_bulkhead.report.story_lines import Told, crash_words, leak_line, part, report_of
from pytest_bulkhead.report.why import why_lines

#: Tests that ran before it in its process and are named; the latest ones count most.
_SHOWN = 20
#: Names that are offered for one that does not exist, and how alike they must be.
_OFFERED, _ALIKE = 3, 0.5


def find_item(story: Story, nodeid: str) -> Item:
    """Return the test of that node id.

    Raises:
        UsageProblem: there is none; the nearest ones are named.
    """
    for item in story.run.items:
        if item.nodeid == nodeid:
            return item
    known = [item.nodeid for item in story.run.items]
    within = [one for one in known if nodeid in one][:_OFFERED]
    near = within or difflib.get_close_matches(nodeid, known, _OFFERED, _ALIKE)
    offered = f"; is it {' or '.join(near)}?" if near else ""
    raise UsageProblem(
        f"{nodeid}: no such test among the {tests_word(len(known))} of this run{offered}\n"
        "hint: write it as `pytest --collect-only -q` does"
    )


def one_test_lines(story: Story, item: Item) -> Iterator[Told]:
    """Yield the story of a test as people read it."""
    attempts = story.attempts.of.get(item.index, [])
    yield from part(item.nodeid, _sum_lines(story, item))
    for number, attempt in enumerate(attempts, 1):
        title = f"attempt {number} of {len(attempts)}" if len(attempts) > 1 else "how it went"
        trial = ", a trial, which does not count" if attempt.trial else ""
        yield from part(title + trial, _attempt_lines(story, attempt))
    for death in story.deaths:
        if death.nodeid == item.nodeid:
            yield from report_of(death)
    for answer in story.answers:
        if answer.nodeid == item.nodeid:
            yield from part("run once more", answer.text.splitlines())
    found = [finding for index, finding in story.found if index == item.index]
    if found:
        yield from part("left behind", finding_lines(found))
    leaks = [leak for leak in story.leaks if item.nodeid in leak.tests]
    if leaks:
        yield from part("processes left behind", map(leak_line, leaks))
    yield from part("why it ran so", _why_lines(story, item))


def _sum_lines(story: Story, item: Item) -> Iterator[str]:
    state = story.run.ledger.state(item.index)
    if state is State.NOT_RUN:
        why = story.run.stopping or "the journal ends before its turn"
        yield f"not run: {why}"
        return
    yield f"{state.word}, {story.attempts.seconds(item.index):.2f} s in all"


def _attempt_lines(story: Story, attempt: Attempt) -> Iterator[str]:
    worker = attempt.worker
    how = "below a stage of it" if worker.staged else "forked" if worker.forked else "spawned"
    at = attempt.since - story.first
    yield f"in gw{worker.slot} ({how}), {at:.2f} s after the start of the run"
    yield from _before_lines(story, attempt)
    if attempt.in_stage:
        yield "in a stage, for which its wide fixtures were set up"
    elif attempt.staged:
        yield f"{attempt.staged:8.2f} s  of its setup, in a stage: wide fixtures"
    for phase in attempt.phases:
        yield f"{phase.seconds:8.2f} s  {phase.when} {phase.outcome}"
    yield f"{attempt.seconds:8.2f} s  {_end_words(attempt)}"


def _before_lines(story: Story, attempt: Attempt) -> Iterator[str]:
    before = [story.run.items[index].nodeid for index in attempt.before]
    if not before:
        yield "the first test of its process"
        return
    left_out = len(before) - _SHOWN
    latest = f", of which these are the latest {_SHOWN}" if left_out > 0 else ""
    yield f"after {tests_word(len(before))} in its process{latest}:"
    for nodeid in before[-_SHOWN:]:
        yield f"  {nodeid}"


def _end_words(attempt: Attempt) -> str:
    if attempt.crash is not None:
        return crash_words(attempt.crash)
    if attempt.until is None:
        return "it was running when the journal ended"
    if attempt.state is State.NOT_RUN:
        return "put back: its process ended, and it was not to blame"
    return attempt.state.word


def _why_lines(story: Story, item: Item) -> Iterator[str]:
    yield from why_lines(story.course, item.index)
    command = shlex.join(["pytest", f"--isolate={story.run.policy.level.word}", item.nodeid])
    yield f"run it again: {command}"
