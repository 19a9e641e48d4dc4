"""The comments at the top of a script that say what marks say of a test.

    # requires: gpu=1 gpu_memory=24GB module="vllm>=0.9"
    # timeout: 120

Words only: whether such a thing can be required is for those to say who read the mark.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

from pytest_bulkhead.errors import UsageProblem

_HEADER = re.compile(r"#\s*(requires|timeout):(.*)")


class Header(NamedTuple):
    """A mark, as a comment has it."""

    name: str
    args: tuple[object, ...]
    kwargs: dict[str, object]


def read_headers(source: str, where: str) -> Iterator[Header]:
    """Yield the marks of a script, as far as there are but comments and empty lines.

    Args:
        source: of the script.
        where: it is, for messages.

    Raises:
        UsageProblem: a comment that begins as one of ours does not go on so.
    """
    lines = (line.strip() for line in source.splitlines())
    top = takewhile(lambda line: not line or line.startswith("#"), lines)
    for number, line in enumerate(top, 1):
        match = _HEADER.match(line)
        if match and match[1] == "requires":
            yield Header("requires", (), _read_keys(match[2], f"{where}:{number}"))
        elif match:
            yield Header("timeout", (_read_seconds(match[2], f"{where}:{number}"),), {})


def _read_keys(text: str, where: str) -> dict[str, object]:
    found: dict[str, list[object]] = {}
    for word in _split(text, where):
        key, equals, value = word.partition("=")
        if not equals:
            raise _refuse(where, f"{word!r} is no key with a value", "gpu=1 ram=48GB module=vllm")
        found.setdefault(key, []).append(_read_value(value))
    return {key: values[0] if len(values) == 1 else values for key, values in found.items()}


def _split(text: str, where: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as problem:
        raise _refuse(where, f"{text.strip()!r}: {problem}", 'module="vllm>=0.9"') from None


def _read_value(text: str) -> object:
    if text.isdecimal():
        return int(text)
    return True if text == "True" else text


def _read_seconds(text: str, where: str) -> float:
    if re.fullmatch(r"\s*\d+(\.\d*)?\s*", text) is None:
        what = f"{text.strip()!r} is no number of seconds"
        raise _refuse(where, what, "# timeout: 120, or 0 for never")
    return float(text)


def _refuse(where: str, what: str, forms: str) -> UsageProblem:
    return UsageProblem(f"{where}: {what}\nhint: write {forms}")
