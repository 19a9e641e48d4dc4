"""`--isolate-imports`: what the suite pays for imports, with isolation or without."""

from __future__ import annotations

import re

import pytest
from conftest import read_journal, shown
from suites import MIXED

HEAVY = """
import time
BLOCK = bytearray(b"x") * (30 * 2**20)
end = time.perf_counter() + 0.1
while time.perf_counter() < end: pass
"""

SUITE = {
    "heavy.py": HEAVY,
    "wide.py": HEAVY,
    "late.py": HEAVY,
    "passes_on.py": "import heavy\n",
    "conftest.py": "import pytest\n@pytest.fixture(scope='session')\ndef model():\n    import wide\n",
    "test_a.py": "import passes_on\n\ndef test_1(model): pass\ndef test_2():\n    import late\n",
    "test_b.py": "def test_3(model):\n    import late\n",
}

#: {how tests run: how often each module is imported}
HOWS = {
    (): {"heavy": 1, "wide": 1, "late": 1},
    ("--isolate=function", "--isolate-report=run.jsonl"): {"heavy": 1, "wide": 1, "late": 2},
    ("--isolate=module", "-n", "2"): {"heavy": 1, "wide": 1, "late": 2},
    ("--isolate=module", "--isolate-start=spawn", "-o", "isolate_spares=0"): {
        "heavy": 2,
        "wide": 2,
        "late": 2,
    },
}

ROW = re.compile(r"^ +([\d.]+) +([\d.]+) +([\d.]+)  (\w+): (.*)$", re.M)


@pytest.mark.parametrize(("how", "times"), HOWS.items(), ids=map(" ".join, HOWS))
def test_what_the_suite_pays(how, times, run, files):
    """Each heavy module has a row: seconds and memory of all its imports, the line, the occasion."""
    files(SUITE)
    finished = run("--isolate-imports", *how)
    found = ROW.findall(finished.section("imports"))
    rows = {name: (float(own), float(grown), where) for _, own, grown, name, where in found}

    assert finished.counts == {"passed": 3}, shown(finished)
    for name, count in times.items():
        own, grown, where = rows[name]
        assert own >= 0.1 * count, shown(finished)
        assert 25 * count < grown < 40 * count, shown(finished)
        assert where.endswith(f"; {count} times") == (count > 1), shown(finished)
    assert rows["heavy"][2].startswith("passes_on.py:1, collection of test_a.py")
    assert rows["wide"][2].startswith("conftest.py:4, setup of test_")
    assert re.match(r"test_(a.py:5|b.py:2), call of test_", rows["late"][2]), shown(finished)
    assert not {"passes_on", "test_a", "pytest_bulkhead"} & rows.keys(), shown(finished)
    assert "PLC0415" in finished.section("imports")
    if "--isolate-report=run.jsonl" in how:
        evidence = [line.get("evidence", {}) for line in read_journal(run.path / "run.jsonl")]
        told = [one["imported"] for one in evidence if "imported" in one]
        packages = [row[0] for one in told for row in one["rows"]]
        assert packages.count("late") == 2


def test_nothing_else_changes(run, files):
    """The output of tests that fail in every way is the same, but for the section; so is the exit status."""
    files(
        {
            **MIXED,
            "test_broken.py": "import missing\n",
            "test_raises.py": "import raises\n",
            "raises.py": "1 / 0\n",
        }
    )
    args = "-rA", "--continue-on-collection-errors", "-p", "no:cacheprovider"

    def lines(*more):
        finished = run(*args, *more)
        text = finished.out.replace(f"{finished.section('imports')}", "")
        text = re.sub(
            r"\d+\.\d+s|0x[0-9a-f]+|=+ imports =+\n|<frozen importlib._bootstrap>:\d+.*\n +\?\?\?\n",
            "",
            text,
        )
        return finished.code, text.splitlines()

    assert lines() == lines("--isolate-imports")


@pytest.mark.parametrize("how", [(), ("--isolate=function",)], ids=map(str, range(2)))
def test_clashes(how, run, files):
    """A module of the suite that hides one of Python is named once, though two tests import it."""
    files({"wave.py": "", "test_a.py": "def test_1(): import wave\ndef test_2(): import wave\n"})
    finished = run("--isolate-imports", *how)

    assert finished.counts == {"passed": 2}, shown(finished)
    clash = f"clash: wave is {run.path / 'wave.py'}, which hides "
    assert finished.section("imports").count(clash) == 1, shown(finished)
