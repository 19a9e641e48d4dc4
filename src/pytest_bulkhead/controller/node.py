"""Workers as pytest-xdist's hooks show them to plugins.

What plugins really use of a node was read in some thirty of them; this is that, and no more. A
node is made for each process, so a report stream has one object, and a crashed process leaves a
node without `workeroutput`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest


class _Spec:
    """The part of an execnet spec that plugins read: a local process, nowhere else."""

    popen = True
    python = None
    chdir = None
    ssh = None
    socket = None
    env: dict[str, str] = {}  # noqa: RUF012 - read only, as execnet's

    def __init__(self, id_: str) -> None:
        self.id = id_


class _RemoteSide:
    """What execnet's `_rinfo()` tells of the other side, which here is this machine."""

    platform = sys.platform
    version_info = tuple(sys.version_info)
    executable = sys.executable

    def __init__(self) -> None:
        self.cwd = os.getcwd()
        self.pid = os.getpid()


class _Gateway:
    """The part of an execnet gateway that plugins read."""

    def __init__(self, id_: str) -> None:
        self.id = id_
        self.spec = _Spec(id_)
        self.remoteaddr = ""

    def _rinfo(self, update: bool = False) -> _RemoteSide:  # noqa: ARG002 - execnet's signature
        return _RemoteSide()


class _Roots:
    """The part of xdist's node manager that plugins read."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.roots: list[os.PathLike[str]] = []
        self.testrunuid = ""


class WorkerNode:
    """A worker, in the shape of xdist's `WorkerController`."""

    shutting_down = False
    #: Set from the worker's goodbye; absent when it crashed, by which plugins tell.
    workeroutput: dict[str, Any]

    def __init__(self, config: pytest.Config, worker_id: str, count: int, run_uid: str) -> None:
        self.config = config
        self.gateway = _Gateway(worker_id)
        self.nodemanager = _Roots(config)
        self.workerinput: dict[str, Any] = {
            "workerid": worker_id,
            "workercount": count,
            "testrunuid": run_uid,
            "mainargv": sys.argv,
        }
        self.workerinfo = {
            "id": worker_id,
            "version": sys.version,
            "version_info": tuple(sys.version_info),
            "sysplatform": sys.platform,
            "platform": " ".join(os.uname()),
            "executable": sys.executable,
            "cwd": os.getcwd(),
            "spec": self.gateway.spec,
        }

    def __repr__(self) -> str:
        return f"<WorkerNode {self.gateway.id}>"


class Schedule:
    """What `pytest_handlecrashitem` gets as xdist's scheduler: enough to ask for a rerun."""

    def __init__(self, config: pytest.Config, requeue: Callable[[str], None]) -> None:
        self.config = config
        self.nodes: Sequence[WorkerNode] = ()
        self._requeue = requeue

    def mark_test_pending(self, item: str) -> None:
        """Have the test of this node id run again."""
        self._requeue(item)
