"""The lines of `isolate_marks`: `vllm = gpu=1 module=vllm>=0.9`, `gpu =` for nothing, `gpu`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pytest_bulkhead.core.requires.presets import ANY, BUILT_IN, KeyValues
from pytest_bulkhead.core.requires.requirements import read_requirements
from pytest_bulkhead.errors import UsageProblem

#: It has keys of its own.
_NOT = "requires"

_FORMS = (
    "NAME = gpu=1 module=vllm>=0.9 (any keys of the mark `requires`), NAME = for a mark that asks "
    f"for nothing, or NAME alone for what is built in: {', '.join(BUILT_IN)}, {ANY}"
)


def read_mark_lines(lines: Iterable[str], where: str) -> dict[str, KeyValues]:
    """Return what marks ask for; of two lines for one mark the later counts.

    Args:
        lines: as they stand.
        where: the ini key.

    Raises:
        UsageProblem: a line has no such form, or asks for what cannot be.
    """
    return dict(_read_line(line.strip(), f"{where}: {line.strip()!r}") for line in lines)


def _read_line(line: str, where: str) -> tuple[str, KeyValues]:
    name, equals, text = line.partition("=")
    name = name.strip()
    if not equals and (name in BUILT_IN or name == ANY):
        return name, BUILT_IN.get(name, {})
    if not equals or re.fullmatch(r"[A-Za-z_]\w*", name) is None or name == _NOT:
        raise UsageProblem(f"{where} says of no mark what it asks for\nhint: write {_FORMS}")
    return name, read_keys(text, where)


def read_keys(text: str, where: str) -> KeyValues:
    """Return what keys of the mark `requires` ask for, written as `gpu=1 module=vllm>=0.9`.

    Args:
        text: the keys; one that comes twice is a list.
        where: they stand, for messages.

    Raises:
        UsageProblem: there is no such key, or it cannot have such a value.
    """
    needs = _read_words(text.split())
    read_requirements(where, needs)
    return needs


def _read_words(words: Iterable[str]) -> KeyValues:
    values: dict[str, list[object]] = {}
    for word in words:
        key, _, value = word.partition("=")
        values.setdefault(key, []).append(_value(value.strip("\"'")))
    return {key: several[0] if len(several) == 1 else several for key, several in values.items()}


def _value(text: str) -> object:
    """Return a value as it would stand in the mark; `network` alone is true."""
    if text.isdecimal():
        return int(text)
    return text if text not in ("", "True") else True
