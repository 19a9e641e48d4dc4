"""What most test files of a suite import, and from where: for spares, which import it ahead."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pytest_bulkhead.core.start.prologue import common_imports, leading_imports

#: Files that are read, spread over the suite: a thousand would take a second.
_SAMPLE = 50


def common_modules(items: Sequence[pytest.Item]) -> list[list[str]]:
    """Return [[module, where it is], ...], in the order of import."""
    files = [path for path in dict.fromkeys(item.path for item in items) if path.suffix == ".py"]
    sample = files[:: 1 + len(files) // _SAMPLE]
    prologues = [leading_imports(_read(path)) for path in sample]
    return [[name, origin] for name, origin in _origins(common_imports(prologues)) if origin]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return ""


def _origins(names: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Yield names, and the files that they were imported from; empty for what has none."""
    for name in names:
        spec = getattr(sys.modules.get(name), "__spec__", None)
        yield name, str(getattr(spec, "origin", None) or "")
