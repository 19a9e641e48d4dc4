"""What real libraries do to each other and to a fork is told for what it is.

The suites are those of `examples/`, without what keeps them from harm, and `programs/diagnosis/libraries/`.
"""

from __future__ import annotations

import shutil

import pytest
from conftest import EXAMPLES, PROGRAMS, read_journal, shown
from diagnosis.expected import LIBRARIES, Case

PROGRAMS_OF_OURS = PROGRAMS / "diagnosis" / "libraries"


@pytest.mark.parametrize("case", LIBRARIES, ids=lambda case: case.place)
def test_a_library_is_told_for_what_it_does(case: Case, run, monkeypatch, no_process_left):
    """Every rule that holds is the one of the model, on the test that crashes or hangs."""
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.delenv("TOKENIZERS_PARALLELISM", raising=False)
    source = EXAMPLES / case.place if (EXAMPLES / case.place).is_dir() else PROGRAMS_OF_OURS
    shutil.copytree(source, run.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__*"))
    finished = run(*case.args, "--isolate-report=run.jsonl", timeout=120)
    entries = [entry.get("evidence", {}) for entry in read_journal(run.path / "run.jsonl")]
    found = [
        (entry["nodeid"], tuple(one["name"] for one in entry["diagnoses"]))
        for entry in entries
        if "diagnoses" in entry
    ]
    assert [nodeid for nodeid, _rules in found] == [case.test], shown(finished)
    assert found[0][1][: len(case.rules)] == case.rules, shown(finished)
    no_process_left(finished)
