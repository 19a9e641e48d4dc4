"""The roll call: SIGUSR1, or SIGINFO (Ctrl-T) where there is one, has it told who runs, and where.

It ends nothing and changes nothing: who is asked writes its stacks by a signal that it has a C
function for, and is not asked if it has none.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from pytest_bulkhead.controller.bridge import Bridge
from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.report.live import write_live
from pytest_bulkhead.system import clock, looking

if TYPE_CHECKING:
    from pytest_bulkhead.report.roll_call import Present

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGUSR1", "SIGINFO") if hasattr(signal, name))

#: Seconds in which a process that was asked has to begin to write its stacks: of a busy machine.
_LIMIT = 1.0


class RollCall:
    """Listens for the signals, and tells."""

    def __init__(self, bridge: Bridge, ring: Callable[[], object]) -> None:
        """Listen, where nobody else does.

        Args:
            bridge: what the controller holds.
            ring: is called by a signal's handler, and sees to it that `tell` is, soon.
        """
        self._bridge = bridge
        self._heard: list[int] = []
        with contextlib.suppress(ValueError):  # not the main thread: nobody can send us signals
            for number in _SIGNALS:
                if not looking.catches(os.getpid(), number):
                    signal.signal(number, lambda *_signal: ring())
                    self._heard.append(number)

    def close(self) -> None:
        """Listen no more."""
        for number in self._heard:
            signal.signal(number, signal.SIG_DFL)

    def tell(self) -> None:
        """Tell who runs now."""
        from pytest_bulkhead.report.roll_call import roll_call  # noqa: PLC0415 - rarely asked for

        run = self._bridge.run
        open_ones = (State.NOT_RUN, State.RUNNING)
        ended = sum(
            number for state, number in run.ledger.counts().items() if state not in open_ones
        )
        lines = roll_call(list(self._present()), ended, len(run.items))
        write_live(self._bridge.config, "\n" + "\n".join(lines) + "\n", "")

    def _present(self) -> Iterator[Present]:
        from pytest_bulkhead.report.roll_call import Present  # noqa: PLC0415 - as above

        run, now = self._bridge.run, clock.monotonic()
        tests = {
            worker.id: (item.nodeid, now - worker.item_since) for worker, item in run.in_hand()
        }
        for craft in self._bridge.fleet:
            doing, pid = craft.hull.page.read(), craft.at_work()
            collects = craft.is_template and doing.phase is Phase.COLLECTING
            if pid and (collects or craft.process in tests):
                name = "the template" if craft.is_template else craft.node.gateway.id
                stacks = looking.stacks_of(pid, craft.hull.faults, _LIMIT)
                yield Present(name, pid, *tests.get(craft.process, ("", 0.0)), doing, stacks)
