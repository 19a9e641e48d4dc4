"""What `bench.gpu` has other processes do, until their stdin is closed; each prints a line of JSON.

python -m bench.gpu_probe watch PID UUID    look who of the pytest below PID is on a card
python -m bench.gpu_probe state CODE        execute this, and say how CUDA is then
python -m bench.gpu_probe hold BYTES        hold memory of the first card
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
from collections.abc import Iterator
from typing import Any

from pytest_bulkhead.core.known import Unknown
from pytest_bulkhead.system import linux, nvml
from pytest_bulkhead.system.accelerators import accelerators_in_use
from pytest_bulkhead.system.libraries import loaded_libraries, named

#: Seconds between two looks.
LOOK = 0.02
#: What CUDA opens when it is initialised, and NVML does not.
UVM = "/dev/nvidia-uvm"


def watch(bench: int, uuid: str) -> None:
    """Print {role: {what was seen of it: in how many looks}}."""
    seen: dict[str, dict[str, int]] = {}
    roles: dict[int, str] = {}
    while not select.select([0], [], [], LOOK)[0]:
        alive = dict(roles_below(bench))
        roles |= alive
        listed = nvml.look_at([uuid])[uuid].processes
        for pid, role in alive.items():
            _count(seen, role, "looks")
            if has_uvm(pid):
                _count(seen, role, "uvm")
        for pid in listed:
            _count(seen, roles.get(pid, "stranger"), "listed")
    print(json.dumps(seen))


def _count(seen: dict[str, dict[str, int]], role: str, what: str) -> None:
    counts = seen.setdefault(role, {"looks": 0, "uvm": 0, "listed": 0})
    counts[what] += 1


def roles_below(bench: int) -> Iterator[tuple[int, str]]:
    """Yield (pid, role) of all processes of the pytest that a bench has started.

    The keeper is below the controller, and below that the templates, which are forked and so have
    its command line. What is spawned has one of its own, and what is below a template is a worker.
    """
    for controller in linux.children_of(bench):
        command = linux.command_of(controller)
        if "-m pytest" not in command:
            continue
        yield controller, "controller"
        for keeper in linux.children_of(controller):
            yield keeper, "keeper"
            for pid in linux.children_of(keeper):
                yield pid, "template" if linux.command_of(pid) == command else "worker"
                yield from ((below, "worker") for below in linux.descendants_of(pid))


def has_uvm(pid: int | str) -> bool:
    """Whether a process has CUDA's own device open."""
    with contextlib.suppress(OSError):  # it has ended
        folder = f"/proc/{pid}/fd"
        return any(os.readlink(f"{folder}/{fd}") == UVM for fd in os.listdir(folder))
    return False


def state(code: str) -> None:
    """Say how CUDA is after some code."""
    names: dict[str, Any] = {}
    exec(code, names)
    torch = sys.modules.get("torch")
    mapped = bool(named(loaded_libraries(), r"libcuda\.so"))
    initialised = bool(torch and torch.cuda.is_initialized())
    say(driver=_driver(), mapped=mapped, uvm=has_uvm("self"), torch=initialised)


def _driver() -> str:
    found = accelerators_in_use()
    if isinstance(found, Unknown):
        return found.reason
    if not found.value:
        return "clean"
    return "context" if found.value[0].devices else "initialised"


def hold(size: int) -> None:
    """Hold memory, and say so."""
    import torch

    held = torch.empty(size, dtype=torch.uint8, device="cuda")
    say(held=held.shape[0])


def say(**facts: object) -> None:
    """Print a line, and wait until the bench has looked."""
    print(json.dumps(facts), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["watch", bench, uuid]:
            watch(int(bench), uuid)
        case ["state", code]:
            state(code)
        case ["hold", size]:
            hold(int(size))
