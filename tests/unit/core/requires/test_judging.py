"""Specification of `core.requires.judging`."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_bulkhead.core.known import Fact, Known, Unknown
from pytest_bulkhead.core.requires.judging import Fail, Met, Skip, judge
from pytest_bulkhead.core.requires.keys import KEYS
from pytest_bulkhead.core.requires.promises import read_promises
from pytest_bulkhead.core.requires.requirements import join, read_mark
from pytest_bulkhead.core.resources.devices import Device
from pytest_bulkhead.core.resources.needs import Needs

GIB = 2**30


class Paper(NamedTuple):
    """A machine on paper, with everything but what a test takes from it."""

    memory: Fact[float] = Known(32.0 * GIB, "sysconf")
    cores: Fact[float] = Known(4.0, "affinity")
    free: Fact[float] = Known(100.0 * GIB, "free in /tmp")
    gpus: Fact[tuple[Device, ...]] = Known((Device("GPU-a", 80 * GIB, "7.0"), Device("GPU-b", 22 * GIB, "8.9")), "NVML")  # fmt: skip
    others: tuple[tuple[str, Fact[tuple[Device, ...]]], ...] = ()
    system: str = "linux"
    there: Fact[bool] = Known(True, "looked")
    number: Fact[str] = Known("1.2.3", "metadata of x")

    def ram(self):
        return self.memory

    def cpus(self):
        return self.cores

    def disk(self):
        return self.free

    def devices(self, kind):
        return self.gpus if kind == "cuda" else dict(self.others).get(kind, Known((), kind))

    def module(self, name):
        return self.there

    def version(self, module):
        return self.number

    def executable(self, name):
        return self.there

    def service(self, address):
        return self.there

    def model(self, name):
        return self.there

    def env(self, name):
        return self.there

    def network(self):
        return self.there

    def platform(self):
        return Known(self.system, "sys.platform")

    def python(self):
        return Known("3.14.0rc1", "this interpreter")


def judged(machine, *promised, **kwargs):
    requirements = join(read_mark("t.py::t", (), kwargs))
    return judge(requirements, machine, read_promises(promised, "--provides"))


MET = [
    {}, {"ram": "32GB"}, {"ram": "32GiB"}, {"cpus": 4}, {"disk": "100GiB"}, {"gpu": 2}, {"gpu": 1, "gpu_memory": "80GiB"},
    {"gpu": 2, "gpu_memory": "22GiB"}, {"gpu_memory_total": "102GiB"}, {"accelerator": "cuda", "gpu": 2},
    {"accelerator": "rocm|cuda", "gpu_memory": "80GiB"}, {"module": "x"}, {"module": "x>=1.2,<2"}, {"executable": "x"},
    {"service": "redis"}, {"env": "X"}, {"model": "org/x"}, {"compute_capability": ">=8.0", "gpu_memory": "22GiB"}, {"gpu": 2, "compute_capability": ">=7.0"}, {"network": True}, {"exclusive": "db"}, {"shared": ["db", "port"]}, {"platform": "linux"}, {"python": ">=3.11"},
]  # fmt: skip


@pytest.mark.parametrize("kwargs", MET)
def test_what_is_there_is_met(kwargs):
    """No more is asked than what was asked for."""
    assert isinstance(judged(Paper(), **kwargs), Met)


def test_what_is_met_says_what_it_takes():
    """Of what others could take away meanwhile."""
    assert judged(Paper(), module="x", cpus=2, exclusive="db") == Met(Needs(2, exclusive=("db",)))


def test_every_key_is_tried():
    """A key that is read and never looked at would be a promise to nobody."""
    assert set(KEYS) == {key for kwargs in MET for key in kwargs}


ABSENT = Known(False, "PATH")


@pytest.mark.parametrize(
    ("machine", "kwargs", "reason"),
    [
        (Paper(), {"ram": "33GiB"}, "needs ram 33GiB: 32.00 GiB (sysconf)"),
        (Paper(cores=Known(1.5, "/sys/cpu.max")), {"cpus": 2}, "needs cpus 2: 1.5 (/sys/cpu.max)"),
        (Paper(), {"disk": "1TB"}, "needs disk 1TB: 100.00 GiB (free in /tmp)"),
        (Paper(), {"gpu": 3}, "needs gpu 3: 2 (NVML)"),
        (Paper(), {"gpu_memory": "100GB"}, "needs gpu_memory 100GB: 80.00 GiB (NVML)"),
        (Paper(), {"gpu": 2, "gpu_memory": "80GB"}, "needs gpu_memory 80GB: 22.00 GiB (NVML)"),
        (Paper(), {"gpu": 3, "gpu_memory": "1GB"}, "needs gpu 3: 2 (NVML)"),
        (Paper(), {"gpu_memory_total": "160GB"}, "needs gpu_memory_total 160GB: 102.00 GiB (NVML)"),
        (Paper(gpus=Known((), "NVML")), {"gpu_memory": "1GB"}, "needs gpu 1: 0 (NVML)"),
        (Paper(gpus=Known((), "NVML")), {"gpu_memory_total": "1GB"}, "needs gpu 1: 0 (NVML)"),
        (Paper(), {"accelerator": "mps"}, "needs accelerator mps: 0 (mps)"),
        (Paper(), {"gpu": 3, "accelerator": "cuda|rocm"}, "needs gpu 3, accelerator cuda|rocm: 2 (NVML, rocm)"),
        (Paper(there=ABSENT), {"module": "x>=1"}, "needs module x>=1: not there (PATH)"),
        (Paper(), {"module": "x>=2"}, "needs module x>=2: 1.2.3 (metadata of x)"),
        (Paper(there=ABSENT), {"executable": "x"}, "needs executable x: not there (PATH)"),
        (Paper(there=ABSENT), {"service": "redis"}, "needs service redis: not there (PATH)"),
        (Paper(there=ABSENT), {"env": "X"}, "needs env X: not there (PATH)"),
        (Paper(there=ABSENT), {"network": True}, "needs network: not there (PATH)"),
        (Paper(there=ABSENT), {"model": "org/x"}, "needs model org/x: not there (PATH)"),
        (Paper(), {"compute_capability": ">=9"}, "needs compute_capability >=9: 7.0, 8.9 (NVML)"),
        (Paper(), {"gpu": 2, "compute_capability": ">=8", "gpu_memory": "99TB"}, "needs compute_capability >=8: 7.0, 8.9 (NVML)"),
        (Paper(), {"compute_capability": ">=8", "gpu_memory": "80GB"}, "needs gpu_memory 80GB: 22.00 GiB (NVML)"),
        (Paper(), {"compute_capability": ">=8", "gpu_memory_total": "80GB"}, "needs gpu_memory_total 80GB: 22.00 GiB (NVML)"),
        (Paper(), {"platform": "macos"}, "needs platform macos: linux (sys.platform)"),
        (Paper(), {"python": "<3.14"}, "needs python <3.14: 3.14.0rc1 (this interpreter)"),
        (Paper(), {"ram": "1TB", "cpus": 9}, "needs ram 1TB: 32.00 GiB (sysconf); needs cpus 9: 4 (affinity)"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_a_skip_with_its_reason(machine, kwargs, reason):
    """What was asked for, what there is, and who says so."""
    assert Skip(reason) == judged(machine, **kwargs)


UNKNOWN = Unknown("nobody knows")


@pytest.mark.parametrize(
    ("machine", "kwargs"),
    [
        (Paper(memory=UNKNOWN), {"ram": "99TB"}),
        (Paper(cores=UNKNOWN), {"cpus": 99}),
        (Paper(free=UNKNOWN), {"disk": "99TB"}),
        (Paper(number=UNKNOWN), {"module": "x>=99"}),
        (
            Paper(gpus=Known((Device("GPU-a", None, "12.1"),), "NVML")),
            {"gpu_memory": "99TB", "gpu_memory_total": "99TB"},
        ),
        (Paper(gpus=Known((Device("a", None, None),), "/dev")), {"compute_capability": ">=99"}),
    ],
)
def test_a_measure_that_nobody_can_tell_is_enough(machine, kwargs):
    """A test that runs in vain says so; one that is skipped in vain says nothing."""
    assert isinstance(judged(machine, **kwargs), Met)


def test_gpus_that_cannot_be_listed_are_none():
    """And a promise of them is broken."""
    machine = Paper(gpus=UNKNOWN)

    assert Skip("needs gpu 1: nobody knows") == judged(machine, gpu_memory="1GB")
    assert Fail("needs gpu 1: nobody knows; promised by --provides gpu") == judged(
        machine, "gpu", gpu_memory="1GB", gpu_memory_total="1GB"
    )


@pytest.mark.parametrize(
    ("promised", "kwargs", "kind"),
    [
        (("gpu",), {"gpu": 1}, Fail),
        (("gpu",), {"gpu_memory": "24GB"}, Fail),
        (("gpu_memory>=24GB",), {"gpu": 1}, Fail),
        (("gpu",), {"gpu": 2}, Skip),
        (("gpu",), {"ram": "1TB"}, Skip),
        (("gpu",), {"gpu": 1, "ram": "1TB"}, Fail),
        (("ram>=2TB",), {"ram": "1TB"}, Fail),
        (("ram>=64GB",), {"ram": "1TB"}, Skip),
        (("module=x",), {"module": "x>=2"}, Fail),
    ],
)
def test_what_was_promised_is_no_skip(promised, kwargs, kind):
    """A runner that lost its GPU is not green; what it never had is skipped as elsewhere."""
    assert isinstance(judged(Paper(gpus=Known((), "NVML")), *promised, **kwargs), kind)


def test_a_promise_that_is_kept_changes_nothing():
    """What is there is met, and what is not enough beside it is a skip."""
    assert isinstance(judged(Paper(), "gpu>=2", "ram>=32GiB", gpu=2, ram="32GB"), Met)
    assert isinstance(judged(Paper(), "gpu", gpu=2, gpu_memory="80GB"), Skip)
    assert isinstance(judged(Paper(), "gpu_memory>=80GiB", gpu=2, gpu_memory="80GiB"), Skip)
    newer = {"gpu_memory": "80GiB", "compute_capability": ">=8"}
    assert isinstance(judged(Paper(), "gpu_memory>=80GiB", **newer), Skip)
    assert isinstance(judged(Paper(), "gpu>=2", "gpu_memory>=80GiB", gpu=2, gpu_memory="80GiB"), Fail)  # fmt: skip


AMD = Known((Device("GPU-1", 64 * GIB), Device("GPU-2", 64 * GIB)), "kfd")


def test_accelerators_of_several_kinds_count_together():
    """What is unknown of one kind does not matter beside another; a compute capability is CUDA's alone."""
    both = Paper(others=(("rocm", AMD),))
    assert isinstance(judged(both, accelerator="cuda|rocm", gpu=4), Met)
    assert isinstance(judged(both, gpu=3), Skip)
    assert isinstance(judged(both, accelerator="rocm", compute_capability=">=7.0"), Skip)
    one_is_unknown = Paper(gpus=UNKNOWN, others=(("rocm", AMD),))
    assert isinstance(judged(one_is_unknown, accelerator="cuda|rocm"), Met)
    unlisted = judged(Paper(gpus=UNKNOWN), accelerator="cuda|rocm")
    assert Skip("needs accelerator cuda|rocm: nobody knows") == unlisted


def test_of_several_marks_an_accelerator_is_one_that_all_name():
    """And none is where they have none in common."""

    def both(first, second):
        marks = ({"accelerator": first}, {"accelerator": second})
        return judge(
            join(one for kwargs in marks for one in read_mark("t", (), kwargs)), Paper(), []
        )

    assert isinstance(both("rocm|cuda", "cuda|xpu"), Met)
    none = "needs accelerator cuda, accelerator mps: 0 (none is all of these)"
    assert Skip(none) == both("cuda", "mps")


@pytest.mark.parametrize("kwargs", [{"gpu": 1}, {"accelerator": "mps"}, {"gpu_memory": "8GB"}])
def test_on_macos_accelerators_are_those_that_were_promised(kwargs):
    """The runner is taken at its word, for that kind and number: whoever else could tell would use it for that."""
    mac = Paper(system="darwin")
    kind = kwargs.get("accelerator", "cuda")
    skipped = judged(mac, **kwargs)

    assert isinstance(skipped, Skip)
    assert skipped.reason.endswith(
        ": on macOS there are those that the runner promises (--provides)"
    )
    assert isinstance(judged(mac, f"accelerator={kind}", **kwargs), Met)
    assert skipped == judged(mac, "accelerator=xpu", "ram>=1GB", **kwargs)
    assert isinstance(judged(mac, f"accelerator={kind}", **{**kwargs, "gpu": 2}), Skip)


def test_what_only_its_runtime_can_tell_is_there_if_promised():
    """Where there may be one; where there is certainly none, the promise is broken."""
    word = "accelerator=xpu"
    maybe = Paper(gpus=Known((), "NVML"), others=(("xpu", UNKNOWN),))
    assert isinstance(judged(maybe, accelerator="xpu"), Skip)
    assert isinstance(judged(maybe, word, accelerator="xpu"), Met)
    assert isinstance(judged(maybe, word, accelerator="cuda|xpu"), Met)
    assert isinstance(judged(Paper(), word, accelerator="xpu"), Fail)
    assert isinstance(judged(Paper(gpus=UNKNOWN), "gpu", gpu=1), Fail)


AMOUNTS = st.fixed_dictionaries(
    {},
    optional={
        "ram": st.integers(1, 3).map("{}GiB".format),
        "gpu": st.integers(1, 3),
        "gpu_memory": st.integers(1, 3).map("{}GiB".format),
        "gpu_memory_total": st.integers(1, 9).map("{}GiB".format),
    },
)
DEVICES = st.lists(st.builds(Device, st.uuids().map(str), st.integers(1, 3).map(GIB.__mul__), st.sampled_from(["7.0", "8.9"])), max_size=3)  # fmt: skip
MACHINES = st.builds(
    lambda ram, devices: Paper(Known(ram * GIB, ""), gpus=Known(tuple(devices), "")),
    st.integers(1, 3), DEVICES,
)  # fmt: skip


def words_of(amounts):
    return [f"{key}>={value}" for key, value in amounts.items()]


@settings(max_examples=300, deadline=None)
@given(MACHINES, AMOUNTS, AMOUNTS, st.sampled_from([{}, {"compute_capability": ">=8"}]))
def test_who_keeps_all_promises_never_fails_a_test(machine, promised, wanted, capability):
    """Whatever a test asks for beside and beyond them: it is met, or a skip."""
    kept = isinstance(judged(machine, **promised), Met)
    found = judged(machine, *words_of(promised), **wanted, **capability)
    assert not (kept and isinstance(found, Fail))


@given(MACHINES, AMOUNTS)
def test_who_breaks_a_promise_fails_the_test_that_needs_it(machine, promised):
    """A test that asks for just what was promised is never skipped."""
    assert not isinstance(judged(machine, *words_of(promised), **promised), Skip)
