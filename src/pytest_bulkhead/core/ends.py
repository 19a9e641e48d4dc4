"""How a process ended: decoded once from the kernel's status, then carried as a value."""

from __future__ import annotations

from typing import NamedTuple

#: Linux numbers on x86 and ARM (signal(7)); a number that is missing here is shown as a number.
SIGNAL_NAMES = {
    1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS",
    8: "SIGFPE", 9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE",
    14: "SIGALRM", 15: "SIGTERM", 16: "SIGSTKFLT", 17: "SIGCHLD", 18: "SIGCONT", 19: "SIGSTOP",
    20: "SIGTSTP", 21: "SIGTTIN", 22: "SIGTTOU", 23: "SIGURG", 24: "SIGXCPU", 25: "SIGXFSZ",
    26: "SIGVTALRM", 27: "SIGPROF", 28: "SIGWINCH", 29: "SIGIO", 30: "SIGPWR", 31: "SIGSYS",
}  # fmt: skip


#: The exit code of a worker that cannot speak any more, or of a child that must not speak for it.
LOST_CHANNEL = 97
#: The exit code of a worker in which a hook of `pytest_sessionfinish` raised.
BROKEN_FINISH = 98

#: The exit code of a stage whose children die before they begin.
NO_CHILDREN = 96

#: What such codes say.
MEANINGS = {
    NO_CHILDREN: "what was forked from it died before it could begin a test",
    LOST_CHANNEL: "a test closed the descriptor by which this process reports",
    BROKEN_FINISH: "a hook of pytest_sessionfinish raised",
}


class End(NamedTuple):
    """The end of a process: exactly one of an exit code and a signal, or neither when unknown."""

    code: int | None = None
    signal: int | None = None
    #: The highest resident memory of the process in KiB, 0 when nobody could tell.
    peak_kib: int = 0
    #: The kernel's out-of-memory killer ended it, by the word of the control group.
    out_of_memory: bool = False
    #: The program that it had become by exec, by the kernel's name for it; empty for none.
    became: str = ""

    @property
    def clean(self) -> bool:
        """Whether it exited with status 0."""
        return self.code == 0

    def __str__(self) -> str:
        if self.signal is not None:
            name = signal_name(self.signal)
            return f"{name} (out of memory)" if self.out_of_memory else name
        if self.code is not None:
            meaning = MEANINGS.get(self.code)
            return f"exit code {self.code} ({meaning})" if meaning else f"exit code {self.code}"
        return "an end nobody saw"


UNSEEN = End()


def signal_name(number: int) -> str:
    """Return the name of a signal, `SIGSEGV`, or its number where it has none."""
    return SIGNAL_NAMES.get(number, f"signal {number}")


def decode_status(status: int, peak_kib: int = 0, became: str = "") -> End:
    """Decode a status of wait(2).

    Args:
        status: what `os.waitpid` returned.
        peak_kib: `ru_maxrss` of the process, in KiB.
        became: the program that it had become.
    """
    signal = status & 0x7F
    if signal:
        return End(signal=signal, peak_kib=peak_kib, became=became)
    return End(code=(status >> 8) & 0xFF, peak_kib=peak_kib, became=became)
