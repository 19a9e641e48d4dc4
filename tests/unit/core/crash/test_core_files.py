"""Specification of `core.crash.core_files`, by core(5)."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core.crash.core_files import core_glob
from pytest_bulkhead.core.known import Known, Unknown

SOURCE = "core_pattern"


def glob_of(pattern, *, uses_pid=False):
    return core_glob(Known(pattern, SOURCE), uses_pid=uses_pid, pid=42)


@pytest.mark.parametrize(
    ("pattern", "uses_pid", "expected"),
    [
        ("core", False, "core"),
        ("core", True, "core.42"),
        ("core.%p", True, "core.42"),
        ("/var/cores/core.%e.%p.%t", False, "/var/cores/core.*.42.*"),
        ("100%%-%s", False, "100%-*"),
        ("%%p", True, "%p.42"),
        ("core%", False, "core*"),
    ],
)
def test_a_file(pattern, uses_pid, expected):
    """The pid stands in it where the kernel puts it, `*` for what nobody knows."""
    assert Known(expected, SOURCE) == glob_of(pattern, uses_pid=uses_pid)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("|/usr/lib/systemd/systemd-coredump %P", "pipes core files to /usr/lib/systemd/"),
        ("|", "pipes core files to a program"),
        ("", "writes no core files"),
    ],
)
def test_no_file(pattern, why):
    """What the kernel gives to a program, or nobody, cannot be had."""
    found = glob_of(pattern)
    assert isinstance(found, Unknown)
    assert why in found.reason


def test_an_unknown_pattern():
    """What cannot be read stays unknown, with its reason."""
    assert Unknown("no /proc") == core_glob(Unknown("no /proc"), uses_pid=True, pid=1)
