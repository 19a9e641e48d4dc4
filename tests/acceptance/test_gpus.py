"""Tests that need a GPU have it for themselves, and its memory is back before the next ones begin.

NVML is a stand-in that a file describes; the processes are real.
"""

from __future__ import annotations

import json
import os

import pytest
from conftest import DRIVERS, shown
from model.verifier import verify

from pytest_bulkhead.report.journal import read_journal

GB = 10**9

#: A suite's own code: takes memory of the first GPU that it sees, as the driver would have noted it.
CARD = """
import json, os, pathlib

def visible():
    return [one for one in os.environ.get("CUDA_VISIBLE_DEVICES", "unset").split(",") if one]

def note(name):
    path = pathlib.Path(os.environ["NOTES"]) / name
    path.write_text(json.dumps([os.getpid(), visible(), {k: os.environ.get(k) for k in ("CUDA_DEVICE_ORDER", "PYTORCH_NVML_BASED_CUDA_CHECK")}]))

def take(size, how=""):
    cards = [line.split() for line in open(os.environ["CARDS"])]
    token = visible()[0]
    uuid = cards[int(token)][0] if token.isdecimal() else token
    folder = pathlib.Path(os.environ["CARDS"] + ".use")
    in_use = sum(int(path.read_text().split()[0]) for path in folder.glob(f"{uuid}.*") if os.path.exists(f"/proc/{path.suffix[1:]}"))
    total = next(int(card[1]) for card in cards if card[0] == uuid)
    assert in_use + size <= total, "CUDA out of memory"
    (folder / f"{uuid}.{os.getpid()}").write_text(f"{size} {how}")
"""

MODULE = """
import pytest, time
from card import note, take

@pytest.mark.requires({mark})
def test_gpu():
    note("{name}")
    take({size}, "{how}")
    time.sleep({seconds})  # it is looked at now and then
"""

PLAIN = "from card import note\ndef test_plain(): note('plain')\n"


@pytest.fixture
def suite(files, run):
    """Write cards and modules; return how to run them."""

    def write(cards, modules, **more):
        (run.path / "cards.use").mkdir(exist_ok=True)
        (run.path / "notes").mkdir(exist_ok=True)
        files(
            {
                "card.py": CARD,
                "cards": "".join(f"{card}\n" for card in cards),
                "test_a_plain.py": PLAIN,
                **modules,
                **more,
            }
        )

        def go(*args, **environ):
            return run(
                *args, "-p", "no:randomly", "--isolate-report=journal", PYTHONPATH=f"{DRIVERS}:{run.path}",
                CARDS=str(run.path / "cards"), NOTES=str(run.path / "notes"), **environ,
            )  # fmt: skip

        return go

    return write


def module(name, mark="gpu=1", size=14 * GB, how="", seconds=0):
    suite = MODULE.format(name=name, mark=mark, size=size, how=how, seconds=seconds)
    return {f"test_{name}.py": suite}


def notes(run):
    return {path.name: json.loads(path.read_text()) for path in (run.path / "notes").iterdir()}


def verified(run):
    journal = run.path / "journal"
    return verify(*read_journal(journal.read_text().splitlines(), str(journal)))


THREE = module("b") | module("c") | module("d", how="late")
ONE_CARD = [f"GPU-a {24 * GB} -"]


def test_modules_of_a_gpu_have_a_process_each_and_memory_is_returned(suite, run):
    """At session level, by themselves; plain pytest runs out of memory on the same suite."""
    go = suite(ONE_CARD, THREE)
    plain = go()
    assert plain.tests["failed"] == 3, shown(plain)

    suite(ONE_CARD, {**THREE})
    for path in (run.path / "cards.use").iterdir():
        path.unlink()
    finished = go("--isolate=session")
    assert finished.counts == {"passed": 4}, shown(finished)
    found = notes(run)
    assert len({pid for pid, _cards, _rest in found.values()}) == 4
    assert [found[name][1] for name in ("plain", "b", "c", "d")] == [[], ["0"], ["0"], ["0"]]
    assert found["b"][2] == {
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    }
    assert verified(run) == []


def test_each_test_of_a_gpu_waits_for_the_memory_of_the_last_one(suite, run):
    """At function level each has a process that is forked, and that is a group of its own."""
    finished = suite(ONE_CARD, THREE)("--isolate=function", "--isolate-why")

    assert finished.counts == {"passed": 4}, shown(finished)
    how = "forked from the template; it takes gpu 1"
    assert finished.section("isolation").count(how) == 3, shown(finished)
    assert verified(run) == []


def test_one_module_of_a_gpu_runs_as_it_would(suite, run):
    """With nobody to be kept apart from."""
    finished = suite(ONE_CARD, module("b"))("--isolate=session")

    assert finished.counts == {"passed": 2}, shown(finished)
    assert len({pid for pid, _cards, _rest in notes(run).values()}) == 1


@pytest.mark.parametrize(
    ("cards", "visible", "together"),
    [
        (4, None, {"0", "1", "2"}),
        (8, "5,6,7", {"5", "6", "7"}),
        (4, "GPU-3,GPU-1,GPU-2", {"GPU-3", "GPU-1", "GPU-2"}),
    ],
)
def test_a_grant_is_a_part_of_what_the_run_may_use(cards, visible, together, suite, run):
    """Numbers stay numbers and UUIDs stay UUIDs, and nobody sees another's."""
    go = suite([f"GPU-{number} {24 * GB} -" for number in range(cards)], THREE)
    environ = (
        {}
        if visible is None
        else {"CUDA_VISIBLE_DEVICES": visible, "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    )
    finished = go("--isolate=module", "-n3", **environ)

    assert finished.counts == {"passed": 4}, shown(finished)
    found = notes(run)
    granted = [found[name][1] for name in ("b", "c", "d")]
    assert all(len(one) == 1 for one in granted)
    assert {token for one in granted for token in one} <= together
    assert found["plain"][1] == []
    assert verified(run) == []


def test_a_mig_device_is_granted_by_its_name(suite, run):
    """A process sees one of them, and it is given out as a card of its own size."""
    cards = [f"GPU-a {80 * GB} mig", f"MIG-1 {20 * GB} slice", f"MIG-2 {40 * GB} slice"]
    modules = module("b", 'gpu_memory="10GB"') | module("c", 'gpu_memory="38GB"')
    finished = suite(cards, modules)("--isolate=module", "-n2", CUDA_VISIBLE_DEVICES="MIG-2")

    assert finished.counts == {"passed": 3}, shown(finished)
    assert "isolate: GPUs MIG-2 (37.25 GiB)" in finished.out
    assert [notes(run)[name][1] for name in ("plain", "b", "c")] == [[], ["MIG-2"], ["MIG-2"]]
    assert verified(run) == []


@pytest.mark.parametrize("kind", ["alone", "-"])
def test_parts_of_a_card_are_given_out_unless_it_is_exclusive(kind, suite, run):
    """Two of 10 GB fit on one of 24 GB, but not where the compute mode lets one process in."""
    modules = {n: module(n, 'gpu_memory="10GB"', 10 * GB) for n in "bc"}
    finished = suite([f"GPU-a {24 * GB} {kind}"], modules["b"] | modules["c"])(
        "--isolate=module", "-n2"
    )

    assert finished.counts == {"passed": 3}, shown(finished)
    assert verified(run) == []
    assert "isolate: GPUs 0 (22.35 GiB)" in finished.out
    assert ("in exclusive mode, for one process at a time: 0" in finished.out) == (kind == "alone")


def test_where_mps_serves_a_card_many_processes_have_a_part_of_it(suite, run):
    """Its mode holds for the daemon; and what a crash means there is said."""
    (run.path / "mps").mkdir()
    (run.path / "mps" / "nvidia-cuda-mps-control.pid").write_text(str(os.getpid()))
    go = suite([f"GPU-a {24 * GB} alone"], module("b", 'gpu_memory="10GB"', 10 * GB))
    finished = go("--isolate=module", CUDA_MPS_PIPE_DIRECTORY=str(run.path / "mps"))

    assert finished.counts == {"passed": 2}, shown(finished)
    line = "isolate: GPUs 0 (22.35 GiB); served by MPS: a fatal fault of one process there may end those beside it"
    assert line in finished.out, shown(finished)


def test_without_a_card_nothing_of_this_happens(suite, run):
    """Tests are skipped, and the variable is left alone."""
    finished = suite([], THREE)("--isolate=session", CUDA_VISIBLE_DEVICES="0")

    assert finished.counts == {"passed": 1, "skipped": 3}, shown(finished)
    assert notes(run)["plain"][1] == ["0"]


def test_after_the_last_test_memory_is_not_waited_for_for_ever(suite, run):
    """Whoever asked to wait did so for tests that need it: with none left, it is told who holds it."""
    go = suite(ONE_CARD, module("b", how="never", seconds=1))
    finished = go("--isolate=session", "-o", "isolate_gpu_release=wait 0.5")

    assert finished.counts == {"passed": 2}, shown(finished)
    assert "13.03 GiB of GPU-a: " in finished.section("GPU memory that did not come back")
    rest = finished.out.partition("isolate: memory of a GPU has not come back yet")[2]
    assert "13.03 GiB of GPU-a: " in rest.partition("= GPU memory")[0], "nor is it silent till then"
    assert verified(run) == []


@pytest.mark.parametrize("pids", ["", "hidden"])
def test_memory_that_never_comes_back_is_told(pids, suite, run):
    """With who holds it, as far as the driver tells that here; and the next group has the card."""
    go = suite(ONE_CARD, module("b", how="never", seconds=1) | module("c", size=1 * GB))
    finished = go("--isolate=session", "-o", "isolate_gpu_release=warn 0.5", NVML_PIDS=pids)

    assert finished.counts == {"passed": 3}, shown(finished)
    told = finished.section("GPU memory that did not come back")
    assert "after the process of test_b.py::test_gpu had ended:" in told, shown(finished)
    assert "13.03 GiB of GPU-a: " in told
    assert ("NVML does not tell who holds it" in told) == bool(pids)

    for path in (run.path / "cards.use").iterdir():
        path.unlink()
    failed = go("--isolate=session", "-o", "isolate_gpu_release=fail 0.5", NVML_PIDS=pids)
    assert failed.counts == {"passed": 3, "error": 1}, shown(failed)
    assert failed.code == 1
    assert "ERROR memory of a GPU" in failed.out


def test_more_memory_than_declared_is_told(suite):
    """With the number to write."""
    go = suite(
        ONE_CARD,
        {
            "test_b.py": """
import pytest, time
from card import take

@pytest.mark.requires(gpu_memory="8GB")
def test_gpu():
    take(21 * 10**9)
    time.sleep(1.2)
"""
        },
    )
    finished = go("--isolate=module")

    assert finished.counts == {"passed": 2}, shown(finished)
    line = 'test_b.py: declared gpu_memory 8GB, used 21 GB: write requires(gpu_memory="21GB")'
    assert line in finished.section("more used than declared"), shown(finished)


def test_a_bad_wish_is_refused(suite):
    """With what to write."""
    finished = suite(ONE_CARD, {})("--isolate=module", "-o", "isolate_gpu_release=never")

    assert finished.code == 4
    assert "ini key isolate_gpu_release: 'never' is none of wait, warn, fail" in finished.out, (
        shown(finished)
    )
