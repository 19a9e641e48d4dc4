"""Specification of `system.files`, `system.page` and `system.berth`."""

from __future__ import annotations

import os

import pytest

from pytest_bulkhead.core.item import Blame, Phase
from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.system import files
from pytest_bulkhead.system.berth import Berth, build, from_variable, to_variable
from pytest_bulkhead.system.page import Page, new_page


def test_a_page_is_shared():
    """What one mapping writes the other reads, also after the descriptor is closed."""
    fd = new_page()
    one, other = Page(fd), Page(fd)
    os.close(fd)
    blame = Blame(Phase.SETUP, 7, "module db of test_a.py", 1.5)
    one.write(blame)

    assert blame == other.read()
    one.close()
    other.close()


def test_output_is_read_back_by_its_ends():
    """A long output is read by its beginning and its end, with what was left out said."""
    fd = files.output_file()
    os.write(fd, b"a" * 60 + b"\xff" + b"z" * 60)

    assert files.read_text(fd) == "a" * 60 + "\\xff" + "z" * 60
    assert files.read_text(fd, 20) == "a" * 10 + "\n[... 101 bytes left out ...]\n" + "z" * 10
    os.close(fd)


def test_a_berth_and_its_hull_are_two_ends():
    """What a process writes through its berth, the controller reads through the hull."""
    hull, berth = build()
    cabin = berth.raised().open()
    cabin.endpoint.send(msg.Left())
    cabin.page.write(Blame(Phase.CALL, 3))
    os.write(cabin.out, b"out")
    os.write(cabin.err, b"err")

    assert [msg.Left()] == list(hull.endpoint.receive())
    assert hull.page.read().item == 3
    assert (hull.read_out(), hull.read_err(), hull.read_faults()) == ("out", "err", "")
    cabin.endpoint.close()
    cabin.line.close()
    hull.close()


def test_a_berth_travels_in_the_environment():
    """The variable of a spawned process names its kind and its descriptors."""
    hull, berth = build()
    kind, raised = from_variable(to_variable("worker", berth))

    assert kind == "worker"
    assert min(raised.fds()) >= files.HIGH_FD
    raised.close()
    hull.close()


@pytest.mark.parametrize("text", ["worker", "worker:1:2", "worker:a:b:c:d:e", ":::::"])
def test_a_variable_of_somebody_else_is_refused(text):
    """A value that is not ours is a usage error that names it."""
    with pytest.raises(UsageProblem, match="BULKHEAD_BERTH"):
        from_variable(text)


def test_a_berth_has_six_descriptors():
    """The number of descriptors that travel is the number of the berth's fields."""
    assert len(Berth._fields) == 6
