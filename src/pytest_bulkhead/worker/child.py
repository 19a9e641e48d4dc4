"""The processes that a stage forks: one at work, the next one ready to begin, the last one leaving.

A child that is forked ahead waits at its gate, a pipe: a byte lets it begin, the end of the pipe
dismisses it. While it waits, it has the memory copied that a test writes to. So a fork and most of
its page faults happen beside the test before, on another core. What it inherits is the same: the
stage does nothing in between but wait.

A child that holds nothing which the next one could want rings a bell as its last word, and nobody
waits for the kernel to end it; it is reaped later. One that holds more is waited for.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
from typing import NamedTuple

import pytest

from pytest_bulkhead import compat
from pytest_bulkhead.core.run.seeds import derive_seed
from pytest_bulkhead.system import faults, leaving, linux, process, streams
from pytest_bulkhead.system.bell import Bell
from pytest_bulkhead.system.berth import Cabin
from pytest_bulkhead.system.burden import Burden
from pytest_bulkhead.system.orphans import leaks_of_group
from pytest_bulkhead.system.pages import HotPages
from pytest_bulkhead.system.torch_pool import renew_torch_pool
from pytest_bulkhead.worker.children import Nursery
from pytest_bulkhead.worker.place import Cell
from pytest_bulkhead.worker.reporter import Mouth
from pytest_bulkhead.worker.runner import Runner
from pytest_bulkhead.worker.standing import Standing


class Child(NamedTuple):
    """A process that was forked for some cells."""

    pid: int
    block: list[Cell]
    #: The gate at which it waits, -1 for none.
    gate: int = -1


class Brood:
    """The children of this process."""

    def __init__(
        self,
        session: pytest.Session,
        cabin: Cabin,
        standing: Standing,
        runner: Runner,
        mouth: Mouth,
    ) -> None:
        self._session = session
        self._cabin = cabin
        self._standing = standing
        self._runner = runner
        self._mouth = mouth
        self._ready: Child | None = None
        self._pages = HotPages()
        #: What our children ring; and what we ring, in a child.
        self._bell: Bell | None = None
        self._bell_above: Bell | None = None
        #: Children that have said their last word, and whose end nobody waits for.
        self._leaving: list[int] = []
        #: In a child: what it held when it began.
        self._burden: Burden
        #: Of the run's random streams; negative for leaving them alone.
        self.seed = -1
        #: Who adopts orphans.
        self.keeper = 0
        #: Whether there is a core for a child that gets ready beside the one at work.
        self.ahead = False
        #: In a child: what it is for.
        self.block: list[Cell] = []

    def start(self, block: list[Cell]) -> Child | None:
        """Have a child at work on a block; return None in it."""
        self._reap_leaving()
        self._bell = self._bell or Bell()
        ready, self._ready = self._ready, None
        if ready is not None and ready.block == block:
            with contextlib.suppress(BrokenPipeError):  # it has died; its end will tell
                os.write(ready.gate, b"!")
            os.close(ready.gate)
            return ready
        if ready is not None:
            self._end(ready)
        return self._fork(block)

    def prepare(self, block: list[Cell]) -> bool:
        """Have a child ready for a block that comes next; return False in it, once it may begin."""
        if not self.ahead:
            return True
        exit_, gate = os.pipe()
        self._ready = self._fork(block, gate)
        if self._ready is not None:
            os.close(exit_)
            return True
        os.close(gate)
        poll = select.poll()
        poll.register(exit_, select.POLLIN)
        self._pages.copy_until(lambda: bool(poll.poll(0)))
        if not os.read(exit_, 1):
            os._exit(0)
        os.close(exit_)
        self._burden = Burden()
        return False

    def dismiss(self) -> None:
        """End the child that is ready: what it has inherited is not what there will be."""
        ready, self._ready = self._ready, None
        if ready is not None:
            self._end(ready)
        for pid in self._leaving:
            process.wait_dead(pid)
        self._reap_leaving()

    def _reap_leaving(self) -> None:
        self._leaving = [pid for pid in self._leaving if process.reap_status(pid) is None]

    def _end(self, child: Child) -> None:
        os.close(child.gate)
        process.wait_dead(child.pid)
        process.reap_status(child.pid)

    def _fork(self, block: list[Cell], gate: int = -1) -> Child | None:
        parent = process.own_pid()
        pid = process.fork()
        if pid != 0:
            return Child(pid, block, gate)
        linux.die_with_parent(parent)
        process.own_group()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        leaving.forget_exit_functions()
        renew_torch_pool()
        compat.renew_connections(self._session.config)
        self._mouth.connect(self._cabin.line)
        self._runner.nursery = Nursery()
        self._standing.disown(self._session)
        self.block, self._ready, self._leaving = block, None, []
        self._bell, self._bell_above = None, self._bell
        if gate < 0:
            self._burden = Burden()
        return None

    def ring(self) -> None:
        """Say, in a child, that nobody need wait for its end; unless somebody has to."""
        if self._bell_above is not None and not self._burden.has_grown():
            self._bell_above.ring()

    def wait(self, child: Child) -> tuple[int, int, str]:
        """Wait until a child is done; return its status, its peak memory in KiB and what it became.

        There is nothing of it for one that is leaving.
        """
        assert self._bell is not None, "it was made before the child"
        rang = self._bell.await_ring(child.pid)
        if rang and not linux.adopted_of_group(self.keeper, child.pid):
            self._leaving.append(child.pid)
            return 0, 0, ""
        process.wait_dead(child.pid)
        for leak in leaks_of_group(self.keeper, child.pid):
            self._mouth.say(leak)
        reaped = process.reap_status(child.pid)
        assert reaped is not None, "a child that ended is ours to reap"
        return reaped

    def clean_up(self, config: pytest.Config) -> None:
        """Remove what a child that died has left in our common files; it was read."""
        compat.discard_output(config)
        faults.empty(self._cabin.faults)

    def settle_streams(self, name: str) -> None:
        """Seed, in a child, the random streams that nobody has seeded."""
        seed = derive_seed(self.seed, name, "") if self.seed >= 0 else -1
        streams.settle_streams(seed)

    def note_pages(self) -> None:
        """Note, at the end of a child, which memory it has written to, for those that follow."""
        if self.ahead and not self._pages.count:
            self._pages.note()
