"""Specification of `report.crash`: the first line says it all."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest

from pytest_bulkhead.core.crash.evidence import Evidence
from pytest_bulkhead.core.crash.standstill import Below, Standstill
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.guards.findings import Done, Finding
from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.report.crash import (
    breach_text,
    crash_properties,
    end_words,
    fixture_words,
    headline,
    report_text,
    trim_stacks,
)

SEGV = End(signal=11)


def evidence(phase=Phase.CALL, subject="", end=SEGV, **more):
    return Evidence("a.py::t", "gw0", phase, subject, end, **more)


@pytest.mark.parametrize(
    ("words", "known"),
    [
        ("crashed with SIGSEGV in call", evidence()),
        (
            "crashed with exit code 0 (the process left in the middle of the run) in call",
            evidence(end=End(code=0)),
        ),
        (
            "crashed with SIGKILL (out of memory) in setup of fixture 'db' (session scope)",
            evidence(Phase.SETUP, "session db of session", End(signal=9, out_of_memory=True)),
        ),
        ("killed by SIGKILL in call, by whom is not known", evidence(end=End(signal=9))),
        (
            "timed out in teardown of fixture 'db' (module of a.py) after 2.5 s",
            evidence(Phase.TEARDOWN, "module db of a.py by tests", timed_out=True, seconds=2.5),
        ),
        (
            "crashed in call: it closed its result channel, so it was ended with SIGKILL",
            evidence(end=End(signal=9), killed_for="it closed its result channel"),
        ),
    ],
)
def test_the_headline(words, known):
    """It says what happened, in which phase, and of which fixture."""
    assert words == headline(known)


@pytest.mark.parametrize(
    ("words", "subject"),
    [
        ("'f' (function scope)", "function f of a.py::t"),
        ("'f' (session scope)", "session f of session"),
        ("'f' (class of a.py::C)", "class f of a.py::C by conftest"),
    ],
)
def test_a_fixture_in_words(words, subject):
    """A wide fixture is shown with its node, one of a test or of the session with its scope."""
    assert words == fixture_words(subject)


def test_a_clean_exit_is_not_shown_as_one():
    """Exit code 0 in the middle of a run says so; any other end is itself."""
    assert "in the middle" in end_words(End(code=0))
    assert "exit code 3" == end_words(End(code=3))


def test_stacks_lose_the_frames_of_the_machinery():
    """Frames of pytest, pluggy, importlib and ours go, and are counted; all others stay."""
    stacks = "\n".join(
        [
            "Current thread 0x1 (most recent call first):",
            '  File "/home/me/test_a.py", line 3 in test_a',
            '  File "/lib/site-packages/_pytest/python.py", line 1 in pytest_pyfunc_call',
            '  File "/lib/site-packages/pluggy/_callers.py", line 1 in _multicall',
            '  File "/lib/site-packages/pytest_bulkhead/worker/main.py", line 1 in run',
            '  File "<frozen importlib._bootstrap>", line 1 in _load',
        ]
    )
    kept = trim_stacks(stacks).splitlines()

    assert stacks.splitlines()[:2] == kept[:2]
    assert ["  (4 frames of pytest left out)"] == kept[2:]


def test_stacks_without_machinery_stay_as_they_are():
    """Nothing is said of frames left out when none were."""
    stacks = 'Current thread 0x1:\n  File "a.py", line 1 in f'

    assert stacks == trim_stacks(f"{stacks}\n")


def test_the_report_has_all_the_evidence():
    """Test, process, memory, what ran before, what went on, and the command are in it."""
    text = report_text(
        evidence(
            end=End(signal=11, peak_kib=2048),
            seconds=1.5,
            command="pytest --isolate=session a.py::t",
            rest=2,
            before=("a.py::s",),
            stacks='Current thread 0x1:\n  File "a.py", line 1 in t',
        )
    )
    for part in (
        "crashed with SIGSEGV in call",
        "a.py::t",
        "gw0, after 1.50 s",
        "2 MiB resident",
        "2 tests of its group went on",
        "before it in this process: a.py::s",
        "run it again: pytest --isolate=session a.py::t",
        '  File "a.py", line 1 in t',
    ):
        assert part in text


def test_the_properties():
    """End, signal if there is one, phase, and what others had left there, as guards tell it."""
    left = Finding("environ", ("A is set", "B is gone"), "a.py::s", Done.REPORTED)

    assert crash_properties(evidence(left=(left,))) == [
        ("isolate_end", "crashed"), ("isolate_signal", "SIGSEGV"), ("isolate_phase", "call"),
        ("left_behind", "a.py::s: environ: A is set"),
        ("left_behind", "a.py::s: environ: B is gone"),
    ]  # fmt: skip
    hung = evidence(Phase.SETUP, end=End(code=1), timed_out=True)
    assert crash_properties(hung) == [("isolate_end", "timed out"), ("isolate_phase", "setup")]


def test_the_search_among_those_before_it():
    """Is offered where there are any, with the journal that has their order, if one is written."""
    before = ("a.py::s",)
    offer = "which of them it needs, if any: bulkhead bisect a.py::t"

    assert f"{offer}\n" in report_text(evidence(before=before))
    assert f"{offer} '--journal=a b'\n" in report_text(evidence(before=before, journal="a b"))
    assert "bisect" not in report_text(evidence(journal="a b"))


def test_a_long_list_of_earlier_tests_is_cut():
    """The latest eight are named, the others counted."""
    text = report_text(evidence(before=tuple(f"t{n}" for n in range(10))))

    assert "t2, t3, t4, t5, t6, t7, t8, t9 (and 2 earlier ones)" in text


@pytest.mark.parametrize(
    ("reason", "known"),
    [
        ("SIGKILL leaves a process no time", evidence(end=End(signal=9))),
        ("the process exited", evidence(end=End(code=3))),
        ("faulthandler was disabled", evidence()),
    ],
)
def test_missing_stacks_are_explained(reason, known):
    """A report without stacks says why there are none."""
    assert reason in report_text(known)


def test_a_decided_test_keeps_its_outcome():
    """A death in teardown says that the test's own outcome stands."""
    assert "its outcome stands" in report_text(evidence(Phase.TEARDOWN, decided=True))


@pytest.mark.parametrize(
    ("words", "phase", "items"),
    [
        ("one of them left this behind", Phase.LEAVING, ("a.py::t",)),
        ("tests that had run in it, and keep", Phase.BETWEEN, ("a.py::t",)),
        ("no test had run in it", Phase.STARTING, ()),
    ],
)
def test_a_breach_names_who_had_run(words, phase, items):
    """A death that no test owned names the process, the phase, and the tests that ran there."""
    text = breach_text(evidence(phase), items)

    assert f"gw0 ended with SIGSEGV in {phase.word}" == text.splitlines()[0]
    assert words in text
    assert all(nodeid in text for nodeid in items)


def test_a_hang_says_what_it_did_meanwhile():
    """The verdict on two looks, and those below it, with the stacks that they have written."""
    below = (Below(7, "sleep 9", "S (sleeping)"), Below(8, "child", "R (running)", "their stacks"))
    seen = Standstill(0.3, 0.0, "S (sleeping)", below=below)
    text = report_text(evidence(timed_out=True, stacks="own stacks", standstill=seen))

    assert "  meanwhile:   it stood still (0.00 s" in text
    assert "  below it:    7, S (sleeping): sleep 9\n" in text
    assert text.endswith("own stacks\n\nProcess 8, below it:\ntheir stacks")


def test_memory_is_told_where_it_is_limited():
    """Limits in force, and what happened in the control group; neither where there is nothing."""
    text = report_text(
        evidence(limits=(("RLIMIT_AS", 2**33),), memory_events=(("max", 9), ("oom_kill", 2)))
    )

    assert "  RLIMIT_AS:   8.00 GiB\n" in text
    assert "  in its control group since the run began: oom_kill 2\n" in text
    assert "control group" not in report_text(evidence())


def test_a_breach_says_what_it_did_meanwhile_and_where_more_is():
    """As a crash of a test does."""
    seen = Standstill(0.3, 0.0, "S (sleeping)")
    text = breach_text(evidence(Phase.LEAVING, standstill=seen, artifacts="/kept/gw0"), ())

    assert "  meanwhile:   it stood still" in text
    assert "  artifacts:   /kept/gw0" in text
