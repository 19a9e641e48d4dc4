"""A pytest plugin that kills its own process at a chosen step of the protocol.

`BULKHEAD_CHAOS_ROLE` says which process (controller, keeper, template, worker), and
`BULKHEAD_CHAOS_STEP` before or after which message: each message sent or received is a step, and
each has two sides. `BULKHEAD_CHAOS_ONCE` is a file: who creates it may die, so that one process of
a role dies and not each one after it.

Without a role it only counts: each process appends its role to `BULKHEAD_CHAOS_COUNT` at each step.
"""

from __future__ import annotations

import functools
import os
import signal

from pytest_bulkhead.protocol import messages
from pytest_bulkhead.system import endpoint

ROLE = os.environ.get("BULKHEAD_CHAOS_ROLE", "")
STEP = int(os.environ.get("BULKHEAD_CHAOS_STEP", "0"))
ONCE = os.environ.get("BULKHEAD_CHAOS_ONCE", "")
COUNT = os.environ.get("BULKHEAD_CHAOS_COUNT", "")

_controller = os.getpid()
#: What a process says or hears first tells who it is; {pid: role}, for forks inherit the rest.
_roles: dict[int, str] = {_controller: "controller"}
_steps: dict[int, int] = {}

_HEARD = {
    messages.ForkTemplate: "keeper",
    messages.Spawn: "keeper",
    messages.Welcome: "template",
    messages.Fork: "template",
    messages.Assign: "worker",
    messages.Finish: "worker",
}
_SAID = {
    messages.Gathered: "template",
    messages.CollectReported: "template",
    messages.Progress: "worker",
    messages.Reported: "worker",
}


def _learn(table: dict, message: object) -> None:
    pid = os.getpid()
    if pid not in _roles and type(message) in table:
        _roles[pid] = table[type(message)]
        if getattr(message, "names", None):
            # Both templates and spawned workers are welcomed, only these with the items' names.
            _roles[pid] = "worker"


def _step() -> None:
    pid = os.getpid()
    _steps[pid] = _steps.get(pid, 0) + 1
    role = _roles.get(pid, "worker")
    if COUNT:
        with open(COUNT, "a") as file:
            file.write(f"{role} {pid}\n")
    if role == ROLE and _steps[pid] == STEP and _first():
        os.kill(pid, signal.SIGKILL)


def _first() -> bool:
    try:
        os.close(os.open(ONCE, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def _wrap_send(send):
    @functools.wraps(send)
    def wrapped(self, message, *args, **kwargs):
        _learn(_SAID, message)
        _step()
        result = send(self, message, *args, **kwargs)
        _step()
        return result

    return wrapped


def _wrap_receive(receive):
    @functools.wraps(receive)
    def wrapped(self, *args, **kwargs):
        for message in receive(self, *args, **kwargs):
            _learn(_HEARD, message)
            _step()
            yield message

    return wrapped


endpoint.Endpoint.send = _wrap_send(endpoint.Endpoint.send)
endpoint.Endpoint.receive = _wrap_receive(endpoint.Endpoint.receive)
