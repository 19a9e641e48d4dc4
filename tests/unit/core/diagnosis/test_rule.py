"""Specification of `core.diagnosis.rule`."""

from __future__ import annotations

import re

from pytest_bulkhead.core.diagnosis.rule import (
    Certainty,
    Diagnosis,
    certain,
    for_journal,
    left_by,
    likely,
    possible,
    said,
)

from .crashes import crash, left


def test_each_certainty_has_its_reasons():
    """Certain, likely and possible, and what led there."""
    assert certain("a", "b") == (Certainty.CERTAIN, ("a", "b"))
    assert likely("a").certainty is Certainty.LIKELY
    assert possible("a").certainty is Certainty.POSSIBLE


def test_what_was_said_is_quoted_to_the_end_of_its_line():
    """A long line is cut; what was not said is empty."""
    evidence = crash(6, output="before\nhere it is, and more \nafter\n" + "x" * 500)

    assert said(evidence, re.compile("here")) == "here it is, and more"
    assert said(evidence, re.compile("^x+$", re.M)) == "x" * 160 + " ..."
    assert said(evidence, re.compile("never")) == ""


def test_who_left_something_is_the_latest_of_them():
    """Of that guard, and with these words."""
    evidence = crash(14, left=(*left("signals", "an alarm"), *left("files", "an alarm")))

    assert left_by(evidence, "signals", "alarm") == "a.py::before left it there: an alarm"
    assert left_by(evidence, "threads", "alarm") == ""
    assert left_by(evidence, "signals", "handler") == ""


def test_the_journal_has_plain_values():
    """The certainty by its word, all else as it is."""
    told = for_journal(Diagnosis("n", "v", Certainty.LIKELY, ("r",), "m", "l"))

    assert told == {
        "name": "n", "verdict": "v", "certainty": "likely", "reasons": ("r",), "mend": "m",
        "link": "l",
    }  # fmt: skip
