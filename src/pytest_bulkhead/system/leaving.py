"""How a worker, or the template, leaves: by `os._exit`, after what Python would have done before.

The interpreter is not finalised: that is where daemon threads in native code abort, and what would
be finalised belongs to the process that was forked. With `isolate_exit = clean` it is, for that is
what plain pytest does; no process is forked then. Threads that are no daemons are waited for and
atexit functions run, each in the process that registered them; the controller bounds the time.
"""

from __future__ import annotations

import atexit
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

from pytest_bulkhead.system import process


def forget_exit_functions() -> None:
    """Leave the atexit functions to the process that registered them.

    Those of the standard library are registered again, for what they care for is per process.
    """
    atexit._clear()
    for module, name in (("logging", "shutdown"), ("multiprocessing.util", "_exit_function")):
        if module in sys.modules:
            atexit.register(getattr(sys.modules[module], name))


def run_exit_functions() -> None:
    """Wait for threads and run atexit functions, as the interpreter does before it finalises."""
    shutdown: Any = getattr(threading, "_shutdown", None)
    for step in (shutdown, atexit._run_exitfuncs):
        if step is not None:
            _run_loudly(step)


def _run_loudly(step: Callable[[], object]) -> None:
    try:
        step()
    except BaseException:  # noqa: BLE001 - the interpreter prints it and goes on, and so do we
        traceback.print_exc()


class CleanEnd(SystemExit):
    """Raised to end with the interpreter finalised: what belongs to it is nobody else's."""


def exit_process(code: int = 0) -> NoReturn:
    """Leave now."""
    process.exit_now(code)
    raise AssertionError("os._exit returned")
