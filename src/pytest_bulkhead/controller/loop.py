"""The one loop of the controller: wait, make events of what happened, perform what the run wants.

Performing never calls the run: what it learns is a new event in the queue, so there is no
recursion, and the journal has every event in the order in which the run saw it.
"""

from __future__ import annotations

import contextlib
import functools
import os
import selectors
import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from pytest_bulkhead.controller.bridge import Bridge
from pytest_bulkhead.controller.fleet import Craft
from pytest_bulkhead.controller.hearing import Hearing
from pytest_bulkhead.controller.holding import release
from pytest_bulkhead.controller.perform import Performer
from pytest_bulkhead.controller.roll_call import RollCall
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.ends import UNSEEN
from pytest_bulkhead.errors import ProtocolError
from pytest_bulkhead.report.status import StatusLine
from pytest_bulkhead.system import clock

#: Seconds within which a second SIGINT is the same Ctrl-C: the terminal sends it to the whole
#: foreground group, and whoever started us may pass it on.
_SAME_INTERRUPT = 0.25

#: What the bell says: Ctrl-C was pressed, or somebody asks who runs.
_INTERRUPT, _ROLL_CALL = b"!", b"?"

#: Seconds for which reports may gather while nobody waits for an answer: a word that wakes nobody
#: is sent faster, and one look at many is cheaper than many looks. Of 1,000 trivial tests it saves
#: a tenth of the time and a sixth of the CPU.
_GATHER = 0.002

#: Seconds between two looks at a worker that has to wait while another one is debugged.
_HELD_BACK = 0.02

#: Seconds that a selector can wait at once; a limit may be infinite.
_LONGEST_WAIT = 86400.0

#: Seconds that the keeper has to tell of the workers that died with their template.
_ORPHAN_LOOK = 0.2


class Loop:
    """Pumps events until something is reached."""

    def __init__(
        self, bridge: Bridge, selector: selectors.BaseSelector, performer: Performer
    ) -> None:
        self._bridge = bridge
        self._selector = selector
        self._hearing = Hearing(bridge, self.feed)
        self._performer = performer
        self._status = StatusLine(bridge.config, bridge.run, lambda: bridge.terminal.lent)
        self._orphans_since: float | None = None
        self._last_interrupt = 0.0
        self._bell, self._bell_in = os.pipe()
        os.set_blocking(self._bell_in, False)
        self._roll_call = RollCall(bridge, functools.partial(os.write, self._bell_in, _ROLL_CALL))
        selector.register(self._bell, selectors.EVENT_READ, None)
        selector.register(bridge.keep.endpoint, selectors.EVENT_READ, bridge.keep)

    def feed(self, event: ev.Event) -> None:
        """Hand an event to the run, and perform what it wants."""
        self._bridge.events.append(event)
        self._handle_queue()

    def pump_until(self, reached: Callable[[], bool]) -> None:
        """Handle events until `reached`, or the run is closed."""
        with self._interruptible():
            self._handle_queue()
            while not (self._bridge.run.closed or reached()):
                self._wait()
                self._handle_queue()
        self._status.erase()

    def _handle_queue(self) -> None:
        bridge = self._bridge
        while bridge.events:
            event, now = bridge.events.popleft(), clock.monotonic()
            if bridge.journal is not None:
                bridge.journal.event(event, now)
            actions = bridge.run.handle(event, now)
            for action in actions:
                self._performer.perform(action)
            if bridge.charting is not None:
                bridge.charting.chart.look(event, actions, now)

    def _wait(self) -> None:
        if self._bridge.journal is not None:
            self._bridge.journal.flush()
        ready = self._selector.select(self._patience())
        if ready:
            self._status.erase()
        for key, _events in ready:
            if isinstance(key.data, Craft):
                if self._bridge.terminal.is_kept_from(key.data):
                    clock.pause(_HELD_BACK)
                else:
                    self._hear_craft(key.data, key.fileobj)
            elif key.data is None:
                self._hear_bell()
            else:
                self._hear_keeper()
        self._handle_queue()  # what hooks of plugins asked for
        self._look_at_clock()
        self._status.draw(clock.monotonic())
        if ready and self._bridge.run.roster.provided and not self._hearing.was_asked():
            clock.pause(_GATHER)

    def _patience(self) -> float | None:
        deadline = self._bridge.run.next_deadline()
        wait = None if deadline is None else max(0.0, deadline - clock.monotonic())
        if self._bridge.fleet.orphans():
            wait = _ORPHAN_LOOK if wait is None else min(wait, _ORPHAN_LOOK)
        if self._performer.gauge is not None:
            left = max(0.0, self._performer.gauge.next_look() - clock.monotonic())
            wait = left if wait is None else min(wait, left)
        return self._status.shorten(None if wait is None else min(wait, _LONGEST_WAIT))

    def _look_at_clock(self) -> None:
        deadline = self._bridge.run.next_deadline()
        if deadline is not None and deadline <= clock.monotonic():
            self.feed(ev.Tick())
        if self._bridge.fleet.orphans():
            self._look_after_orphans()
        if self._performer.gauge is not None:
            self._performer.gauge.look(clock.monotonic())

    def _look_after_orphans(self) -> None:
        now = clock.monotonic()
        if self._orphans_since is None:
            self._orphans_since = now
        elif now - self._orphans_since > _ORPHAN_LOOK:
            self._orphans_since = None
            self._hearing.miss_orphans()

    def _hear_craft(self, craft: Craft, source: Any) -> None:  # noqa: ANN401 - an endpoint
        if craft.hull.endpoint.pending:
            with contextlib.suppress(OSError):
                craft.hull.endpoint.flush()
            self._bridge.fleet.listen(craft)
        if not craft.mute:
            self._hearing.hear(craft, source)

    def _hear_keeper(self) -> None:
        endpoint = self._bridge.keep.endpoint
        try:
            for message in endpoint.receive():
                self._hearing.hear_keeper(message)
        except ProtocolError:
            endpoint.close()
        if endpoint.closed:
            self._selector.unregister(endpoint)
            self._bridge.keep.lost()
            self.feed(ev.KeeperLost(UNSEEN))

    def _hear_bell(self) -> None:
        rung = os.read(self._bell, 64)
        if _INTERRUPT in rung:
            self._bridge.verdict.interrupted = True
            self.feed(ev.Interrupted())
        if _ROLL_CALL in rung:
            self._roll_call.tell()

    @contextlib.contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Let Ctrl-C ring the bell: an exception could split an action in two."""
        try:
            before = signal.signal(signal.SIGINT, self._ring)
        except ValueError:  # not the main thread: nobody can press Ctrl-C on us
            yield
            return
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _ring(self, _signum: int, _frame: FrameType | None) -> None:
        now = clock.monotonic()
        if now - self._last_interrupt > _SAME_INTERRUPT:
            self._last_interrupt = now
            os.write(self._bell_in, _INTERRUPT)

    def report_late_errors(self) -> None:
        """Report session fixtures whose teardown failed after the last test of their worker."""
        release(self._bridge.config.hook, self._bridge)
        for worker, text in self._bridge.late_errors:
            self._performer.autopsy.report_error(f"session fixtures of {worker}", text)

    def close(self) -> None:
        """Let go of the keeper, and with it of every process that is left."""
        self._roll_call.close()
        self._selector.close()
        self._bridge.keep.release()
        os.close(self._bell)
        os.close(self._bell_in)
