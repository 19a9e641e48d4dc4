"""The descriptors that a process of a run is born with: its channels, its black box, its outputs.

The controller makes them, so it can read what a dead process wrote; the process gets them by
SCM_RIGHTS when it is forked, and by inheritance when it is spawned.
"""

from __future__ import annotations

import dataclasses
import os
from typing import NamedTuple

from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.system.endpoint import Endpoint, channel, endpoint_of
from pytest_bulkhead.system.files import output_file, raise_fd, read_text
from pytest_bulkhead.system.page import Page, memory_file, new_page

#: How many descriptors a berth has.
SIZE = 6

#: The environment variable by which a spawned process learns its kind and its descriptors. It is
#: removed before any code of a user could inherit it.
VARIABLE = "BULKHEAD_BERTH"


class Berth(NamedTuple):
    """The descriptors as the process itself sees them."""

    #: Orders come by it, and descriptors.
    channel: int
    #: What the processes below a staged worker say goes by it, and the answers to their questions.
    line: int
    page: int
    out: int
    err: int
    faults: int

    def fds(self) -> tuple[int, ...]:
        """Return all of them, in the order of the fields."""
        return tuple(self)

    def raised(self) -> Berth:
        """Move all of them to high numbers, where tests do not meet them."""
        return Berth(*map(raise_fd, self.fds()))

    def open(self) -> Cabin:
        """Return the process's end of its channel, its black box mapped, and its files."""
        ends = (endpoint_of(self.channel), endpoint_of(self.line))
        return Cabin(*ends, Page(self.page), self.out, self.err, self.faults)

    def close(self) -> None:
        """Close all: they belong to another process."""
        for fd in self.fds():
            os.close(fd)


class Cabin(NamedTuple):
    """A berth, opened by the process that lives in it."""

    endpoint: Endpoint
    line: Endpoint
    page: Page
    out: int
    err: int
    faults: int


@dataclasses.dataclass(eq=False, repr=False)
class Hull:
    """The same as the controller sees it."""

    endpoint: Endpoint
    line: Endpoint
    page: Page
    out: int
    err: int
    faults: int

    def read_out(self) -> str:
        """Return what the process wrote to stdout and pytest has not collected yet."""
        return read_text(self.out)

    def read_err(self) -> str:
        """Return what the process wrote to stderr and pytest has not collected yet."""
        return read_text(self.err)

    def read_faults(self) -> str:
        """Return the stacks that faulthandler wrote."""
        return read_text(self.faults)

    def close(self) -> None:
        """Close the channels and all files."""
        self.endpoint.close()
        self.line.close()
        self.page.close()
        for fd in (self.out, self.err, self.faults):
            os.close(fd)


def build() -> tuple[Hull, Berth]:
    """Make the descriptors of a new process; the berth's belong to the caller until sent."""
    (ours, theirs), (our_line, their_line) = channel(), channel()
    page, out, err, faults = new_page(), output_file(), output_file(), memory_file("faults")
    ends = (Endpoint(ours, blocking=False), Endpoint(our_line, blocking=False))
    hull = Hull(*ends, Page(page), out, err, faults)
    # The duplicates are what travels; so one `close` of the berth leaves the hull whole.
    files = (page, os.dup(out), os.dup(err), os.dup(faults))
    return hull, Berth(theirs.detach(), their_line.detach(), *files)


def to_variable(kind: str, berth: Berth) -> str:
    """Return the value of `VARIABLE` for a spawned process."""
    return ":".join([kind, *map(str, berth.fds())])


def from_variable(text: str) -> tuple[str, Berth]:
    """Return the kind and the berth of a spawned process.

    Raises:
        UsageProblem: the variable was set by somebody else.
    """
    kind, *numbers = text.split(":")
    if len(numbers) != SIZE or not all(number.isdecimal() for number in numbers):
        raise UsageProblem(f"the environment variable {VARIABLE} is ours; unset it, it is {text!r}")
    return kind, Berth(*map(int, numbers)).raised()
