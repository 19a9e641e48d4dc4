"""Whether the core of gRPC is running in this process, whoever brought it.

The core says so to nobody: `grpc_is_initialized` is hidden in the wheels of grpcio, and asking one
copy would tell nothing of the others (pyarrow and ray have their own). But from the moment that it
is initialised it has threads with names. Measured with grpcio 1.60.2, 1.66.2, 1.74.0 and 1.85.3 on
Linux, with and without GRPC_ENABLE_FORK_SUPPORT=1:

- `import grpc`, `import grpc.aio` and credentials of a client start nothing, and a forked child has
  a server and a channel of its own as if nothing had been: 20 of 20, in each of these versions.
- A channel that was never used, a server that was never started, credentials of a server and
  grpc.aio's loop each have a timer, `grpc_global_timer`; the first two an `event_engine` too.
- After the last of them was closed, these threads end within milliseconds, and children that are
  forked then are as well as those after an import.
- With a channel alive, a child that uses gRPC hangs for ever, 3 of 3; with the fork support it
  lives, but what that stops and starts in the parent is nothing to build a proof upon.
"""

from __future__ import annotations

from collections.abc import Iterable

#: How the names of its threads begin; the kernel keeps 15 letters of a name.
_NAMES = ("grpc_", "event_engine")


def threads_of_grpc(names: Iterable[str]) -> tuple[str, ...]:
    """Return those names of threads that are gRPC's, each once."""
    return tuple(sorted({name for name in names if name.startswith(_NAMES)}, reverse=True))
