"""Singletons that are set back after each test: the lines of the ini key `isolate_reset`.

A line is `package.module.attribute = value`, with a Python literal for a value. Which part of the
path is the module is seen when it is loaded; nothing is ever imported for it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pytest_bulkhead.errors import UsageProblem


class Reset(NamedTuple):
    """An attribute that is set after each test."""

    path: tuple[str, ...]
    #: The value as Python text, read anew each time: of a list, each test has its own.
    text: str

    def value(self) -> object:
        """Return a new value."""
        return ast.literal_eval(self.text)

    def splits(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield (module, attributes below it), the longest module first."""
        for at in range(len(self.path) - 1, 0, -1):
            yield ".".join(self.path[:at]), self.path[at:]


def parse_resets(lines: Iterable[str]) -> tuple[Reset, ...]:
    """Return what the lines ask for.

    Raises:
        UsageProblem: a line is not of that form.
    """
    return tuple(_parse(line.strip()) for line in lines if line.strip())


def _parse(line: str) -> Reset:
    target, equals, text = (part.strip() for part in line.partition("="))
    path = tuple(target.split("."))
    if not equals or len(path) < 2 or not all(part.isidentifier() for part in path):
        raise _refuse(line, "is not of the form module.attribute = value")
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise _refuse(line, f"{text!r} is no literal of Python") from None
    return Reset(path, text)


def _refuse(line: str, what: str) -> UsageProblem:
    return UsageProblem(
        f"ini key isolate_reset: {line!r}: {what}\n"
        "hint: isolate_reset = dspy.settings._instance = None"
    )
