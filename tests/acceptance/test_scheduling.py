"""What tests require is theirs while they run: nothing is given out twice, and nobody waits in vain."""

from __future__ import annotations

import json
from pathlib import Path

from conftest import shown
from model.verifier import verify

from pytest_bulkhead.report.journal import read_journal

NOTES = """
import json, os, pathlib, time, pytest

NOTES = pathlib.Path(__file__).parent / "notes"

def hold(name, seconds=0.1):
    grant = json.loads(os.environ["BULKHEAD_GRANT"])
    begin = time.monotonic()
    time.sleep(seconds)
    note = [name, begin, time.monotonic(), os.getpid(), os.environ["BULKHEAD_SLOT"], os.environ["PYTEST_XDIST_WORKER"], grant]
    NOTES.mkdir(exist_ok=True)
    (NOTES / name).write_text(json.dumps(note))
"""

LOCKED = """
import pytest
from notes import hold

@pytest.mark.requires({mark})
def test_a(): hold("{name}.a")

def test_b(): hold("{name}.b")
"""


def notes_of(path: Path) -> dict[str, list]:
    return {file.name: json.loads(file.read_text()) for file in (path / "notes").iterdir()}


def verified(path: Path) -> list[str]:
    """Return what the verifier finds in the journal of a run."""
    journal = path / "journal"
    return verify(*read_journal(journal.read_text().splitlines(), str(journal)))


def overlap(one: list, other: list) -> bool:
    return one[1] < other[2] and other[1] < one[2]


def test_a_lock_has_one_holder(run, files):
    """Its tests run one after the other beside others; who shares it waits for who locks it."""
    marks = {"p": 'exclusive="db"', "q": 'exclusive=["db", "port"]', "r": 'shared="db"'}
    files(
        {
            "notes.py": NOTES,
            **{f"test_{n}.py": LOCKED.format(mark=m, name=n) for n, m in marks.items()},
        }
    )
    for how in (
        ("--isolate=session",),
        ("--isolate=function",),
        ("--isolate=module", "--isolate-start=spawn"),
    ):
        finished = run(
            *how, "-n3", "--isolate-report=journal", "-p", "no:randomly", PYTHONPATH=run.path
        )

        assert finished.counts == {"passed": 6}, shown(finished)
        assert verified(run.path) == []
        held = [note for name, note in notes_of(run.path).items() if name.endswith(".a")]
        assert not any(overlap(a, b) for a in held for b in held if a is not b), held
        assert all(f"gw{slot}" == worker for _n, _b, _e, _p, slot, worker, _g in held)


def test_memory_and_cpus_are_not_promised_twice(run, files):
    """Two that need more than half of it never run at the same time; both run."""
    most = "int(os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**20 * 0.4)"
    mark = f'ram=f"{{{most}}}MiB"'
    suite = f"import os\n{LOCKED}"
    files(
        {
            "notes.py": NOTES,
            **{f"test_{n}.py": suite.replace("{mark}", mark).replace("{name}", n) for n in "pqr"},
        }
    )
    finished = run(
        "--isolate=module",
        "-n3",
        "--isolate-report=journal",
        "-p",
        "no:randomly",
        PYTHONPATH=run.path,
    )

    assert finished.counts == {"passed": 6}, shown(finished)
    assert verified(run.path) == []
    held = [note for name, note in notes_of(run.path).items() if name.endswith(".a")]
    assert not all(overlap(a, b) for a in held for b in held), held
    assert all(note[-1]["ram"] > 0 for note in held)


def test_with_one_worker_what_is_asked_changes_no_process(run, files):
    """At session level all tests share one, in plain order, with all that any of them needs."""
    files(
        {
            "notes.py": NOTES,
            **{f"test_{n}.py": LOCKED.format(mark=f'exclusive="{n}"', name=n) for n in "pq"},
        }
    )
    finished = run(
        "--isolate=session", "--isolate-report=journal", "-p", "no:randomly", PYTHONPATH=run.path
    )

    assert finished.counts == {"passed": 4}, shown(finished)
    notes = sorted(notes_of(run.path).values(), key=lambda note: note[1])
    assert [note[0] for note in notes] == ["p.a", "p.b", "q.a", "q.b"]
    assert len({note[3] for note in notes}) == 1
    assert notes[0][-1]["exclusive"] == ["p", "q"]


def test_a_worker_that_holds_what_the_next_one_needs_makes_way(run, files):
    """With one worker, a group that is come back to would keep its lock: it begins again instead."""
    suite = (
        LOCKED
        + '\n@pytest.mark.isolate(group="{group}")\n@pytest.mark.requires({mark})\ndef test_c(): hold("{name}.c")\n'
    )
    first = suite.format(mark='exclusive="db"', name="p", group="x")
    files(
        {
            "notes.py": NOTES,
            "test_p.py": first,
            "test_q.py": suite.format(mark='exclusive="db"', name="q", group="y"),
        }
    )
    finished = run(
        "--isolate=session", "--isolate-report=journal", "-p", "no:randomly", PYTHONPATH=run.path
    )

    assert finished.counts == {"passed": 6}, shown(finished)
    assert verified(run.path) == []


def test_more_than_is_allowed_is_out_of_memory(run, files):
    """Where it is enforced, the test crashes with the reason; else it is told what to write.

    A test that declares nothing has no limit, whatever its neighbours declare.
    """
    files(
        {
            "test_a.py": """
import pytest, time

@pytest.mark.requires(ram="64MB")
def test_greedy():
    taken = bytearray(b"x" * 200_000_000)
    for _ in range(200):
        time.sleep(0.01)

def test_that_declares_nothing():
    taken = bytearray(b"x" * 200_000_000)
    time.sleep(0.5)
"""
        }
    )
    told = run("--isolate=module")
    assert told.counts == {"passed": 2}, shown(told)
    assert "test_a.py: declared ram 64MB, used 0." in told.section("more used than declared")

    ended = run("--isolate=module", "-o", "isolate_enforce=ram")
    assert ended.counts == {"passed": 1, "crashed": 1}, shown(ended)
    assert "crashed in call: out of memory: its processes had " in ended.out
    assert (
        " of the 64MB that it requires (isolate_enforce = ram), so it was ended with SIGKILL"
        in ended.out
    )
