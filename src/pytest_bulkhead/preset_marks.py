"""Marks that people have already, in a pytest run: which ask for something, and who registers them.

Only where a run is ours: tests are isolated, or there is the ini key `isolate_marks`. Elsewhere the
plugin changes nothing that it was not asked for, and registers none of these names.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest

from pytest_bulkhead.core.requires.presets import (
    KeyValues,
    Presets,
    in_force,
    preset_of,
    registrations,
)
from pytest_bulkhead.errors import UsageProblem

INI_KEY = "isolate_marks"

#: What the lines of the ini key say; absent where the run is not ours.
_ASKED: pytest.StashKey[Mapping[str, KeyValues]] = pytest.StashKey()
#: By which we have registered marks.
_LINES: pytest.StashKey[Collection[str]] = pytest.StashKey()


def read_preset_lines(config: pytest.Config) -> None:
    """Read what the run says of marks, before anything is loaded that would be in vain.

    Raises:
        pytest.UsageError: a line of the ini key says nothing of a mark.
    """
    lines: list[str] = config.getini(INI_KEY)
    config.stash[_ASKED] = {}
    if lines:
        # It reads ranges of versions: that takes longer than all the rest here.
        from pytest_bulkhead.core.requires.mark_lines import read_mark_lines  # noqa: PLC0415

        try:
            config.stash[_ASKED] = read_mark_lines(lines, f"ini key {INI_KEY}")
        except UsageProblem as problem:
            raise pytest.UsageError(str(problem)) from None


def register_marks(config: pytest.Config) -> None:
    """Register the marks that nobody has registered, so that `--strict-markers` knows them."""
    known = others_lines(config, ())
    lines = list(registrations(in_force(config.stash[_ASKED], known), known))
    config.stash[_LINES] = frozenset(lines)
    for line in lines:
        config.addinivalue_line("markers", line)


def asking_presets(config: pytest.Config, names: Collection[str]) -> Presets:
    """Return what marks of these names ask for, empty where none of them asks.

    By what is registered now: the conftest of a folder comes late.
    """
    presets = in_force(config.stash[_ASKED], others_lines(config, config.stash[_LINES]))
    return presets if any(preset_of(name, presets) for name in names) else {}


def others_lines(config: pytest.Config, own: Collection[str]) -> dict[str, str]:
    """Return {mark: a line by which somebody else has registered it}."""
    lines: list[str] = config.getini("markers")
    return {_name_in(line): line for line in lines if line not in own}


def _name_in(line: str) -> str:
    return line.partition(":")[0].partition("(")[0].strip()
