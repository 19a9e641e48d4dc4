"""Marks that people have already ask for something, in runs that are ours and nowhere else."""

from __future__ import annotations

import pytest
from conftest import DRIVERS, shown

HOWS = {
    "forked": ("--isolate=function",),
    "spawned": ("--isolate=module", "--isolate-start=spawn"),
    "without isolation": ("-o", "isolate_marks=gpu"),
}

SUITE = """
import pytest

mark = pytest.mark

@mark.gpu
def test_gpu(): pass

@mark.requires_gpu(2)
class TestGpus:
    def test_two(self): pass

@mark.multi_gpu
@mark.qualitative
def test_promised(): pass

@mark.requires_heavy_ram("900TB")
def test_ram(): pass

@mark.slow
@mark.unit
def test_of_nothing(): pass

@mark.vllm("a way of its own", "a100")
def test_left_alone(): pass

@mark.requires_gpu("a100")
def test_left_alone_too(): pass
"""


@pytest.mark.parametrize("how", HOWS.values(), ids=HOWS)
def test_marks_ask_and_are_registered(how, run, files):
    """The same in every way of running; `-m` and promises go by them, and --strict-markers knows them."""
    files({"test_a.py": SUITE, "cards": f"GPU-a {24 * 10**9} -\n"})
    environ = {"PYTHONPATH": str(DRIVERS), "CARDS": str(run.path / "cards")}
    how = (*how, "--strict-markers", "-W", "error", "-p", "no:randomly")
    finished = run(*how, "-rs", **environ)

    assert finished.counts == {"passed": 4, "skipped": 3}, shown(finished)
    assert "test_a.py: needs gpu 2 (mark requires_gpu): 1 (NVML" in finished.out, shown(finished)
    assert "test_a.py:13: needs gpu 2 (mark multi_gpu): 1 (NVML" in finished.out, shown(finished)
    assert "needs ram 900TB (mark requires_heavy_ram): " in finished.out, shown(finished)
    chosen = run(*how, "-m", "multi_gpu or slow", "--provides=gpu>=2", **environ)
    assert chosen.counts == {"passed": 1, "error": 1, "deselected": 5}, shown(chosen)
    assert "promised by --provides gpu>=2" in chosen.out


OWN = """
import pytest

def pytest_configure(config):
    config.addinivalue_line("markers", "gpu(model): needs one of ours")
"""


def test_what_a_suite_has_registered_means_what_it_says(run, files):
    """In its ini file, by a conftest, also of a folder; unless a line of `isolate_marks` says otherwise."""
    files(
        {
            "pytest.ini": "[pytest]\nmarkers =\n  vllm: talks to a server\n  requires_heavy_ram: or not\n",
            "conftest.py": OWN,
            "sub/conftest.py": OWN.replace("gpu(model)", "ollama"),
            "sub/test_a.py": "import pytest\n"
            "@pytest.mark.gpu\n@pytest.mark.vllm\n@pytest.mark.ollama\ndef test_a(): pass\n"
            "@pytest.mark.requires_heavy_ram\ndef test_b(): pass\n",
        }
    )
    for how in HOWS["forked"], HOWS["spawned"]:
        own = run(*how)
        assert own.tests == {"passed": 2}, shown(own)
    asked = run("--isolate=module", "-o", "isolate_marks=requires_heavy_ram = ram=900TB")
    assert asked.tests == {"passed": 1, "skipped": 1}, shown(asked)
    listed = run("--isolate=module", "--markers").out
    assert listed.count("@pytest.mark.gpu") == 1
    assert "@pytest.mark.multi_gpu: as requires(gpu=2) (pytest-bulkhead" in listed


def test_a_run_that_is_not_ours_knows_none_of_them(run, files):
    """Nothing is skipped, nothing registered, nothing imported; nor where `--isolate=no` turns the ini key off."""
    files(
        {
            "pytest.ini": "[pytest]\nisolate = module\n",
            "test_a.py": "import pytest, sys\n@pytest.mark.gpu\ndef test_a():\n"
            "    assert not [name for name in sys.modules if 'preset' in name]\n",
        }
    )
    for how in ("-o", "isolate="), ("--isolate=no",):
        finished = run(*how)
        assert finished.counts == {"passed": 1, "warnings": 1}, shown(finished)
        assert "Unknown pytest.mark.gpu" in finished.out, shown(finished)
        assert "multi_gpu" not in run(*how, "--markers").out


@pytest.mark.parametrize("how", [(), ("--isolate=function",), ("--co",), ("-n2",)], ids=str)
def test_a_bad_line_is_a_usage_error(how, run, files):
    """With the key, the line and the forms; so is a mark that such a line makes ours and that asks in a way of its own."""
    files({"test_a.py": "import pytest\n@pytest.mark.gpu('a100')\ndef test_a(): pass\n"})
    bad = run(*how, "-o", "isolate_marks=gpu = cards=1")
    assert bad.code == 4, shown(bad)
    assert (
        "ERROR: ini key isolate_marks: 'gpu = cards=1': there is no key 'cards'\nhint: " in bad.out
    )
    own_way = run(*how, "-o", "isolate_marks=gpu")
    assert own_way.code == (1 if how == ("-n2",) else 4), shown(own_way)
    assert "test_a.py::test_a: mark gpu: gpu='a100' is no number of pieces" in own_way.out
