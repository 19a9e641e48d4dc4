"""The lookout: who is left to tell when a root conftest ends the controller itself.

Root conftests are loaded in the controller, before anything of ours can contain them, and a crash
there ends every peer's run without a word. Things that don't work: a signal handler (Python code
on a broken heap, and none for `os._exit` or SIGKILL); a rehearsal in a child (the conftest's
imports are paid twice); a watcher on the side (the shell still sees 139 and no usage error).

So the process forks *before* the conftests: the child goes on as the controller, the parent, the
lookout, does nothing but wait for it. Its price is one fork, about a millisecond. When the child
ends while a conftest is being loaded, the lookout says so as a usage error; in every other case it
ends as the child ended, and passes on the signals that were meant for it.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from pytest_bulkhead.core.ends import End, decode_status
from pytest_bulkhead.core.item import Blame, Phase
from pytest_bulkhead.core.start.proof import why_not_fork
from pytest_bulkhead.system import linux, process
from pytest_bulkhead.system.forkability import gather_facts
from pytest_bulkhead.system.page import Page, new_page

#: pytest.ExitCode.USAGE_ERROR
_USAGE_ERROR = 4

#: Signals that somebody may send to the process that he started.
_PASSED_ON = tuple(
    getattr(signal, f"SIG{name}") for name in ("INT", "TERM", "HUP", "QUIT", "USR1", "USR2")
)

#: `si_code` of a signal that a process sent. What the kernel sends (Ctrl-C on a terminal) goes to
#: the whole foreground group, so the child has it already.
_SI_USER = 0


class Lookout:
    """The controller's side: notes in shared memory what is being loaded."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def note(self, conftest: Path) -> None:
        """Note a conftest that is about to be loaded."""
        self._page.write(Blame(Phase.COLLECTING, -1, str(conftest)))

    def report_safe(self) -> None:
        """Note that the conftests are loaded, well or with an exception."""
        self._page.write(Blame(Phase.BETWEEN))


def post_lookout() -> Lookout | None:
    """Fork; return in the child. None where this process must not be forked."""
    if why_not_fork(gather_facts(), 1):
        return None
    page = Page(new_page())
    parent = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, (*_PASSED_ON, signal.SIGCHLD))
    child = process.fork()
    if child:
        _watch(child, page)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (*_PASSED_ON, signal.SIGCHLD))
    linux.die_with_parent(parent)
    return Lookout(page)


def _watch(child: int, page: Page) -> NoReturn:
    while True:
        info = signal.sigwaitinfo((*_PASSED_ON, signal.SIGCHLD))
        if info.si_signo != signal.SIGCHLD:
            if info.si_code <= _SI_USER:
                process.send_signal(child, info.si_signo)
            continue
        reaped = process.reap_status(child, with_group=False)
        if reaped is not None:
            _end_as(decode_status(*reaped), page)


def _end_as(end: End, page: Page) -> NoReturn:
    last = page.read()
    if last.phase is Phase.COLLECTING:
        sys.stderr.write(
            f"ERROR: {last.subject} ended pytest with {end} while it was loaded\n"
            "hint: a conftest of the root folder is loaded before tests can be isolated; run "
            f"`python {last.subject}` to see it by itself\n"
        )
        process.exit_now(_USAGE_ERROR)
    if end.signal is not None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
        if end.signal != signal.SIGKILL:
            signal.signal(end.signal, signal.SIG_DFL)
        process.send_signal(os.getpid(), end.signal)
    process.exit_now(end.code if end.code is not None else 1)
    raise AssertionError("os._exit returned")
