"""The text of a crash report: the first line says it all, the rest is evidence.

The first line matters most: JUnit XML, the short summary and most CI pages show only that.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from pytest_bulkhead.core.crash.evidence import Evidence
from pytest_bulkhead.core.crash.standstill import Standstill, verdict
from pytest_bulkhead.core.diagnosis.rule import Diagnosis
from pytest_bulkhead.core.ends import End, signal_name
from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.core.resources.sizes import show_size

_SIGKILL = 9

#: Tests of an earlier process that are listed by name.
_MAX_BEFORE = 8
#: Characters of a command line.
_MAX_COMMAND = 80
#: Findings of guards that are listed.
_MAX_LEFT = 5


def headline(evidence: Evidence) -> str:
    """Return the sentence: what happened, in which phase, of which fixture."""
    where = f"in {evidence.phase.word}"
    if evidence.subject:
        where += f" of fixture {fixture_words(evidence.subject)}"
    if evidence.timed_out:
        return f"timed out {where} after {evidence.seconds:.1f} s"
    if evidence.killed_for:
        return f"crashed {where}: {evidence.killed_for}, so it was ended with {evidence.end}"
    if evidence.end.signal == _SIGKILL and not evidence.end.out_of_memory:
        return f"killed by SIGKILL {where}, by whom is not known"
    return f"crashed with {end_words(evidence.end)} {where}"


def end_words(end: End) -> str:
    """Return how a process ended, so that a green-looking code is not taken for one."""
    if end.code == 0:
        return "exit code 0 (the process left in the middle of the run)"
    return str(end)


def fixture_words(subject: str) -> str:
    """Return a fixture as people read it, from `scope name of node by definer`."""
    scope, _space, rest = subject.partition(" ")
    name, _of, node = rest.partition(" of ")
    node = node.partition(" by ")[0]
    wide = scope != "function" and node != "session"
    return f"{name!r} ({scope} of {node})" if wide else f"{name!r} ({scope} scope)"


def report_text(evidence: Evidence, diagnosis: Diagnosis | None = None) -> str:
    """Return the whole report.

    Args:
        evidence: of the crash.
        diagnosis: what it means; None when that is not known.
    """
    return "\n".join(_lines(evidence, diagnosis))


def _lines(evidence: Evidence, diagnosis: Diagnosis | None) -> Iterator[str]:
    yield headline(evidence)
    if diagnosis is not None:
        yield from diagnosis_lines(diagnosis)
    yield ""
    yield f"  test:        {evidence.nodeid}"
    attempt = f", attempt {evidence.attempt}" if evidence.attempt > 1 else ""
    yield f"  process:     {evidence.worker}, after {evidence.seconds:.2f} s in this test{attempt}"
    if evidence.end.peak_kib:
        yield f"  peak memory: {evidence.end.peak_kib / 1024:.0f} MiB resident"
    yield from _memory(evidence)
    if evidence.timed_out:
        yield from _standstill(evidence)
    if evidence.decided:
        yield "  the test itself had finished: its outcome stands, this is an error at teardown"
    if evidence.rest:
        yield f"  {_rest(evidence.rest)}"
    if evidence.before:
        yield f"  before it in this process: {_before(evidence.before)}"
        command = bisect_command(evidence.nodeid, evidence.journal)
        yield f"  which of them it needs, if any: {command}"
    for finding in evidence.left[-_MAX_LEFT:]:
        yield f"  left there by {finding.blamed}: {finding.guard}: {'; '.join(finding.texts)}"
    yield from _kept(evidence)
    yield f"  run it again: {evidence.command}"
    yield ""
    yield trim_stacks(evidence.stacks) or _why_no_stacks(evidence)
    if evidence.standstill is not None:
        yield from _stacks_below(evidence.standstill)


def _stacks_below(seen: Standstill) -> Iterator[str]:
    for child in seen.below:
        if child.stacks:
            yield f"\nProcess {child.pid}, below it:\n{trim_stacks(child.stacks)}"


def diagnosis_lines(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield what a crash means, how sure that is and why, what to do, and where to read more."""
    yield f"  {diagnosis.certainty.value}: {diagnosis.verdict}"
    yield f"  because: {'; '.join(diagnosis.reasons)}"
    yield f"  what to do: {diagnosis.mend}"
    if diagnosis.link:
        yield f"  see: {diagnosis.link}"


#: Parts of the paths of frames that are pytest's way to a test, and ours.
_MACHINERY = (
    "/_pytest/", "/pluggy/", "/pytest_bulkhead/", "/pytest/__main__.py", "/bin/pytest",
    '"<frozen importlib', '"<frozen runpy',
)  # fmt: skip


def trim_stacks(stacks: str) -> str:
    """Return stacks of faulthandler without the frames of the machinery: thirty lines less."""
    lines = stacks.strip().splitlines()
    kept = [line for line in lines if not _is_machinery(line)]
    left_out = len(lines) - len(kept)
    if left_out:
        kept.append(f"  ({left_out} frames of pytest left out)")
    return "\n".join(kept)


def _is_machinery(line: str) -> bool:
    return line.startswith("  File ") and any(part in line for part in _MACHINERY)


def _memory(evidence: Evidence) -> Iterator[str]:
    for name, limit in evidence.limits:
        yield f"  {f'{name}:':<12} {show_size(limit)}"
    events = [f"{name} {n}" for name, n in evidence.memory_events if name.startswith("oom")]
    if events:
        yield f"  in its control group since the run began: {', '.join(events)}"


def _standstill(evidence: Evidence) -> Iterator[str]:
    seen = evidence.standstill
    if seen is None:
        return
    yield f"  meanwhile:   {verdict(seen, evidence.stacks)}"
    for child in seen.below:
        yield f"  below it:    {child.pid}, {child.state}: {child.command[:_MAX_COMMAND]}"


def _kept(evidence: Evidence) -> Iterator[str]:
    if evidence.artifacts:
        yield f"  artifacts:   {evidence.artifacts}"


def _rest(count: int) -> str:
    tests = "1 test" if count == 1 else f"{count} tests"
    return (
        f"{tests} of its group went on in a new process, where fixtures wider than a test were "
        "set up again"
    )


def _before(before: tuple[str, ...]) -> str:
    shown = ", ".join(before[-_MAX_BEFORE:])
    more = len(before) - _MAX_BEFORE
    return f"{shown} (and {more} earlier ones)" if more > 0 else shown


def crash_properties(evidence: Evidence) -> list[tuple[str, object]]:
    """Return what a JUnit file, and whoever reads properties of tests, has of a crash."""
    end = "timed out" if evidence.timed_out else "crashed"
    found: list[tuple[str, object]] = [
        ("isolate_end", end), ("isolate_phase", evidence.phase.word),
    ]  # fmt: skip
    if evidence.end.signal is not None:
        found.insert(1, ("isolate_signal", signal_name(evidence.end.signal)))
    for finding in evidence.left:
        left = f"{finding.blamed}: {finding.guard}"
        found += [("left_behind", f"{left}: {text}") for text in finding.texts]
    return found


def bisect_command(nodeid: str, journal: str) -> str:
    """Return the command that finds which of the tests before it a test needs to break.

    Args:
        nodeid: of the test.
        journal: the file that has who ran before it; empty where none is written.
    """
    more = [f"--journal={journal}"] if journal else []
    return shlex.join(["bulkhead", "bisect", nodeid, *more])


def _why_no_stacks(evidence: Evidence) -> str:
    if evidence.end.signal == _SIGKILL and not evidence.timed_out:
        return "no Python stacks: SIGKILL leaves a process no time to write them"
    if evidence.end.code is not None:
        return "no Python stacks: the process exited, it was not killed"
    return "no Python stacks were written (faulthandler was disabled, or its file was closed)"


def breach_text(
    evidence: Evidence, items: tuple[str, ...], diagnosis: Diagnosis | None = None
) -> str:
    """Return the report of a death that no test owned."""
    where = f"in {evidence.phase.word}"
    if evidence.killed_for:
        first = f"{evidence.worker} was ended {where}: {evidence.killed_for}"
    else:
        first = f"{evidence.worker} ended with {end_words(evidence.end)} {where}"
    meant = diagnosis_lines(diagnosis) if diagnosis else ()
    lines = [first, *meant, "", *_who_ran(evidence, items)]
    lines += [*_standstill(evidence), *_kept(evidence)]
    if evidence.stacks:
        lines += ["", trim_stacks(evidence.stacks)]
    return "\n".join(lines)


def _who_ran(evidence: Evidence, items: tuple[str, ...]) -> list[str]:
    if not items:
        return ["  no test had run in it"]
    if evidence.phase in (Phase.LEAVING, Phase.FINISHING):
        kept = "  all its tests had finished and keep their outcomes; one of them left this behind:"
    else:
        kept = "  tests that had run in it, and keep their outcomes:"
    return [kept, *(f"    {nodeid}" for nodeid in items)]
