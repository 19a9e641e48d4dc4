"""What no variable does: done when the library that it concerns has been imported.

Each function here takes a module and how many threads were asked for, and returns what undoes it.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable
from typing import Any

from pytest_bulkhead.core.environment.profiles import HIDE_MPS, LIMIT_TORCH, SILENCE_POSTHOG

Undo = Callable[[], object]


def limit_torch(torch: Any, threads: int) -> Undo:  # noqa: ANN401 - a module
    """Limit torch's two pools; the one between operators can be set once in a process."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    with contextlib.suppress(RuntimeError):  # somebody has set it
        torch.set_num_interop_threads(threads)
    own_way = torch.set_num_interop_threads

    def set_num_interop_threads(number: int) -> None:
        """Do as torch does, but for what is so already."""
        if number != torch.get_num_interop_threads():
            own_way(number)

    torch.set_num_interop_threads = set_num_interop_threads

    def undo() -> None:
        torch.set_num_interop_threads = own_way
        torch.set_num_threads(before)

    return undo


def hide_mps(torch: Any, _threads: int) -> Undo:  # noqa: ANN401
    """Have torch, and who asks it, find no MPS."""
    mps = torch.backends.mps
    own_way = mps.is_available
    mps.is_available = lambda: False
    return lambda: setattr(mps, "is_available", own_way)


#: A disabled client of posthog has a consumer, and starts a poller of flags in each forked child.
_SILENT = {"disabled": True, "send": False, "enable_local_evaluation": False}


def silence_posthog(client: Any, _threads: int) -> Undo:  # noqa: ANN401
    """Have every client be made disabled, and start no thread."""
    own_way = client.Client.__init__
    signature = inspect.signature(own_way)
    silent = {name: value for name, value in _SILENT.items() if name in signature.parameters}

    def __init__(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401, N807
        given = signature.bind(*args, **kwargs)
        given.arguments.update(silent)
        own_way(*given.args, **given.kwargs)

    client.Client.__init__ = __init__
    return lambda: setattr(client.Client, "__init__", own_way)


#: {act: what does it}
DEEDS: dict[str, Callable[[Any, int], Undo]] = {
    LIMIT_TORCH.name: limit_torch,
    HIDE_MPS.name: hide_mps,
    SILENCE_POSTHOG.name: silence_posthog,
}
