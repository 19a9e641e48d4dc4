"""A question that a child answers, where asking changes the process that asks."""

from __future__ import annotations

import contextlib
import marshal
import os
import warnings
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from pytest_bulkhead.core.known import Fact, Known, Unknown
from pytest_bulkhead.system import process

#: Bytes of an answer: what a pipe takes without anybody reading.
_LARGEST = 4096

_UNANSWERED = Unknown("the child that was to answer has not")


def answer_of_child(question: Callable[[], object], limit: float) -> Fact[Any]:
    """Have a child answer a question, unknown where it raises, dies, or has no answer in time.

    Args:
        question: what it calls.
        limit: the seconds that it may take.

    Returns:
        Numbers, texts and tuples as they are. Of another object its public attributes that are
        such, in a namespace.
    """
    reading, writing = os.pipe()
    pid = process.bare_fork()
    if pid == 0:
        _answer(question, writing)
    os.close(writing)
    os.set_blocking(reading, False)  # whom the child has started holds the other end
    process.wait_end(pid, limit)
    with open(reading, "rb", buffering=0) as pipe:
        said = pipe.read(_LARGEST)
    if not said:
        return _UNANSWERED
    is_plain, value = marshal.loads(said)  # noqa: S302 - of our own child
    return Known(value if is_plain else SimpleNamespace(**value), "a child")


def _answer(question: Callable[[], object], writing: int) -> None:
    """Be the child."""
    try:
        warnings.simplefilter("ignore")
        answer: Any = question()
        said = (True, answer) if _is_plain(answer) else (False, dict(_plain_attributes(answer)))
        os.write(writing, marshal.dumps(said)[: _LARGEST + 1])
    finally:
        os._exit(0)


def _is_plain(value: Any) -> bool:  # noqa: ANN401 - that is the question
    with contextlib.suppress(ValueError):
        return bool(marshal.dumps(value))
    return False


def _plain_attributes(thing: object) -> Iterator[tuple[str, Any]]:
    for name in dir(thing):
        value = None if name.startswith("_") else getattr(thing, name, None)
        if value is not None and _is_plain(value):
            yield name, value
