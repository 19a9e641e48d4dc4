"""Who is answerable for which change: the baselines of all who are at work.

Theory of operation: whoever changes the process (a test, a wide fixture in its set-up or in its
teardown) is an **owner** from its beginning to its end. Its baseline is the state that it found.
What another owner changes meanwhile is put into the baseline as if it had been there before
(`core.guards.baseline`), so it is held against the other one alone:

- A session fixture is set up in the middle of the first test's set-up. What it changes and holds is
  in that test's baseline from then on.
- A wide fixture changes things twice. What it must have put back at its end is the state that it
  found, with all that others have changed while it stood: what its own set-up and teardown together
  have changed is left.
- A fixture that sets another one up, in the middle of its own set-up, answers for its part.
"""

from __future__ import annotations

import contextlib
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, NamedTuple

from pytest_bulkhead.core.guards.baseline import UNKNOWN, State, changed, rebased
from pytest_bulkhead.guards.resource import Resource


class Left(NamedTuple):
    """What an owner left of one resource."""

    resource: Resource
    texts: tuple[str, ...]
    #: What the resource was like before.
    before: Any


class Watch:
    """Looks at some resources, and keeps the baselines of those at work."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._resources = resources
        self._places = {resource: at for at, resource in enumerate(resources)}
        self._snapshots = [resource.snapshot for resource in resources]
        #: {owner: its baseline}; of a wide fixture only while it is set up or torn down.
        self._bases: dict[Hashable, State] = {}
        #: {wide fixture that stands: (its baseline, the state after its set-up)}
        self._standing: dict[Hashable, tuple[State, State]] = {}
        #: Those of them that may hold what tests seem to leave.
        self._holders: set[Hashable] = set()

    def look(self) -> State:
        """Return the state of all resources."""
        state: State = []
        for snapshot in self._snapshots:
            try:
                state.append(snapshot())
            except Exception:  # noqa: BLE001 - a test may have put anything anywhere
                state.append(UNKNOWN)
        return state

    @property
    def standing(self) -> bool:
        """Whether a wide fixture stands, which may hold what tests seem to leave."""
        return bool(self._holders)

    def is_at_work(self, owner: Hashable) -> bool:
        """Whether an owner has begun and not ended."""
        return owner in self._bases

    def begin(self, owner: Hashable) -> None:
        """Note what an owner finds."""
        self._bases[owner] = self.look()

    def end(self, owner: Hashable) -> list[Left]:
        """Return what an owner that ends has left."""
        return self._compare(self._bases.pop(owner), self.look())

    def end_setup(self, owner: Hashable, *, may_hold: bool) -> None:
        """Note that a wide fixture, which had begun, stands, and may hold what tests start."""
        base, state = self._bases.pop(owner), self.look()
        self._attribute(base, state)
        self._standing[owner] = base, state
        if may_hold:
            self._holders.add(owner)

    def end_teardown(self, owner: Hashable) -> list[Left]:
        """Return what a wide fixture has left, whose teardown had begun."""
        begun, state = self._bases.pop(owner), self.look()
        self._attribute(begun, state)
        if owner not in self._standing:
            return []
        self._holders.discard(owner)
        base, stood = self._standing.pop(owner)
        return self._compare(rebased(base, stood, begun), state)

    def restore(self, left: Left) -> tuple[str, ...]:
        """Put a resource back; return what is left all the same."""
        before = self.look()
        with contextlib.suppress(Exception):  # as above; what is left all the same is told
            left.resource.restore(left.before)
        self._attribute(before, self.look())
        return self.still(left)

    def still(self, left: Left) -> tuple[str, ...]:
        """Return what is still left of what was."""
        now = self.look()[self._places[left.resource]]
        found = set(self._describe(left.resource, left.before, now))
        return tuple(text for text in left.texts if text in found)

    def _attribute(self, before: State, after: State) -> None:
        """Hold what changed in between against none of those that are at work."""
        for owner, base in self._bases.items():
            self._bases[owner] = rebased(base, before, after)

    def _compare(self, before: State, after: State) -> list[Left]:
        return list(self._left(before, after))

    def _left(self, before: State, after: State) -> Iterator[Left]:
        for at in changed(before, after):
            resource = self._resources[at]
            texts = tuple(self._describe(resource, before[at], after[at]))
            if texts:
                yield Left(resource, texts, before[at])

    def _describe(self, resource: Resource, before: object, after: object) -> list[str]:
        try:
            return list(resource.differences(before, after))
        except Exception as problem:  # noqa: BLE001 - as above
            return [f"it was changed, and cannot be described ({type(problem).__name__})"]
