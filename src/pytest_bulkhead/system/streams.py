"""The random streams of this process: Python's, numpy's and torch's global ones.

Python seeds its own anew in every fork, so what a conftest has seeded would be lost; numpy's and
torch's are copied, so all forks would draw the same numbers. Hence: a fork of ours keeps Python's
stream, and in a worker a stream that the user's code has seeded goes on as it was, while every
other one is seeded anew. What was seeded here is nobody's: a process that is forked from a worker
may settle its streams again.
"""

from __future__ import annotations

import contextlib
import importlib
import random
import sys

#: The key of Python's stream before any code of the user ran; drawing changes it after 624 words.
_untouched: list[int] = []

#: The numpy stream's key, and torch's seed, as they were last set here.
_ours: dict[str, object] = {}

#: torch draws its first seed from 64 bits; nobody writes one as large into a conftest.
_LARGE = 2**32


def note_untouched() -> None:
    """Remember Python's stream as nobody has seeded it."""
    _untouched[:] = [_key()]


def _key() -> int:
    return hash(random.getstate()[1][:-1])


def load_streams() -> None:
    """Import what numpy would import when a test first draws, with a seed that nobody knows."""
    if "numpy" in sys.modules:
        with contextlib.suppress(ImportError):
            importlib.import_module("numpy.random")


def settle_streams(seed: int) -> None:
    """Give a worker its streams.

    Args:
        seed: of those that nobody has seeded. Negative leaves numpy's and torch's as they are, and
            has Python's seeded by chance, as in any fork.
    """
    if _untouched and _key() == _untouched[0]:
        random.seed(seed if seed >= 0 else None)
        note_untouched()
    if seed >= 0:
        _seed_numpy(seed)
        _seed_torch(seed)


def _seed_numpy(seed: int) -> None:
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is None:
        return
    bits = getattr(getattr(numpy_random, "mtrand", None), "_rand", None)
    # A generator that was seeded by hand has forgotten the entropy that it was made from.
    fresh = getattr(getattr(bits, "_bit_generator", None), "_seed_seq", None) is not None
    if fresh or _ours.get("numpy") == numpy_random.get_state()[1].tobytes():
        numpy_random.seed(seed)
        _ours["numpy"] = numpy_random.get_state()[1].tobytes()


def _seed_torch(seed: int) -> None:
    generator = getattr(sys.modules.get("torch"), "default_generator", None)
    if generator is None:
        return
    if generator.initial_seed() >= _LARGE or _ours.get("torch") == generator.initial_seed():
        generator.manual_seed(seed)
        _ours["torch"] = seed
