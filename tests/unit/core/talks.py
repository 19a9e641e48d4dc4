"""A run that is talked to: events in, actions out."""

from __future__ import annotations

import dataclasses

from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.item import Blame, Phase
from pytest_bulkhead.core.policy import Policy
from pytest_bulkhead.core.run.run import Run

from .suites import items

SEGV, KILL, CLEAN = End(signal=11), End(signal=9), End(code=0)


class Talk:
    """A run that is talked to; `now` passes only when told."""

    def __init__(self, text="a a", why_spawn="", timeouts=None, begin=True, **policy):
        self.run = Run(Policy(**policy))
        self.now = 100.0
        self.items = tuple(items(text))
        if timeouts is not None:
            self.items = tuple(dataclasses.replace(i, timeout=timeouts) for i in self.items)
        self.begun = self.tell(ev.Begun(), *([self.collected(why_spawn)] if begin else []))

    def collected(self, why_spawn="", template=1):
        return ev.Collected(template, self.items, why_spawn)

    def tell(self, *events):
        """Tell events; return the actions of all."""
        actions = []
        for event in events:
            actions += self.run.handle(event, self.now)
            self.run.validate()
        return actions

    def wait(self, seconds):
        """Let time pass."""
        self.now += seconds
        return self.tell(ev.Tick())

    def test(self, worker, item, outcome="passed"):
        """Let a worker run a test."""
        return self.tell(
            ev.TestStarted(worker, item),
            ev.TestReported(worker, item, "setup", "passed"),
            ev.TestReported(worker, item, "call", outcome),
            ev.TestReported(worker, item, "teardown", "passed"),
            ev.TestFinished(worker, item),
        )

    def leave(self, worker):
        """Let a worker leave and end."""
        return self.tell(ev.WorkerLeaving(worker), ev.WorkerLeft(worker), ended(worker, CLEAN))

    @property
    def states(self):
        return [self.run.ledger.state(item.index) for item in self.items]


def ended(worker, end=SEGV, phase=Phase.CALL, item=-1, subject=""):
    return ev.WorkerEnded(worker, end, Blame(phase, item, subject))


def of(kind, actions):
    """Return the actions of one kind."""
    return [action for action in actions if type(action) is kind]


def kinds(actions):
    return [type(action) for action in actions]
