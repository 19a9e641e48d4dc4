"""Specification of `core.diagnosis.table`."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_bulkhead.core.diagnosis.rule import Certainty
from pytest_bulkhead.core.diagnosis.table import RULES, diagnose, diagnoses

from .crashes import crash, left


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_says_all_that_it_has_to(rule):
    """Each part is there, fits a row of a table, and the proof says how sure it is."""
    texts = [rule.verdict, rule.mend, rule.proof, *rule.symptoms]
    assert all(texts)
    assert not [text for text in texts if "|" in text or "\n" in text]
    assert any(certainty.value in rule.proof for certainty in Certainty)
    assert re.fullmatch(r"https?://\S+|", rule.link)
    assert [other.name for other in RULES].count(rule.name) == 1


def test_the_best_diagnosis_comes_first():
    """Who left something comes before what it led to, and this before what is true of many ends."""
    armed = left("faulthandler", "the watchdog of faulthandler is armed")
    evidence = crash(code=1, left=armed)

    assert [one.name for one in diagnoses(evidence)] == ["watchdog", "exit"]
    first = diagnose(evidence)
    assert (first.certainty, first.link) == (Certainty.LIKELY, RULES_BY_NAME["watchdog"].link)


RULES_BY_NAME = {rule.name: rule for rule in RULES}


@pytest.mark.parametrize("evidence", [crash(11), crash(6), crash(9), crash(8), crash(4), crash()])
def test_an_end_alone_is_unknown(evidence):
    """A null pointer, an abort, a kill, a division by zero: nobody knows why."""
    assert diagnose(evidence) is None


@given(
    st.one_of(st.none(), st.integers(0, 255)), st.one_of(st.none(), st.integers(1, 64)),
    st.text(), st.text(), st.booleans(),
)  # fmt: skip
def test_any_evidence_can_be_judged(code, signal, output, stacks, timed_out):
    """No rule raises, whatever a process wrote."""
    evidence = crash(signal, code, output=output, stacks=stacks, timed_out=timed_out)
    assert len(list(diagnoses(evidence))) <= len(RULES)
