"""The keeper: forks and spawns every process of a run, and outlives none of them.

Theory of operation: the keeper is forked from the controller when its options are parsed and its
conftests loaded, before anything is configured, and stays as it was then. So it is the stem from
which a template is forked, and forked again, pristine, when the first one died. It is the parent
or, as a "subreaper", the adopter of everything that a run starts, daemons of tests included. Its
life hangs on the controller's end of its channel: when that closes, it kills all its descendants
and leaves. No heartbeat, no pid file: the kernel tells.

Where the controller cannot be forked safely, the keeper is a fresh interpreter and can only spawn.

Invariants:

- It runs no code of a user, loads nothing, and never blocks but in `poll`.
- It ends no process whose pid could have been given to another: a child is signalled only before
  it is reaped.
"""

from __future__ import annotations

import os
import select
import signal
from typing import NoReturn

from pytest_bulkhead.errors import ProtocolError
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.system import linux, process, scuttle
from pytest_bulkhead.system.berth import SIZE, VARIABLE, Berth, to_variable
from pytest_bulkhead.system.endpoint import Endpoint, endpoint_of
from pytest_bulkhead.system.orphans import leaks_of_group

#: Seconds in which the descendants must be gone after SIGKILL; nothing but a disk that hangs
#: (state D) makes it longer.
SCUTTLE_LIMIT = 2.0


class Keeper:
    """The loop of the keeper's process."""

    def __init__(self, endpoint: Endpoint, parent: int) -> None:
        self._endpoint = endpoint
        #: The pids that it started itself, which lead process groups.
        self._started: set[int] = set()
        self._bell, bell_in = os.pipe()
        os.set_blocking(bell_in, False)
        os.set_blocking(self._bell, False)
        process.own_group()
        linux.adopt_orphans()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, _hear)
        signal.signal(signal.SIGTERM, _hear)
        signal.set_wakeup_fd(bell_in, warn_on_full_buffer=False)
        linux.die_with_parent(parent, signal.SIGTERM)

    def run(self) -> Berth:
        """Serve the controller; returns only in a forked template, with its berth."""
        poll = select.poll()
        poll.register(self._endpoint, select.POLLIN)
        poll.register(self._bell, select.POLLIN)
        while True:
            ready = {fd for fd, _what in poll.poll()}
            if self._bell in ready and signal.SIGTERM in self._heard():
                self._scuttle()
            self._reap()
            if self._endpoint.fileno() in ready:
                berth = self._obey()
                if berth is not None:
                    return berth

    def _heard(self) -> bytes:
        try:
            return os.read(self._bell, 4096)
        except BlockingIOError:
            return b""

    def _reap(self) -> None:
        while (pid := process.first_dead_child()) is not None:
            # Of an orphan, the group is its own affair: a daemon is left by a process in the middle
            # that dies at once, and lives on in that one's group.
            ours = pid in self._started
            for leak in leaks_of_group(os.getpid(), pid) if ours else ():
                self._tell(leak)
            reaped = process.reap_status(pid, with_group=ours)
            if reaped is not None:
                self._tell(msg.Reaped(pid, *reaped))

    def _obey(self) -> Berth | None:
        try:
            orders = list(self._endpoint.receive())
        except ProtocolError:
            self._scuttle()
        if self._endpoint.closed:
            self._scuttle()
        for order in orders:
            berth = Berth(*self._endpoint.take_fds(SIZE))
            if isinstance(order, msg.ForkTemplate):
                if self._fork(order):
                    return berth
            elif isinstance(order, msg.Spawn):
                self._spawn(order, berth)
            berth.close()
        return None

    def _fork(self, order: msg.ForkTemplate) -> bool:
        """Fork a template; return True in it."""
        keeper = os.getpid()
        pid = process.fork()
        if pid == 0:
            self._become_template(keeper)
            return True
        self._note_start(order.process, pid)
        return False

    def _note_start(self, number: int, pid: int) -> None:
        self._started.add(pid)
        self._tell(msg.Started(number, pid))

    def _become_template(self, keeper: int) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        process.own_group()
        linux.die_with_parent(keeper)
        os.close(self._bell)
        self._endpoint.close()

    def _spawn(self, order: msg.Spawn, berth: Berth) -> None:
        environ = {**order.environ, VARIABLE: to_variable(order.kind, berth)}
        try:
            pid = process.spawn(order.argv, environ, berth.fds())
        except OSError as problem:
            self._tell(msg.NotStarted(order.process, str(problem)))
        else:
            self._note_start(order.process, pid)

    def _tell(self, message: msg.Message) -> None:
        try:
            self._endpoint.send(message)
        except OSError:
            self._scuttle()

    def _scuttle(self) -> NoReturn:
        """End everything below us, and ourselves."""
        scuttle.end_descendants(SCUTTLE_LIMIT)
        os._exit(0)


def _hear(_signum: int, _frame: object) -> None:
    """Do nothing: the number of the signal is in the pipe, and `poll` returns."""


def keep(endpoint: Endpoint, parent: int) -> Berth:
    """Be the keeper in a process just forked from the controller; returns only in a template."""
    return Keeper(endpoint, parent).run()


def main(channel: int, parent: int) -> None:
    """Be the keeper in a fresh interpreter."""
    os.set_inheritable(channel, False)  # what it spawns must not hold the channel open
    Keeper(endpoint_of(channel), parent).run()
