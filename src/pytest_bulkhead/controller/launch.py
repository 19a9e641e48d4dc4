"""Starting the keeper, and the command lines of spawned processes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from pytest_bulkhead import compat
from pytest_bulkhead.core.start.proof import why_not_fork
from pytest_bulkhead.keeper.main import SCUTTLE_LIMIT, keep
from pytest_bulkhead.system import linux, process
from pytest_bulkhead.system.berth import Berth
from pytest_bulkhead.system.endpoint import Endpoint, channel
from pytest_bulkhead.system.files import redirect
from pytest_bulkhead.system.forkability import gather_facts
from pytest_bulkhead.system.scuttle import end_descendants


class Keep:
    """The controller's hold on the keeper."""

    def __init__(self, endpoint: Endpoint, pid: int, why_spawn: str) -> None:
        self.endpoint = endpoint
        self.pid = pid
        #: Why the keeper could not be forked from here, empty when it was.
        self.why_spawn = why_spawn
        #: Children of the controller that are none of ours.
        self._strangers = frozenset(linux.children_of(os.getpid())) - {pid}

    def lost(self) -> None:
        """End what the keeper, which is gone, has left: it is ours now."""
        end_descendants(SCUTTLE_LIMIT, self._strangers)

    def release(self) -> None:
        """Let the keeper end everything that is left, and itself."""
        if not self.endpoint.closed:
            self.endpoint.close()
            process.wait_end(self.pid, SCUTTLE_LIMIT + 1)


def start_keeper(
    workers: int, stdin: int, why_spawn: str, prepare: Callable[[], None]
) -> Keep | Berth:
    """Start the keeper.

    Args:
        workers: how many workers there may be at once.
        stdin: where the user's stdin is; pytest's capture keeps it from descriptor 0.
        why_spawn: why it is to be a fresh interpreter even where forking is safe; empty for auto.
        prepare: called in a forked keeper before it serves, while we go on.

    Returns:
        The hold on it; but in a template, forked from the keeper later, that template's berth.
    """
    why = why_spawn or why_not_fork(gather_facts(), workers)
    ours, theirs = channel()
    controller = os.getpid()
    linux.adopt_orphans()
    if why:
        pid = _spawn_keeper(theirs.detach(), controller, stdin)
    else:
        pid = process.fork()
        if pid == 0:
            ours.close()
            redirect(stdin, 0)  # for what it spawns, and for debuggers in what it forks
            prepare()
            return keep(Endpoint(theirs), controller)
        theirs.close()
    return Keep(Endpoint(ours, blocking=False), pid, why)


def _spawn_keeper(channel_fd: int, controller: int, stdin: int) -> int:
    code = (
        f"import sys; sys.path[:] = {sys.path!r}; "
        f"from pytest_bulkhead.keeper.main import main; main({channel_fd}, {controller})"
    )
    try:
        return process.spawn([sys.executable, "-S", "-c", code], os.environ, [channel_fd], stdin)
    finally:
        os.close(channel_fd)


def spawned_argv(path: Sequence[str], args: Sequence[str]) -> tuple[str, ...]:
    """Return the command line of a spawned template or worker.

    Args:
        path: `sys.path` as it was before conftests changed it.
        args: what the user gave to pytest.
    """
    code = f"import sys; sys.path[:] = {list(path)!r}; import pytest; sys.exit(pytest.main())"
    return (sys.executable, *compat.interpreter_flags(), "-c", code, *args)
