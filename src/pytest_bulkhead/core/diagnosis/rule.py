"""A rule: what it says, and on what grounds. And what rules ask of evidence."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from typing import NamedTuple

from pytest_bulkhead.core.crash.evidence import Evidence
from pytest_bulkhead.core.guards.findings import Finding


class Certainty(enum.Enum):
    """How sure a diagnosis is."""

    #: It cannot be anything else.
    CERTAIN = "certain"
    #: It is what nearly always leaves such evidence.
    LIKELY = "likely"
    #: The evidence allows it and speaks for nothing else.
    POSSIBLE = "possible"


class Grounds(NamedTuple):
    """Why a rule holds."""

    certainty: Certainty
    #: What of the evidence led there.
    reasons: tuple[str, ...]


class Rule(NamedTuple):
    """What a certain kind of evidence means."""

    #: An identity: in the journal and in docs/diagnosis.md.
    name: str
    verdict: str
    #: What to do about it.
    mend: str
    #: What people see, and search for.
    symptoms: tuple[str, ...]
    #: What is taken for a proof, and how sure that is.
    proof: str
    #: Where others have described it; empty for what is ours alone.
    link: str
    judge: Callable[[Evidence], Grounds | None]


class Diagnosis(NamedTuple):
    """What a crash means."""

    name: str
    verdict: str
    certainty: Certainty
    reasons: tuple[str, ...]
    mend: str
    link: str


def for_journal(diagnosis: Diagnosis) -> dict[str, object]:
    """Return a diagnosis as the journal has it."""
    return {**diagnosis._asdict(), "certainty": diagnosis.certainty.value}


def certain(*reasons: str) -> Grounds:
    """Return grounds that allow nothing else."""
    return Grounds(Certainty.CERTAIN, reasons)


def likely(*reasons: str) -> Grounds:
    """Return grounds that nearly always mean this."""
    return Grounds(Certainty.LIKELY, reasons)


def possible(*reasons: str) -> Grounds:
    """Return grounds that allow this."""
    return Grounds(Certainty.POSSIBLE, reasons)


#: What is quoted of a line; an error of OpenMP has seven hundred characters.
_LONGEST = 160


def said(evidence: Evidence, pattern: re.Pattern[str]) -> str:
    """Return the line of stderr that a pattern is found in, from there on; empty for none."""
    found = pattern.search(evidence.output)
    if found is None:
        return ""
    line = evidence.output[found.start() :].partition("\n")[0].strip()
    return f"{line[:_LONGEST]} ..." if len(line) > _LONGEST else line


def left_by(evidence: Evidence, guard: str, words: str) -> str:
    """Return who left something in this process before, and what; empty for nobody.

    Args:
        evidence: of the crash.
        guard: that found it.
        words: which are in what it found.
    """
    for finding in reversed(evidence.left):
        text = _text_of(finding, words) if finding.guard == guard else ""
        if text:
            return f"{finding.blamed} left it there: {text}"
    return ""


def _text_of(finding: Finding, words: str) -> str:
    return next((text for text in finding.texts if words in text), "")
