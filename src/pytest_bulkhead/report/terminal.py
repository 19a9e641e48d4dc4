"""The terminal's part: the line on isolation, the words of crashes, the sections of the summary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pytest_bulkhead.core.levels import Level

#: {how a process ended its test: pytest's (category, letter, word)}
STATUS: dict[str, tuple[str, str, tuple[str, dict[str, bool]]]] = {
    "crashed": ("crashed", "C", ("CRASHED", {"red": True, "bold": True})),
    "timed out": ("timed out", "T", ("TIMED OUT", {"red": True, "bold": True})),
    "breach": ("error", "E", ("ERROR", {"red": True})),
    "retried": ("retried", "R", ("RETRIED", {"yellow": True})),
    "flaky": ("flaky", "f", ("FLAKY", {"yellow": True})),
}


#: What our own reports that are no failures say of their test.
_NOT_FAILED = ("retried", "flaky")


def status_of(report: Any) -> tuple[str, str, Any] | None:  # noqa: ANN401 - a report of any plugin
    """Return category, letter and word of a report of ours; None for any other report."""
    end = getattr(report, "isolate_end", None)
    if end is None or (report.outcome != "failed" and end not in _NOT_FAILED):
        return None
    if getattr(report, "isolate_decided", False):
        return STATUS["breach"]
    return STATUS[end]


class Surroundings(NamedTuple):
    """What processes of a run live in."""

    #: The environment profiles, as people read them.
    profile: Sequence[str] = ()
    #: Why the template is a fresh interpreter; empty where it need not be one.
    why_exec: str = ""


_USUAL = Surroundings()


def isolation_line(
    level: Level,
    workers: int,
    why_spawn: str,
    seed: int,
    around: Surroundings = _USUAL,
) -> str:
    """Return the line that says how tests are isolated, and why so.

    Args:
        level: the isolation level.
        workers: how many tests may run at once.
        why_spawn: why workers are spawned, empty when they are forked.
        seed: of the random streams, negative for none.
        around: the environment of its processes.
    """
    count = "1 worker" if workers == 1 else f"{workers} workers"
    start = f"spawned ({why_spawn})" if why_spawn else "forked from the template"
    if around.why_exec and not why_spawn:
        start = f"forked from a template that was started afresh ({around.why_exec})"
    shown = f", random seed {seed}" if seed >= 0 else ""
    profile = f", profile {', '.join(around.profile)}" if around.profile else ""
    return f"isolate: {level.word} level, {count}, {start}{shown}{profile}"


def collected_line(count: int, deselected: int, errors: int, skipped: int = 0) -> str:
    """Return the line on the collection, in pytest's own words."""
    parts = [f"collected {count + deselected} item{'' if count + deselected == 1 else 's'}"]
    if errors:
        parts.append(f"{errors} error{'' if errors == 1 else 's'}")
    if deselected:
        parts.append(f"{deselected} deselected")
    if skipped:
        parts.append(f"{skipped} skipped")
    if deselected:
        parts.append(f"{count} selected")
    return " / ".join(parts)


def write_crashes(reporter: Any, reports: Sequence[Any]) -> None:  # noqa: ANN401 - TerminalReporter
    """Write the section on crashes: each report with what its test had printed."""
    if not reports:
        return
    reporter.write_sep("=", "crashes", red=True, bold=True)
    for report in reports:
        reporter.write_sep("_", report.head_line or report.nodeid, red=True, bold=True)
        _write_report(reporter, report)
    reporter.write_sep("=", "crashes in short", red=True)
    for report in reports:
        word = "TIMED OUT" if report.isolate_end == "timed out" else "CRASHED"
        reporter.write(word, red=True, bold=True)
        reporter.write_line(f" {report.nodeid} - {report.isolate_headline}")


def write_retried(reporter: Any, retried: Sequence[Any], words: Mapping[int, str]) -> None:  # noqa: ANN401
    """Write the section on tests that were run again because their process had died.

    Args:
        reporter: pytest's.
        retried: the reports of the deaths that did not count.
        words: {item: the word of what its test has come to}
    """
    if not retried:
        return
    reporter.write_sep("=", "tests that were run again", yellow=True)
    for item in dict.fromkeys(report.item_index for report in retried):
        deaths = [report for report in retried if report.item_index == item]
        reporter.write_line(f"{deaths[0].nodeid}: {words[item]} in the end")
        for report in deaths:
            number = report.isolate_attempt
            reporter.write_line(f"  attempt {number}: {report.isolate_headline}")


def _write_report(reporter: Any, report: Any) -> None:  # noqa: ANN401
    style = reporter.config.getoption("tbstyle", "auto")
    if style == "no":
        return
    text = str(report.longrepr)
    if style == "line":
        text = text.partition("\n")[0]
    for line in text.splitlines():
        reporter.write_line(line)
    shown = reporter.config.getoption("showcapture", "all")
    for name, content in report.sections:
        captured = name.startswith("Captured ")
        if captured and (shown == "no" or (shown != "all" and shown not in name)):
            continue
        reporter.write_sep("-", name)
        reporter.write_line(content[:-1] if content[-1:] == "\n" else content)


def write_leaks(reporter: Any, leaks: Iterable[Any]) -> None:  # noqa: ANN401
    """Write the section on processes that outlived their tests."""
    for number, leak in enumerate(leaks):
        if number == 0:
            reporter.write_sep("=", "processes left behind", yellow=True)
        who = _who_left(leak.tests)
        reporter.write_line(f"{who} left pid {leak.pid} running, it was ended: {leak.command}")


def _who_left(tests: Sequence[str]) -> str:
    if not tests:
        return "a test that could not be named"
    more = f" or one of {len(tests) - 3} more" if len(tests) > 3 else ""
    return " or ".join(tests[:3]) + more


def write_counts(reporter: Any, counts: Sequence[tuple[str, int]], collected: int) -> None:  # noqa: ANN401
    """Write how many tests ended how, when some of them did not run."""
    total = " + ".join(f"{number} {word}" for word, number in counts)
    reporter.write_line(f"isolate: {collected} collected = {total}")
