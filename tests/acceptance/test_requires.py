"""The mark `requires`: a test that the machine cannot run is skipped, or fails where that was promised."""

from __future__ import annotations

import pytest
from conftest import DRIVERS, shown

HOWS = {
    "without isolation": (),
    "forked": ("--isolate=function",),
    "spawned": ("--isolate=module", "--isolate-start=spawn"),
    "in parallel": ("--isolate=session", "-n2"),
}

SUITE = """
import pytest

requires = pytest.mark.requires
pytestmark = requires(python=">=3.8", env="HOME_OF_TESTS")

@requires(ram="1MB", cpus=1, disk="1MB", module="pytest>=8", executable="sh", platform="linux")
def test_met(): pass

@requires(ram="900TB", module="no.such>=1", service="tcp://127.0.0.1:1")
def test_much(fails): pass

@requires(module="heavy")
class TestAddUp:
    @requires(executable="no-such-program")
    def test_both(self): pass

@requires(gpu=1, gpu_memory="24GB", accelerator="cuda|rocm")
def test_gpu(): pass

@requires(accelerator="mps")
def test_mps(): pass

@requires(gpu=4)
@pytest.mark.parametrize("n", [1, 2])
def test_gpus(n): pass

@requires(gpu_memory="80GB")
@pytest.mark.xfail(reason="bug")
@pytest.mark.skipif("True")
def test_promised(fails): pass

@requires("another plugin's")
def test_of_others(): pass

@pytest.fixture(scope="session")
def fails(): raise RuntimeError("set up in vain")
"""


@pytest.mark.parametrize("how", HOWS.values(), ids=HOWS)
def test_what_is_not_there_is_skipped_and_what_was_promised_fails(how, run, files):
    """With reasons at the tests' lines, and the same whichever way tests run; no other mark hides a broken promise."""
    files(
        {
            "pytest.ini": "[pytest]\naddopts = --strict-markers\nisolate_provides = gpu, gpu_memory>=80GB\n",
            "cards": f"GPU-a {24 * 10**9} -\n",
            "heavy.py": "raise SystemExit('imported')",
            "test_a.py": SUITE,
        }
    )
    finished = run(
        *how, "-v", "-rs", "-p", "no:randomly", PYTHONPATH=f"{DRIVERS}:{run.path}", CARDS=str(run.path / "cards"), HOME_OF_TESTS="x",
        CUDA_VISIBLE_DEVICES="0",
    )  # fmt: skip

    assert finished.counts == {"passed": 3, "skipped": 5, "error": 1}, shown(finished)
    assert finished.code == 1
    nvml = "(NVML, CUDA_VISIBLE_DEVICES=0)"
    for line in (
        "test_a.py:10: needs ram 900TB: ",
        " GiB (sysconf); needs module no.such>=1: not there (sys.path); needs service tcp://127.0.0.1:1: not there (127.0.0.1:1: ",
        "test_a.py:15: needs executable no-such-program: not there (PATH)",
        "test_a.py:21: needs accelerator mps: 0 (linux)",
        f"test_a.py:24: needs gpu 4: 1 {nvml}",
    ):
        assert line in finished.out, shown(finished)
    error = finished.section("ERROR at setup of test_promised")
    promised = "promised by ini key isolate_provides gpu_memory>=80GB"
    assert f"needs gpu_memory 80GB: 22.35 GiB {nvml}; {promised}" in error, shown(finished)


def test_a_runner_without_its_gpu_is_not_green(run, files):
    """Promised by the option and by the variable; without either it is a skip."""
    files({"test_a.py": "import pytest\n@pytest.mark.requires(gpu=1)\ndef test_a(): pass\n"})
    environ = {"PYTHONPATH": str(DRIVERS), "CARDS": "/nowhere"}
    lost = "needs gpu 1: NVML does not start: Driver Not Loaded"

    assert run("--isolate=module", **environ).counts == {"skipped": 1}
    for promised in (
        run("--isolate=module", "--provides=ram>=1GB,gpu", **environ),
        run(BULKHEAD_PROVIDES="gpu", **environ),
    ):
        assert promised.counts == {"error": 1}, shown(promised)
        assert f"{lost}; promised by " in promised.out


MEANT = """
import pytest

needs_gpu = pytest.mark.requires(gpu=1)

@needs_gpu
@pytest.mark.skipif("True", reason="other")
def test_a(): pass

@needs_gpu
@pytest.mark.xfail(run=False)
def test_b(): pass

@needs_gpu
def test_c(): pytest.skip("no driver")

@needs_gpu
@pytest.mark.xfail
def test_ran(): assert False

def test_other(): pass
"""


@pytest.mark.parametrize("how", [*HOWS.values(), ("-n2",)], ids=[*HOWS, "plain xdist"])
def test_a_run_is_not_green_in_which_nothing_ran_that_was_meant_to(how, run, files):
    """A line at the end says which promise."""
    files({"test_a.py": MEANT, "cards": f"GPU-a {24 * 10**9} -\n"})
    environ = {"PYTHONPATH": str(DRIVERS), "CARDS": str(run.path / "cards")}
    missed = run(*how, "--provides=gpu,ram>=1MB", "-k", "not ran", **environ)

    assert missed.code == 1, shown(missed)
    line = "ERROR: promised by --provides gpu, and all 3 tests that need it were skipped: none ran that was meant to"
    assert line in missed.out, shown(missed)
    assert missed.tests["passed"] == 1


@pytest.mark.parametrize(
    "green",
    [("--provides=gpu",), ("--provides=gpu", "-k", "other"), ("--provides=gpu", "--co"), ("-k", "not ran")],
    ids=["one ran", "none selected", "none runs", "no promise"],
)  # fmt: skip
def test_a_run_stays_green_where_nothing_is_missed(green, run, files):
    """One that ran is enough, if its failure was expected as well."""
    files({"test_a.py": MEANT, "cards": f"GPU-a {24 * 10**9} -\n"})
    finished = run("--isolate=session", *green, PYTHONPATH=str(DRIVERS), CARDS=str(run.path / "cards"))  # fmt: skip

    assert finished.code == 0, shown(finished)
    assert "meant to" not in finished.out


@pytest.mark.parametrize("how", [(), ("--isolate=function",), ("--co",), ("-n2",)], ids=str)
def test_a_bad_value_names_test_key_and_forms(how, run, files):
    """It is a usage error, and under plain pytest-xdist, where that would be a crash, an error of the tests."""
    files({"test_a.py": "import pytest\n@pytest.mark.requires(ram=48)\ndef test_a(): pass\n"})
    finished = run(*how)

    assert finished.code == (1 if how == ("-n2",) else 4), shown(finished)
    assert 'test_a.py::test_a: mark requires: ram=48 is no size\nhint: write ram="48GB"' in finished.out  # fmt: skip


def test_a_mark_of_the_projects_own_is_left_alone(run, files):
    """Once it is registered, whatever its keys are; a promise that nobody would look at is refused."""
    files(
        {
            "conftest.py": "def pytest_configure(config):\n"
            "    config.addinivalue_line('markers', 'requires(what): ours')\n",
            "test_a.py": "import pytest\n@pytest.mark.requires(db='x', gpu=9)\ndef test_a(): pass\n",
        }
    )
    assert run("--isolate=function").counts == {"passed": 1}
    wrong = run("--provides=gpus")
    assert wrong.code == 4
    assert "ERROR: --provides: 'gpus' is nothing that a runner can promise" in wrong.out
    refused = run("--provides=gpu")
    assert refused.code == 4
    assert "ERROR: --provides gpu: nobody looks at it" in refused.out, shown(refused)


def test_selection_goes_on_working_and_nothing_is_looked_up_in_vain(run, files):
    """Of tests that were deselected, in a listing, and in a run that requires nothing."""
    files(
        {
            "test_a.py": "import pytest, sys\n"
            "@pytest.mark.requires(gpu=1)\ndef test_a(): pass\n"
            "def test_b(): assert not [n for n in sys.modules if n.startswith('pytest_bulkhead.requires')]\n"
            "def test_c(): assert 'pynvml' not in sys.modules\n",
        }
    )
    environ = {"PYTHONPATH": str(DRIVERS), "CARDS": "/nowhere"}

    assert run("-m", "not requires", **environ).counts == {"passed": 2, "deselected": 1}
    assert run("-m", "requires", **environ).counts == {"skipped": 1, "deselected": 2}
    listed = run("--co", "-q", PYTHONPATH=str(DRIVERS), CARDS="/nowhere", BULKHEAD_PROVIDES="gpu")
    assert listed.code == 0, shown(listed)
    assert "@pytest.mark.requires(gpu=1, ram=size, module=name, ...): skip" in run("--markers").out
