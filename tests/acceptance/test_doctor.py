"""`bulkhead doctor` tells what a machine means for isolated runs, and what those cost a suite."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

from conftest import DRIVERS

LIMIT = 300


def doctor(path, *arguments, **environ):
    return subprocess.run(
        [sys.executable, "-m", "pytest_bulkhead", "doctor", *arguments], cwd=path,
        env={**os.environ, **environ}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=LIMIT, check=False,
    )  # fmt: skip


def test_what_is_said_of_this_machine(tmp_path):
    """Python, fork, memory, GPUs; for programs the same as JSON; nothing is wrong here."""
    cards = tmp_path / "cards"
    cards.write_text(f"GPU-a {8 * 10**9} alone\n")
    environ = {"PYTHONPATH": str(DRIVERS), "CARDS": str(cards), "CUDA_VISIBLE_DEVICES": "0"}
    shown, told = doctor(tmp_path, **environ), doctor(tmp_path, "--json", **environ)
    signs = json.loads(told.stdout)

    assert (shown.returncode, told.returncode) == (0, 0), shown.stdout + shown.stderr
    assert all(sign["text"] in shown.stdout for sign in signs)
    found = {sign["what"]: sign["text"] for sign in signs}
    assert found["python"].startswith(sys.version.split()[0].rstrip("+"))
    assert (
        found["gpus"]
        == "in exclusive mode, one process at a time: GPU-a (NVML, CUDA_VISIBLE_DEVICES=0)"
    )
    assert "fork" in found


def test_what_is_wrong_decides_the_exit_status(tmp_path):
    """A variable that hides a load conflict, with what to do about it."""
    done = doctor(tmp_path, KMP_DUPLICATE_LIB_OK="TRUE")

    assert done.returncode == 1
    assert "wrong  environment" in done.stdout
    assert "-> unset KMP_DUPLICATE_LIB_OK" in done.stdout


HEALTHY = {
    "conftest.py": "import colorsys, heavy\n",
    "heavy.py": "import time\ntime.sleep(0.2)\n",
    "colorsys.py": "",
    "test_a.py": "def test_one(): pass\ndef test_two(): assert 0\n",
    "test_b.py": "class TestB:\n    def test_three(self): pass\n",
}


def test_a_suite_is_run_at_each_level(tmp_path, tree):
    """How many tests, what it imports, what each level costs and changes, which one to take."""
    tree(HEALTHY)
    done = doctor(tmp_path, ".", "--validate", "--seed=5", "--json")
    found = {sign["what"]: sign["text"] for sign in json.loads(done.stdout)}

    assert done.returncode == 1, done.stdout + done.stderr
    assert found["suite"] == "3 tests"
    assert re.search("colorsys is .+colorsys.py, which hides", found["clash"])
    assert re.fullmatch(r"heavy costs the collection \d\.\d\d s, .+conftest.py:1", found["imports"])
    assert found["template"] == "it can be forked (by the proof of its template)"
    assert re.fullmatch(r"\d+\.\d\d s: 2 passed, 1 failed", found["plain pytest"])
    for level in ("session", "module", "class", "function"):
        text = r"\d+\.\d\d s, \d+\.\d\d times plain pytest's; all tests end as in plain pytest"
        assert re.fullmatch(text, found[f"{level} level"])
    best = found["recommended"].partition(":")[0]
    assert found["shuffled"] == f"{best}, seed 5: all tests end as in their own order"
    assert found["clean exit"].startswith(f"{best}: ")
    assert "running: module level" in done.stderr


#: In order, the second test of the module needs what the first has left; the last one ends pytest.
GUILTY = {
    "test_g.py": """
import os

def test_sets(): os.environ["LEFT_BY_TEST"] = "1"
def test_needs(): assert "LEFT_BY_TEST" in os.environ
def test_dies(): os._exit(3)
""",
}


def test_a_suite_that_depends_on_its_order(tmp_path, tree):
    """Plain pytest's death is told, who breaks where, and no level that another order refutes."""
    tree(GUILTY)
    done = doctor(tmp_path, ".", "--validate", "--seed=1")
    out = done.stdout

    assert done.returncode == 1, out + done.stderr
    assert re.search(r"^wrong +plain pytest +dies after .* s: test_g.py::test_dies$", out, re.M), (
        out
    )
    assert re.search(
        r"^ok +module level +[\d.]+ s; all tests end as in plain pytest$", out, re.M
    ), out
    needs = "1 test ends otherwise: test_g.py::test_needs failed, not passed"
    assert re.search(rf"^note +function level +[\d.]+ s; {needs}$", out, re.M), out
    assert re.search(rf"^note +shuffled +module level, seed 1: {needs}$", out, re.M), out
    assert re.search(r"^wrong +recommended +nothing: at each level", out, re.M), out


def test_bad_input_is_one_error(tmp_path):
    """A suite that cannot be collected, and one that is not named."""
    (tmp_path / "test_x.py").write_text("import no_such_module\n")
    for arguments, text in (
        (["."], "error: the tests cannot be collected, exit status 2:"),
        (["--validate"], "error: --validate runs a suite, and none is named\n\nhint: "),
        (["gone"], "file or directory not found: gone"),
    ):
        done = doctor(tmp_path, *arguments)
        assert done.returncode == 2
        assert done.stdout == ""
        assert text in done.stderr
