"""The start methods of `multiprocessing`, as the mark `mp_start` and its ini key name them."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_bulkhead.errors import UsageProblem

METHODS = ("spawn", "forkserver", "fork")

_HINT = 'hint: write @pytest.mark.mp_start("spawn")'


def parse_method(word: object, where: str, hint: str = "") -> str:
    """Read a start method.

    Args:
        word: what the user wrote.
        where: the ini key or test at which it stands, for the message.
        hint: what to write instead, on a line of its own.

    Raises:
        UsageProblem: there is no such method.
    """
    if isinstance(word, str) and word in METHODS:
        return word
    rest = f"\n{hint}" if hint else ""
    raise UsageProblem(f"{where}: {word!r} is none of {', '.join(METHODS)}{rest}")


def read_mark(nodeid: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> str:
    """Read the mark `mp_start` of a test.

    Raises:
        UsageProblem: it does not name one start method.
    """
    where = f"{nodeid}: mark mp_start"
    if kwargs or len(args) != 1:
        raise UsageProblem(f"{where}: it takes one start method\n{_HINT}")
    return parse_method(args[0], where, _HINT)
