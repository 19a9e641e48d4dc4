"""What test files import before they do anything else, and what most of them import.

A spare imports that ahead of need. So what counts is the **prologue** of a file alone, the imports
above its first other statement: a file that sets an environment variable and then imports torch
must find torch not imported yet.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence


def leading_imports(source: str) -> list[str]:
    """Return the modules that a file imports before it does anything else, in order.

    Args:
        source: of the file; one that is no Python imports nothing.
    """
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError):
        return []
    names: list[str] = []
    for statement in statements:
        found = _imports_of(statement)
        if found is None:
            break
        names += found
    return names


def _imports_of(statement: ast.stmt) -> list[str] | None:
    """Return what a statement imports; None when it does something else."""
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    if isinstance(statement, ast.ImportFrom):
        # What is relative depends on the package by which the file is imported.
        return [] if statement.level or statement.module is None else [statement.module]
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return []  # a docstring
    if isinstance(statement, (ast.Expr, ast.Assign)) and isinstance(statement.value, ast.Call):
        return _imports_of_call(statement.value)
    return None


def _imports_of_call(call: ast.Call) -> list[str] | None:
    """Return what `pytest.importorskip("torch")` imports; None for any other call."""
    name = call.args[0] if call.args else None
    if ast.unparse(call.func) != "pytest.importorskip" or not isinstance(name, ast.Constant):
        return None
    return [str(name.value)]


def common_imports(files: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the modules that at least half of the files import, in the order of the first.

    Args:
        files: the leading imports of each.
    """
    counts = Counter(name for names in files for name in set(names))
    seen: set[str] = set()
    for name in (name for names in files for name in names):
        if 2 * counts[name] >= len(files) and name not in seen:
            seen.add(name)
            yield name
