"""The calls by which torch comes to CUDA's driver: watched where a process is yet to be forked.

Theory of operation: all of torch's ways to the driver lead through two functions of its extension
module, which it looks up there each time: one counts devices, the other initialises CUDA. Ours
stand in their places from the moment that the extension is loaded; nobody imports torch for it.

- **Counting** (`torch.cuda.is_available()`, the gate of many test files) initialises the driver of
  the process that counts, which then must not be forked. But a number is all that is wanted, so a
  child counts, and says it by its exit code.
- **Initialising** must be done here. Who asked for it is noted, with the line of the user's.
"""

from __future__ import annotations

import functools
import os
import sys
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

from pytest_bulkhead.core.ends import decode_status
from pytest_bulkhead.system import linux, natives, places, process
from pytest_bulkhead.system.accelerators import blame, is_cuda_in_use

#: Torch's extension module, and its two functions. A build without CUDA has neither.
EXTENSION = "torch._C"
COUNT, INITIALISE = "_cuda_getDeviceCount", "_cuda_init"

#: Seconds that counting may take: a driver with eight devices may take five.
_LIMIT = 30.0

#: The exit code of a child that could not count, or found more than can be said so.
_NO_NUMBER = 255

#: What was put into torch's extension: {name: the function that stood there}.
_originals: dict[str, Callable[..., Any]] = {}

#: {the devices that were shown: how many a child has counted}
_counted: dict[str, int] = {}


def watch_torch() -> None:
    """Begin to watch torch's calls, now or when it is imported."""
    if linux.ON_LINUX:  # elsewhere nothing is forked
        natives.watch_natives()
        natives.when_loaded(EXTENSION, _watch)


def unwatch_torch() -> None:
    """Put back what was there: in a worker CUDA may be used."""
    natives.when_loaded(EXTENSION, None)
    extension = sys.modules.get(EXTENSION)
    for name, original in _originals.items():
        setattr(extension, name, original)
    _originals.clear()


def _watch(extension: ModuleType) -> None:
    for name, instead in ((COUNT, _counting), (INITIALISE, _blaming)):
        original = getattr(extension, name, None)
        if original is not None and name not in _originals:
            _originals[name] = original
            setattr(extension, name, instead(original))


def _counting(count: Callable[[], int]) -> Callable[[], int]:
    """Return a function that has a child count, where the driver is not in use here already."""
    blaming = _blaming(count)

    @functools.wraps(count)
    def count_elsewhere() -> int:
        __tracebackhide__ = True
        number = 0 if is_cuda_in_use() else _counted_by_child(count)
        # Where there is none nothing is brought into use, and torch has a warning to give.
        return number or blaming()

    return count_elsewhere


def _counted_by_child(count: Callable[[], int]) -> int:
    """Return how many devices a child counts, 0 when there is none or it did not get that far."""
    shown = os.environ.get("CUDA_VISIBLE_DEVICES", "-")
    if shown not in _counted:
        pid = process.bare_fork()
        if pid == 0:
            _say_number(count)
        status = process.wait_end(pid, _LIMIT)
        end = None if status is None else decode_status(status)
        code = _NO_NUMBER if end is None or end.code is None else end.code
        _counted[shown] = 0 if code == _NO_NUMBER else code
    return _counted[shown]


def _say_number(count: Callable[[], int]) -> None:
    """Be the child."""
    number = _NO_NUMBER
    warnings.simplefilter("ignore")  # where there is no device, torch says so in our process
    try:
        number = min(count(), _NO_NUMBER)
    finally:
        os._exit(number)


def _blaming(call: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that notes who has called it, if that has brought CUDA into use."""

    @functools.wraps(call)
    def watched(*args: Any) -> Any:  # noqa: ANN401 - as in torch
        __tracebackhide__ = True
        before = is_cuda_in_use()
        try:
            return call(*args)
        finally:
            if not before and is_cuda_in_use():
                blame(places.call_of_user(sys._getframe(1)))

    return watched
