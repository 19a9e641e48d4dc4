"""Specification of `core.doctor.checkup`."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core.doctor.checkup import PLUGINS, Facts, Word, examine
from pytest_bulkhead.core.environment.profiles import DOUBTFUL
from pytest_bulkhead.core.known import Known, Unknown
from pytest_bulkhead.core.resources.devices import Device

WELL = Facts(
    python="3.11.7",
    pytest="9.0.0",
    platform="linux",
    plugins={},
    why_not_fork="",
    core_limit=Known(-1, "RLIMIT_CORE"),
    core_pattern=Known("core.%p", "/proc/sys/kernel/core_pattern"),
    programs={"gdb": True},
    ptrace=Known(1, "yama"),
    ram=Known(8.0 * 2**30, "sysconf"),
    cpus=Known(4.0, "affinity"),
    counts_oom=True,
    gpus=Known((Device("GPU-a", 8, "8.0"),), "NVML"),
    mps=False,
    start_method="fork",
    environ={"OMP_NUM_THREADS": "1"},
)


def signs(**different):
    return examine(WELL._replace(**different))


def remarks(**different):
    """Return what is not as it should be, as (word, what)."""
    return [(one.word.value, one.what) for one in signs(**different) if one.word is not Word.OK]


def test_a_machine_that_is_well():
    """Each thing that was looked at has a sign, with who says so."""
    texts = {one.what: one.text for one in signs()}

    assert remarks() == []
    assert texts["memory"] == "8.00 GiB (sysconf)"
    assert texts["core files"] == "written to 'core.%p' (/proc/sys/kernel/core_pattern)"
    assert set(texts) >= {"python", "pytest", "fork", "native stacks", "cpus", "gpus"}


@pytest.mark.parametrize(
    ("different", "expected"),
    [
        ({"why_not_fork": "darwin"}, ("note", "fork")),
        ({"core_limit": Known(0, "RLIMIT_CORE")}, ("note", "core files")),
        ({"core_limit": Unknown("no limits here")}, ("note", "core files")),
        ({"core_pattern": Unknown("not to be read")}, ("note", "core files")),
        ({"programs": {"gdb": False}}, ("note", "native stacks")),
        ({"ptrace": Known(3, "yama")}, ("note", "native stacks")),
        ({"ram": Unknown("nobody knows")}, ("note", "memory")),
        ({"counts_oom": False}, ("note", "memory")),
        ({"cpus": Unknown("nobody knows")}, ("note", "cpus")),
        ({"environ": {}}, ("note", "thread pools")),
        ({"gpus": Unknown("NVML does not start")}, ("note", "gpus")),
        ({"gpus": Known((Device("GPU-a", 8, "8.0", None, True),), "NVML")}, ("note", "gpus")),
        ({"mps": True}, ("note", "gpus")),
        ({"plugins": {"pytest-isolate": "0.0.17"}}, ("wrong", "plugin")),
        ({"plugins": {"pytest-forked": "1.7.5"}}, ("note", "plugin")),
    ],
)
def test_what_is_not_as_it_should_be_is_told(different, expected):
    """One thing, one remark."""
    assert remarks(**different) == [expected]


@pytest.mark.parametrize("name", DOUBTFUL)
def test_variables_that_do_nothing_or_harm_are_wrong(name):
    """With what is known of them, and the way out."""
    (sign,) = [one for one in signs(environ={**WELL.environ, name: "1"}) if one.word is Word.WRONG]

    assert (sign.text, sign.remedy) == (f"{name}: {DOUBTFUL[name]}", f"unset {name}")


def test_plugins_that_mean_something_are_told():
    """Each that is known, and no other."""
    found = [one.text for one in signs(plugins=dict.fromkeys([*PLUGINS, "pytest-x"], "1.0"))]

    assert [text for text in found if text.startswith("pytest-")] == [
        f"{name} 1.0: {PLUGINS[name][1]}" for name in sorted(PLUGINS)
    ]
