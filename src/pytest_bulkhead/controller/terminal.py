"""Who has the user's terminal: one debugger at a time, the others wait in line."""

from __future__ import annotations

from collections import deque

from pytest_bulkhead.controller.fleet import Craft
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.system import tty


class Terminal:
    """Lends the terminal to workers."""

    def __init__(self) -> None:
        self._holder: Craft | None = None
        self._waiting: deque[Craft] = deque()

    def ask(self, craft: Craft) -> None:
        """Lend the terminal, now or when it is back."""
        self._waiting.append(craft)
        self._lend_next()

    def give_back(self, craft: Craft) -> None:
        """Take it back from a craft that is done, or that ended with it."""
        if craft in self._waiting:
            self._waiting.remove(craft)
        if craft is self._holder:
            self._holder = None
            tty.take_foreground()
            self._lend_next()

    def _lend_next(self) -> None:
        if self._holder is None and self._waiting:
            self._holder = self._waiting.popleft()
            tty.give_foreground(self._holder.at_work())
            self._holder.answers.send(msg.TerminalGranted())

    def is_kept_from(self, craft: Craft) -> bool:
        """Whether a craft has to wait, because what it says would be written over a debugger.

        A template never has to: it may be telling that the holder ended, with the terminal.
        """
        return self.lent and craft is not self._holder and not craft.is_template

    @property
    def lent(self) -> bool:
        """Whether a worker has it, so that nobody else should write to it."""
        return self._holder is not None
