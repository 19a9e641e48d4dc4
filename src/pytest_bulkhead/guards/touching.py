"""Which line of a test changes `sys.modules`: read in its source, afterwards.

`sys.modules` has no hook, and the interpreter does not see another mapping in its place.
"""

from __future__ import annotations

import ast
import builtins
import inspect
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

_NAME = "sys.modules"
_CHANGING = tuple(f"{_NAME}.{name}" for name in ("pop", "popitem", "clear", "update", "setdefault"))


def line_that_changes_modules(functions: Sequence[Any]) -> str:
    """Return the line, as `file:line`: in a function, else the only one in the first one's file."""
    for function in functions:
        path, lines, first, last = _read(function)
        own = [line for line in lines if first <= line <= last]
        if own:
            return f"{path}:{own[0]}"
    path, lines, _first, _last = _read(functions[0]) if functions else _NOTHING
    return f"{path}:{lines[0]}" if len(lines) == 1 else ""


#: The path of a function's file, the lines there, and between which ones the function is.
_Source = tuple[str, list[int], int, int]
_NOTHING: _Source = ("", [], 0, 0)


def _read(function: Any) -> _Source:  # noqa: ANN401 - what pytest calls
    function = inspect.unwrap(getattr(function, "__func__", function))
    try:
        body, first = inspect.getsourcelines(function)
        path = inspect.getsourcefile(function) or ""
        lines = lines_that_change_modules(Path(path).read_text(encoding="utf-8"))
    except (OSError, TypeError, SyntaxError, ValueError):
        return _NOTHING
    return path, lines, first, first + len(body) - 1


def lines_that_change_modules(source: str) -> list[int]:
    """Return the lines of a module that change `sys.modules`, or load a module again."""
    return sorted(set(_lines_in(ast.parse(source))))


def _lines_in(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.Delete)):
            if any(_is_or_is_in(target) for target in node.targets):
                yield node.lineno
        elif isinstance(node, ast.Call) and _is_changing(node):
            yield node.lineno


def _is_or_is_in(target: ast.AST) -> bool:
    return ast.unparse(target).startswith(_NAME)


def _is_changing(call: ast.Call) -> bool:
    called = ast.unparse(call.func)
    if called in _CHANGING or called.rpartition(".")[2] == "reload":
        return True
    # `patch.dict(sys.modules, ...)` does, and `len(sys.modules)` does not.
    return not hasattr(builtins, called) and any(map(_names_it, call.args))


def _names_it(argument: ast.AST) -> bool:
    if isinstance(argument, ast.Constant):
        return bool(argument.value == _NAME)
    return ast.unparse(argument) == _NAME
