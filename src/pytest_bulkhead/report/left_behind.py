"""The section of the summary on what tests left behind: grouped by what it was, not by test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pytest_bulkhead.core.guards.findings import Done, Finding
from pytest_bulkhead.guards.registry import NAMES, advice_of

#: Things that are shown of one guard; the journal has all.
_SHOWN = 10

#: Tests that are named for one thing.
_NAMED = 3

#: What is said of a finding beside its text.
SAID = {
    Done.REPORTED: "",
    Done.RESTORED: " (put back)",
    Done.STUCK: " (could not be put back)",
    Done.FAILED: " (an error)",
    Done.ACCEPTED: " (accepted)",
}


def read_finding(facts: Mapping[str, Any]) -> Finding:
    """Return the finding that a journal tells of."""
    texts = tuple(map(str, facts["texts"]))
    return Finding(facts["guard"], texts, facts["blamed"], Done(facts["done"]))


def write_findings(reporter: Any, findings: Sequence[Finding]) -> None:  # noqa: ANN401
    """Write the section."""
    reporter.write_sep("=", "left behind", yellow=True)
    for line in finding_lines(findings):
        reporter.write_line(line)


def finding_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield the lines of the section, guard by guard.

    Args:
        findings: all of a run, in the order in which they were found.
    """
    guards: dict[str, dict[str, list[str]]] = {}
    for finding in findings:
        things = guards.setdefault(finding.guard, {})
        for text in finding.texts:
            blamed = things.setdefault(text + SAID[finding.done], [])
            if finding.blamed not in blamed:
                blamed.append(finding.blamed)
    for guard, things in guards.items():
        advice = f": {advice_of(guard)}" if guard in NAMES else ""
        yield f"{guard}{advice}"
        yield from _thing_lines(things)
    yield 'accept with @pytest.mark.leaves("...", reason="..."); policies: isolate_guards'


def _thing_lines(things: dict[str, list[str]]) -> Iterator[str]:
    for text, blamed in list(things.items())[:_SHOWN]:
        more = f" and {len(blamed) - _NAMED} more" if len(blamed) > _NAMED else ""
        yield f"  {text}"
        yield f"    {', '.join(blamed[:_NAMED])}{more}"
    if len(things) > _SHOWN:
        yield f"  and {len(things) - _SHOWN} more"
