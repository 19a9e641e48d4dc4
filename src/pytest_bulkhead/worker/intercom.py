"""The line between a staged worker and the processes below it.

Only the worker itself speaks with the controller: a process that is killed in the middle of a
word would leave the channel with half a message, and everything behind that could not be read.
What those below say is passed on message by message; answers go down, orders stay here.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable

from pytest_bulkhead.core.ends import LOST_CHANNEL
from pytest_bulkhead.errors import ProtocolError
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.system import leaving, linux, process
from pytest_bulkhead.system.endpoint import Endpoint, channel, endpoint_of
from pytest_bulkhead.system.files import raise_fd


class Intercom:
    """Both ends of the line; each process uses one."""

    def __init__(self, upwards: Endpoint) -> None:
        ours, theirs = (endpoint_of(raise_fd(end.detach())) for end in channel())
        self._upwards = upwards
        self._ours = ours
        #: The end for those below.
        self.theirs = theirs

    def attend(self, pid: int, obey: Callable[[msg.Message], None]) -> None:
        """Pass on what is said until a child ends.

        Args:
            pid: the child.
            obey: takes the controller's orders.
        """
        watch = linux.watch_pid(pid)
        assert watch is not None, "a staged worker was forked, so the kernel has pidfds"
        poll = select.poll()
        for source in (self._ours, self._upwards, watch):
            poll.register(source, select.POLLIN)
        try:
            while watch not in (ready := {fd for fd, _what in poll.poll()}):
                if self._ours.fileno() in ready:
                    self._relay(pid)
                if self._upwards.fileno() in ready:
                    self._hear(obey)
        finally:
            os.close(watch)
        while self._ours.readable(0):
            self._relay(pid)
        self._ours.forget_partial()

    def _relay(self, pid: int) -> None:
        try:
            self._ours.pass_on(self._upwards)
        except ProtocolError:
            # A test wrote into the line: nothing that its process says can be understood.
            self._ours.forget_partial()
            process.kill_group(pid)
        except OSError:
            leaving.exit_process(LOST_CHANNEL)

    def _hear(self, obey: Callable[[msg.Message], None]) -> None:
        try:
            for message in self._upwards.receive():
                if isinstance(message, msg.ANSWERS):
                    self._ours.send(message)
                else:
                    obey(message)
        except (ProtocolError, OSError):
            leaving.exit_process(LOST_CHANNEL)
        if self._upwards.closed:
            leaving.exit_process(LOST_CHANNEL)
