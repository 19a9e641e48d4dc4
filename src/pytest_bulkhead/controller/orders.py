"""Orders to start a process: its descriptors, its node for plugins, its welcome.

Light on imports: the first template is ordered before the rest of the controller is imported, so
that it configures itself and collects in the meantime.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from pytest_bulkhead.controller.fleet import Craft
from pytest_bulkhead.controller.launch import Keep, spawned_argv
from pytest_bulkhead.controller.node import WorkerNode
from pytest_bulkhead.core.escalation import SHARE_LIMIT
from pytest_bulkhead.core.policy import Policy
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.protocol.values import to_plain
from pytest_bulkhead.settings import Settings
from pytest_bulkhead.system.berth import Berth, build


class Task(NamedTuple):
    """What a process is told before it begins: the fields of `messages.Welcome` that differ."""

    doomed: list[list[str]]
    names: Any = {}  # noqa: RUF012 - a JSON value, never changed
    seed: int = -1
    shares: bool = False
    spawns: bool = False
    #: Variables on top of ours.
    environ: dict[str, str] = {}  # noqa: RUF012 - never changed


class Orders:
    """Starts processes of one run."""

    def __init__(
        self, config: pytest.Config, settings: Settings, keep: Keep, path: Sequence[str], uid: str
    ) -> None:
        self._config = config
        self._settings = settings
        self._keep = keep
        self._path = path
        self._uid = uid

    def build(self, number: int) -> tuple[Craft, Berth]:
        """Make what a process lives with."""
        hull, berth = build()
        return Craft(number, hull), berth

    def introduce(self, craft: Craft, slot: int) -> None:
        """Show plugins the node of a process."""
        craft.node = WorkerNode(self._config, f"gw{slot}", self._settings.workers, self._uid)
        self._config.hook.pytest_configure_node(node=craft.node)

    def order_template(self, craft: Craft, berth: Berth, doomed: list[list[str]]) -> None:
        """Have the keeper fork a template, or spawn one where it could not be forked itself."""
        settings = self._settings
        policy = Policy(level=settings.level, workers=settings.workers, stage=settings.stage)
        spawns = settings.start == "spawn"
        task = Task(doomed, seed=settings.seed, shares=policy.shares, spawns=spawns)
        if self._keep.why_spawn:
            self._order_spawned("template", craft, berth, {})
        else:
            self._keep.endpoint.send(msg.ForkTemplate(craft.process), berth.fds())
        self.welcome(craft, task)

    def order_worker(self, craft: Craft, berth: Berth, task: Task) -> None:
        """Have the keeper spawn a worker.

        Raises:
            OSError: the keeper is gone.
        """
        own = {**self._identity(craft.node.gateway.id), **task.environ}
        self._order_spawned("worker", craft, berth, own)
        self.welcome(craft, task)

    def order_spare(self, craft: Craft, berth: Berth, common: list[list[str]]) -> None:
        """Have the keeper spawn what will be a worker, and have it import what it will need.

        It is called by the first worker's name, for what is imported before it has its own: with
        one worker at a time that is the right one, and with several the run has no spares where
        anybody asks so early.

        Raises:
            OSError: the keeper is gone.
        """
        self._order_spawned("worker", craft, berth, self._identity("gw0"))
        craft.hull.endpoint.send(msg.Warm(common))

    def _order_spawned(self, kind: str, craft: Craft, berth: Berth, own: Mapping[str, str]) -> None:
        argv = spawned_argv(self._path, list(map(os.fspath, self._config.invocation_params.args)))
        order = msg.Spawn(craft.process, kind, argv, to_plain({**os.environ, **own}))
        self._keep.endpoint.send(order, berth.fds())

    def _identity(self, worker_id: str) -> dict[str, str]:
        return {
            "PYTEST_XDIST_WORKER": worker_id,
            "PYTEST_XDIST_WORKER_COUNT": str(self._settings.workers),
            "PYTEST_XDIST_TESTRUNUID": self._uid,
        }

    def welcome(self, craft: Craft, task: Task) -> None:
        """Tell a process who it is, and what it is to do."""
        craft.hull.endpoint.send(
            msg.Welcome(
                workerinput=to_plain(craft.node.workerinput),
                environ=to_plain({**os.environ, **task.environ}),
                doomed=task.doomed,
                names=task.names,
                workers=self._settings.workers,
                seed=task.seed,
                shares=task.shares,
                # What takes longer is set up by each worker, with a test in hand to be blamed.
                limit=min(self._settings.timeout or SHARE_LIMIT, SHARE_LIMIT),
                spawns=task.spawns,
            )
        )
