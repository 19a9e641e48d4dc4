"""Specification of `system.machine`, `system.cgroups` and `system.nvml`, on this machine and in trees of files.

The driver alone is a stand-in: `tests/drivers/pynvml.py` reads its cards from a text file.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import DRIVERS

from pytest_bulkhead.core.known import Known, Unknown
from pytest_bulkhead.system.cgroups import cpu_limit, memory_limit
from pytest_bulkhead.system.machine import ThisMachine

V2, V1 = "0::/a/b", "4:memory:/a/b\n2:cpu,cpuacct:/a/b\n0::/"
AT = "sys/fs/cgroup/"


@pytest.mark.parametrize(
    ("group", "files", "limit"),
    [
        (V2, {"a/b/memory.max": "1000"}, ("a/b/memory.max", 1000)),
        (V2, {"a/b/memory.max": "max", "a/memory.max": "500", "memory.max": "700"}, ("a/memory.max", 500)),
        (V2, {"memory.max": "300"}, ("memory.max", 300)),
        (V2, {"a/b/memory.max": "max"}, None),
        ("0::/", {"memory.max": "300"}, ("memory.max", 300)),
        ("0::/../other", {"memory.max": "300"}, ("memory.max", 300)),
        (V1, {"memory/a/b/memory.limit_in_bytes": "2000"}, ("memory/a/b/memory.limit_in_bytes", 2000)),
        (V1, {"memory/memory.limit_in_bytes": "3000"}, ("memory/memory.limit_in_bytes", 3000)),
        (V1, {"unified/memory.max": "9", "memory/a/memory.limit_in_bytes": "10"}, ("unified/memory.max", 9)),
        (V1, {}, None),
        ("nonsense", {"memory.max": "300"}, None),
    ],
)  # fmt: skip
def test_the_tightest_group_limits_the_memory(tree, group, files, limit):
    """Of both versions, ours or any above it; in a container the root of the mount is ours."""
    root = tree({"proc/self/cgroup": group, **{AT + name: text for name, text in files.items()}})
    found = memory_limit(root)
    assert found == (limit and Known(float(limit[1]), os.path.join(root, AT + limit[0])))


@pytest.mark.parametrize(
    ("group", "files", "cpus"),
    [
        (V2, {"a/b/cpu.max": "150000 100000"}, 1.5),
        (V2, {"a/b/cpu.max": "max 100000", "a/cpu.max": "400000 100000"}, 4),
        (V2, {"a/b/cpu.max": "max 100000"}, None),
        (V1, {"cpu/a/b/cpu.cfs_quota_us": "50000", "cpu/a/b/cpu.cfs_period_us": "100000"}, 0.5),
        (V1, {"cpu/a/b/cpu.cfs_quota_us": "-1", "cpu/a/b/cpu.cfs_period_us": "100000"}, None),
        (V1, {"cpu/a/b/cpu.cfs_quota_us": "1", "cpu/a/b/cpu.cfs_period_us": "0"}, None),
    ],
)
def test_the_tightest_group_limits_the_cpus(tree, group, files, cpus):
    """By quota and period, of both versions."""
    root = tree({"proc/self/cgroup": group, **{AT + name: text for name, text in files.items()}})
    found = cpu_limit(root)
    assert (found and found.value) == cpus


def test_without_control_groups_nothing_is_limited(tmp_path):
    """As on macOS."""
    assert memory_limit(str(tmp_path)) is None
    assert cpu_limit(str(tmp_path)) is None


def test_this_machine_is_measured(tmp_path):
    """No more memory than the kernel tells, no more CPUs than this process may run on."""
    machine = ThisMachine(str(tmp_path))
    ram, cpus, disk = machine.ram(), machine.cpus(), machine.disk()

    total = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal:"))  # fmt: skip
    assert isinstance(ram, Known)
    assert 0 < ram.value <= int(total.split()[1]) * 1024
    assert isinstance(cpus, Known)
    assert 0 < cpus.value <= len(os.sched_getaffinity(0))
    assert isinstance(disk, Known)
    assert disk.value > 0
    assert machine.disk() is disk, "looked up again"
    assert isinstance(ThisMachine(str(tmp_path / "nowhere")).disk(), Unknown)


def test_fewer_cpus_by_affinity_are_fewer(tmp_path):
    """As `taskset` and a cpuset leave them."""
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        cpus = ThisMachine(str(tmp_path)).cpus()
    finally:
        os.sched_setaffinity(0, before)
    assert isinstance(cpus, Known)
    assert cpus.value <= 1


def test_modules_are_found_without_being_imported(tmp_path, monkeypatch):
    """Nor is a package imported to look for what is below it; a module without metadata has no version."""
    package = tmp_path / "heavy"
    (package / "below").mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    (package / "below" / "part.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    machine = ThisMachine(str(tmp_path))

    names = ["heavy", "heavy.below.part", "heavy.other", "heavy.below.part.x", "nowhere", "sys"]  # fmt: skip
    assert [machine.module(name).value for name in names] == [True, True, False, False, False, True]  # fmt: skip
    assert "heavy" not in sys.modules
    assert machine.version("pytest") == Known(pytest.__version__, "metadata of pytest")
    assert machine.version("_pytest") == Known(pytest.__version__, "metadata of pytest")
    assert isinstance(machine.version("heavy"), Unknown)


def test_a_service_is_there_while_it_listens(tmp_path):
    """And says why it is not; a name that no host can have is no crash."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        assert ThisMachine("").service(address) == Known(True, address)
    gone = ThisMachine("").service(address)
    assert isinstance(gone, Known)
    assert (gone.value, gone.source.startswith(f"{address}: ")) == (False, True)
    assert "refused" in gone.source
    assert not ThisMachine("").service(f"{'x' * 64}.invalid:1").value


@pytest.mark.parametrize(
    ("variable", "below"),
    [("HF_HUB_CACHE", ""), ("HF_HOME", "hub"), ("XDG_CACHE_HOME", "huggingface/hub"), ("HOME", ".cache/huggingface/hub")],
)  # fmt: skip
def test_a_model_is_there_once_it_is_downloaded(variable, below, tmp_path, monkeypatch):
    """Wherever the cache is; not while its download is under way, and not by its name alone."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    repository = tmp_path / below / "models--org--name"

    def there() -> bool:
        return ThisMachine("").model("org/name").value

    assert not there()
    (repository / "snapshots" / "abc").mkdir(parents=True)
    (repository / "blobs").mkdir()
    assert not there()
    (repository / "snapshots" / "abc" / "config.json").write_text("{}")
    assert there()
    (repository / "blobs" / "123.incomplete").write_text("")
    assert not there()
    assert ThisMachine("").model("org/name").source.endswith("is not complete")


def test_variables_and_programs(monkeypatch):
    """A variable that is set to nothing is not there; a program is looked for as a shell does."""
    monkeypatch.setenv("FULL", "x")
    monkeypatch.setenv("EMPTY", "")
    machine = ThisMachine("")

    assert [machine.env(name).value for name in ("FULL", "EMPTY", "ABSENT")] == [True, False, False]
    assert [machine.executable(name).value for name in ("sh", "no-such-program")] == [True, False]
    assert machine.platform().value == sys.platform


@pytest.mark.skipif(not shutil.which("unshare"), reason="unshare is not there")
def test_the_network_is_a_route_out():
    """A network namespace of its own has none, wherever this test runs."""
    code = (
        "from pytest_bulkhead.system.machine import ThisMachine; print(ThisMachine('').network())"
    )
    command = ["unshare", "--net", "--map-root-user", sys.executable, "-c", code]
    alone = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if alone.returncode:
        pytest.skip(f"no network namespace can be made: {alone.stderr.strip()}")
    assert alone.stdout.startswith("Known(value=False, source='route: ")


ASK = """
from pytest_bulkhead.system.nvml import usable_devices
found = usable_devices()
print([(d.uuid, d.memory) for d in found.value] if hasattr(found, "value") else found.reason)
"""
CLOSED = "import pynvml; assert not pynvml.is_open()"


@pytest.fixture
def ask_nvml(tmp_path):
    """Return a function that asks for the GPUs, in a process of its own."""

    def ask(cards: str | None, **environ: str) -> str:
        if cards is not None:
            (tmp_path / "cards").write_text(cards)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CUDA_")}
        environ = {**kept, "PYTHONPATH": str(DRIVERS), "CARDS": str(tmp_path / "cards"), **environ}
        command = [sys.executable, "-c", ASK + CLOSED]
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=True).stdout.strip()  # fmt: skip

    return ask


@pytest.mark.parametrize(
    ("cards", "environ", "told"),
    [
        ("", {}, "[]"),
        ("GPU-a 80 -\n", {}, "[('GPU-a', 80)]"),
        ("GPU-a 80 old\nGPU-b 24 -\nGPU-c 24 -\nGPU-d 80 -\n", {}, "[('GPU-a', 80), ('GPU-b', 24), ('GPU-c', 24), ('GPU-d', 80)]"),
        ("GPU-a 80 -\nGPU-b 24 -\n", {"CUDA_VISIBLE_DEVICES": ""}, "[]"),
        ("GPU-a 80 -\nGPU-b 24 -\n", {"CUDA_VISIBLE_DEVICES": "0"}, "[('GPU-b', 24)]"),
        ("GPU-a 80 -\nGPU-b 24 -\n", {"CUDA_VISIBLE_DEVICES": "0", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, "[('GPU-a', 80)]"),
        ("GPU-a hidden mig\nMIG-1 0 gap\nMIG-2 40 slice\nMIG-3 20 slice\n", {}, "[('MIG-3', 20)]"),
        ("GPU-a hidden mig\nMIG-2 40 slice\nGPU-b 80 mig\nMIG-3 20 slice\n", {"CUDA_VISIBLE_DEVICES": "MIG-2"}, "[('MIG-2', 40)]"),
        ("GPU-a 80 mig\nMIG-2 40 slice\nGPU-b 80 mig\nMIG-3 20 slice\n", {"CUDA_VISIBLE_DEVICES": "GPU-a"}, "[('MIG-2', 40)]"),
        ("GPU-a 80 mig\n", {}, "[]"),
        ("GPU-a shared -\n", {}, "[('GPU-a', None)]"),
        ("GPU-a lost -\n", {}, "NVML does not tell the GPUs: GPU is lost"),
        (None, {}, "NVML does not start: Driver Not Loaded"),
    ],
)  # fmt: skip
def test_gpus_are_those_that_nvml_lists_and_cuda_shows(ask_nvml, cards, environ, told):
    """None, one, four; as many as the variables leave; or the reason why nobody knows. NVML is closed again."""
    assert ask_nvml(cards, **environ) == told


@pytest.mark.parametrize(
    ("files", "variable", "told"),
    [
        ([], None, "[]"),
        (["dev/nvidia-uvm", "dev/nvidiactl", "dev/nvidia3", "dev/nvidia10"], None, "[('nvidia3', None), ('nvidia10', None)]"),
        (["dev/nvidia3", "dev/nvidia10"], "1", "[('nvidia10', None)]"),
        (["dev/nvidia0"], "GPU-1234", "files in /dev do not tell which"),
        (["dev/nvidia0"], "MIG-1234", "files in /dev do not tell which"),
        (["dev/dxg"], None, "GPUs cannot be counted"),
        (["dev/nvidiactl"], None, "GPUs cannot be counted"),
        (["dev/nvidia0", "proc/driver/nvidia/capabilities/gpu0/mig/gi3/access"], None, "GPUs cannot be counted"),
    ],
)  # fmt: skip
def test_without_the_library_gpus_are_counted_by_their_files(tree, files, variable, told):
    """Those that a container has, without what nobody tells of them; else it says what to install."""
    root = tree(dict.fromkeys(files, ""))
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CUDA_")}
    if variable is not None:
        environ |= {"CUDA_VISIBLE_DEVICES": variable, "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    code = "import sys; sys.modules['pynvml'] = None" + ASK.replace("()", f"({root!r})", 1)
    out = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=60, check=True).stdout  # fmt: skip
    assert out.startswith(told)
    assert told.startswith("[") or "pip install 'pytest-bulkhead[gpu]'" in out
