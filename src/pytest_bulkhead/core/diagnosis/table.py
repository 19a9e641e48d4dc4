"""All rules, in the order in which they are asked: what names a cause comes before its effect."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_bulkhead.core.crash.evidence import Evidence
from pytest_bulkhead.core.diagnosis import forks, leaving, libraries, memory, recursion, timers
from pytest_bulkhead.core.diagnosis.rule import Diagnosis, Rule

RULES: tuple[Rule, ...] = (
    memory.OUT_OF_MEMORY,
    # What somebody said in so many words.
    libraries.OPENMP,
    libraries.TWICE,
    forks.MPS,
    forks.CUDA,
    forks.BUSY_CARD,
    leaving.FINALISED,
    memory.HEAP,
    memory.REFERENCES,
    # What an earlier test had left.
    libraries.GRPC,
    recursion.LIMIT_LEFT,
    timers.WATCHDOG,
    # What the end itself says.
    timers.ALARM,
    timers.CPU,
    leaving.PIPE,
    leaving.CLOSED,
    memory.TRUNCATED,
    # What the stacks say.
    recursion.OVERFLOW,
    memory.COLLECTED,
    memory.CALLED_NOWHERE,
    forks.POOL,
    # What is true of many an end.
    leaving.BECAME,
    leaving.LEFT,
    timers.LIMIT,
)


def diagnoses(evidence: Evidence) -> Iterator[Diagnosis]:
    """Yield what evidence may mean, the best of it first; nothing when that is not known."""
    for rule in RULES:
        grounds = rule.judge(evidence)
        if grounds is not None:
            yield Diagnosis(
                rule.name, rule.verdict, grounds.certainty, grounds.reasons, rule.mend, rule.link
            )


def diagnose(evidence: Evidence) -> Diagnosis | None:
    """Return what evidence means, None when that is not known."""
    return next(diagnoses(evidence), None)
