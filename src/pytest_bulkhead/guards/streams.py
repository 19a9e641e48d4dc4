"""The global random streams of Python, numpy and torch."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from typing import Any

from pytest_bulkhead.guards.resource import Resource

#: Words of 32 bits that the generator makes at once.
_WORDS = 624

#: How many of those blocks a test may draw and not be taken for one that seeds.
_BLOCKS = 200


class RandomStreams(Resource):
    """Whether somebody has seeded a stream; drawing from it is no finding.

    Many suites seed in each test, on purpose, so it has to be asked for.
    """

    name = "random"
    watches = "whether the global streams of Python, numpy or torch were seeded; not what was drawn"
    advice = "use random.Random(), numpy.random.default_rng() or torch.Generator()"
    unasked = True

    def snapshot(self) -> dict[str, Any]:
        found: dict[str, Any] = {"random": random.getstate()}
        numpy: Any = sys.modules.get("numpy.random")
        if hasattr(numpy, "get_state"):
            kind, key, position, *normal = numpy.get_state()
            found["numpy"] = kind, key.tobytes(), position, tuple(normal)
        generator: Any = getattr(sys.modules.get("torch"), "default_generator", None)
        if generator is not None:
            # torch knows what it was seeded with, so its state is kept for restoring alone.
            found["torch"] = generator.initial_seed()
        return found

    def differences(self, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
        for name in sorted(before.keys() & after.keys()):
            if before[name] != after[name] and not _is_drawn(name, before[name], after[name]):
                yield f"the global stream of {name} was seeded"

    def restore(self, before: dict[str, Any]) -> None:
        random.setstate(before["random"])
        if "numpy" in before:
            numpy: Any = sys.modules["numpy"]
            kind, key, position, normal = before["numpy"]
            words = numpy.frombuffer(key, dtype=numpy.uint32)
            numpy.random.set_state((kind, words, position, *normal))
        if "torch" in before:
            sys.modules["torch"].default_generator.manual_seed(before["torch"])


def _is_drawn(name: str, before: Any, after: Any) -> bool:  # noqa: ANN401 - as in `snapshot`
    if name == "torch":
        return False  # its seed is compared, which no drawing changes
    if name == "numpy":
        return _was_drawn(_as_pythons(before), _as_pythons(after))
    return _was_drawn(before, after)


def _was_drawn(before: Any, after: Any) -> bool:  # noqa: ANN401 - states of random.Random
    """Whether one state is reached from another by drawing."""
    twin = random.Random()  # noqa: S311 - no secrets here
    twin.setstate(before)
    for block in range(_BLOCKS):
        *key, position = twin.getstate()[1]
        if tuple(key) == after[1][:-1]:
            return bool(block > 0 or position <= after[1][-1])
        twin.getrandbits(32 * _WORDS)
    return False


def _as_pythons(state: Any) -> Any:  # noqa: ANN401
    """Return a state of numpy's generator as that of Python's, which is the same one."""
    key = memoryview(state[1]).cast("I")
    return 3, (*key, state[2]), None
