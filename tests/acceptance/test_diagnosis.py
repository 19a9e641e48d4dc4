"""Each program of `programs/diagnosis/` is told for what it is, and for nothing else.

All are run once, for real; what is compared is every rule that holds, and not only the first one.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

from conftest import PROGRAMS, read_journal, read_junit, shown
from diagnosis.expected import EXPECTED

FOLDER = PROGRAMS / "diagnosis"


def test_the_table_of_confusions(run, no_process_left):
    """What a crash is told to mean is what happened, in the report and the journal; else nothing."""
    shutil.copytree(
        FOLDER, run.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__*", "libraries")
    )
    finished = run(
        "--isolate=module", "-q", "--isolate-report=run.jsonl", "--junitxml=junit.xml",
        "-o", "isolate_native=off", timeout=120,
    )  # fmt: skip
    entries = [entry.get("evidence", {}) for entry in read_journal(run.path / "run.jsonl")]
    crashes = {entry["nodeid"]: entry for entry in entries if "diagnoses" in entry}
    found = {
        nodeid: tuple(one["name"] for one in entry["diagnoses"])
        for nodeid, entry in crashes.items()
    }
    assert found == EXPECTED, shown(finished)
    for nodeid, entry in crashes.items():
        shows(entry["diagnoses"], entry["text"].splitlines()[1:5], nodeid)
    texts = str(read_junit(run.path / "junit.xml")["test_victim"])
    assert "certain: an alarm" in texts
    assert "test_alarm.py::test_culprit left it there" in texts
    no_process_left(finished)
    told = subprocess.run(
        [sys.executable, "-m", "pytest_bulkhead", "explain", str(run.path / "run.jsonl")],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert "certain: an alarm" in told.stdout, told


def shows(diagnoses, lines, nodeid):
    """A report shows the first diagnosis right below its headline, or none."""
    if not diagnoses:
        assert lines[0] == "", nodeid
        return
    first = diagnoses[0]
    wanted = [
        f"  {first['certainty']}: {first['verdict']}",
        f"  because: {'; '.join(first['reasons'])}",
        f"  what to do: {first['mend']}",
    ]
    assert lines[:3] == wanted, nodeid
    assert lines[3] == (f"  see: {first['link']}" if first["link"] else "")
