"""What several processes have captured for one phase of a test reads as if it had been one."""

from __future__ import annotations

from pytest_bulkhead.core.sections import from_titles, join_sections, to_titles


def test_the_same_stream_of_a_phase_is_joined():
    """Output as it is, logs line by line; another phase's stays apart."""
    earlier = [("setup", "stdout", "a\n"), ("setup", "log", "one"), ("call", "stdout", "b\n")]
    later = [("setup", "stdout", "c\n"), ("setup", "log", "two"), ("call", "stdout", "d")]
    assert join_sections(earlier, later) == [
        ("setup", "stdout", "a\nc\n"), ("setup", "log", "one\ntwo"), ("call", "stdout", "b\nd"),
    ]  # fmt: skip


def test_a_stream_that_was_silent_before_stands_where_pytest_shows_it():
    """Output, then errors, then the log, phase by phase."""
    earlier = [("setup", "log", "one"), ("call", "stderr", "x")]
    later = [("setup", "stdout", "a"), ("call", "stdout", "b"), ("teardown", "log", "c")]
    assert join_sections(earlier, later) == [
        ("setup", "stdout", "a"), ("setup", "log", "one"), ("call", "stdout", "b"),
        ("call", "stderr", "x"), ("teardown", "log", "c"),
    ]  # fmt: skip


def test_titles_of_reports_survive_a_round_trip():
    """Also those that plugins made up."""
    titles = [("Captured stdout call", "a"), ("Captured weather", "b"), ("My own", "c")]
    assert from_titles(titles)[0] == ("call", "stdout", "a")
    assert to_titles(from_titles(titles)) == titles
