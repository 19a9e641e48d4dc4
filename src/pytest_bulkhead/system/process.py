"""Making processes, waiting for them, and sending them signals: the only home of these calls."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import warnings
from collections.abc import Mapping, Sequence

from pytest_bulkhead.system import clock

#: The real one: tests patch `os.getpid`, and a process must not take itself for another then.
own_pid = os.getpid

#: What a spawned program must not find ignored, as the keeper has it.
_DEFAULT = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)


#: Whether this Python warns when a process with threads forks.
_WARNS_AT_FORK = sys.version_info >= (3, 12)


def fork() -> int:
    """Fork; return 0 in the child, which keeps Python's random stream.

    Python would seed that by chance in the child: what a conftest has seeded would be lost.
    """
    stream = random.getstate()
    flush_output()
    pid = bare_fork()
    if pid == 0:
        random.setstate(stream)
    return pid


def bare_fork() -> int:
    """Fork and do nothing else, for a child that leaves at once.

    Python's warning of threads is kept back: whether it may be forked all the same is for the
    caller to know, and under `-W error` it would be an exception inside the fork.
    """
    if not _WARNS_AT_FORK:
        return os.fork()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return os.fork()


def flush_output() -> None:
    """Write out what Python buffers, or every child would write it again."""
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        with contextlib.suppress(Exception):
            stream.flush()  # type: ignore[union-attr]


def own_group() -> None:
    """Become the leader of a process group: Ctrl-C and `kill(0)` stop at its border."""
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)


def spawn(
    argv: Sequence[str], environ: Mapping[str, str], inherit: Sequence[int], stdin: int = 0
) -> int:
    """Start a program in a process group of its own and return its pid.

    Args:
        argv: the program and its arguments.
        environ: its whole environment.
        inherit: the descriptors that it keeps, beside stdin, stdout and stderr.
        stdin: the descriptor that becomes its stdin.

    Raises:
        OSError: it cannot be started.
    """
    for fd in inherit:
        os.set_inheritable(fd, True)
    try:
        moves = [(os.POSIX_SPAWN_DUP2, stdin, 0)]
        return os.posix_spawn(
            argv[0], list(argv), dict(environ), file_actions=moves, setpgroup=0, setsigdef=_DEFAULT
        )
    finally:
        for fd in inherit:
            os.set_inheritable(fd, False)


def first_dead_child(*, reap: bool = False) -> int | None:
    """Return a child that ended and is not reaped yet, or is with `reap`; None for none."""
    try:
        dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | (0 if reap else os.WNOWAIT))
    except ChildProcessError:
        return None
    return dead.si_pid if dead else None


def reap_status(pid: int, *, with_group: bool = True) -> tuple[int, int, str] | None:
    """Reap a child that ended; return its status, its peak memory in KiB and what it had become.

    What is left of its process group is ended first, while its pid cannot be another's.

    Args:
        pid: the child.
        with_group: it leads a process group of its own.
    """
    try:
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None:
            return None
        if with_group:
            kill_group(pid)
        became = _became(pid)
        _pid, status, usage = os.wait4(pid, 0)
    except ChildProcessError:
        return None
    return status, usage.ru_maxrss, became


#: Characters of a process's name that the kernel keeps.
_NAME = 15


def _became(pid: int) -> str:
    """Return the name of the program that a dead child ran, set by exec; empty for Python's own."""
    try:
        name, own = (_name_at(path) for path in (f"/proc/{pid}/comm", "/proc/self/comm"))
    except OSError:
        return ""
    return "" if name in (own, os.path.basename(sys.executable)[:_NAME]) else name


def _name_at(path: str) -> str:
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.read(fd, 64).decode("utf-8", "replace").strip()
    finally:
        os.close(fd)


def wait_dead(pid: int) -> None:
    """Wait for a child to end, without reaping it."""
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def ends_within(pid: int, seconds: float) -> bool:
    """Wait for a child to end, without reaping it; return whether it did in time."""
    deadline = clock.monotonic() + seconds
    pause = 0.0005
    while _is_running(pid):
        if clock.monotonic() > deadline:
            return False
        clock.pause(pause)
        pause = min(2 * pause, 0.02)
    return True


def wait_end(pid: int, seconds: float) -> int | None:
    """Wait for a child to end and reap it; kill it when it takes longer.

    Returns:
        Its status; None when somebody else has reaped it.
    """
    deadline = clock.monotonic() + seconds
    pause = 0.0005
    while (reaped := reap_status(pid, with_group=False)) is None and not _is_gone(pid):
        if clock.monotonic() > deadline:
            send_signal(pid, signal.SIGKILL)
        clock.pause(pause)
        pause = min(2 * pause, 0.02)
    return reaped[0] if reaped else None


def _is_running(pid: int) -> bool:
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:
        return False


def _is_gone(pid: int) -> bool:
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False


def usable_cores() -> int:
    """Return how many cores this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def has_children() -> bool:
    """Whether this process has children, dead or alive; costs a microsecond."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def exists(pid: int) -> bool:
    """Whether a process is there, dead and not reaped included."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def send_signal(pid: int, signum: int) -> bool:
    """Send a signal to a process; return whether it was there."""
    try:
        os.kill(pid, signum)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def signal_group(pid: int, signum: int) -> bool:
    """Send a signal to the process group that a process leads; return whether it was there."""
    try:
        os.killpg(pid, signum)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def kill_group(pid: int) -> None:
    """End a process group at once."""
    signal_group(pid, signal.SIGKILL)


def exit_now(code: int = 0) -> None:
    """Leave without finalisers, which belong to the process that we were forked from."""
    flush_output()
    os._exit(code)


def stack_dump_signal() -> int:
    """Return the signal at which a process of a run writes its Python stacks.

    A real-time signal where there are some: SIGUSR1 and SIGUSR2 belong to the tests.
    """
    return signal.SIGRTMIN + 7 if hasattr(signal, "SIGRTMIN") else signal.SIGUSR2
