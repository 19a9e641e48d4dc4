"""Who imported a module, found afterwards: a hook would have to be there before anybody else.

Theory of operation: `sys.modules` has modules in the order in which their import was completed, and
a module that imports another is completed after it. So the importer is the first one behind it
whose source has such an import. What was imported since by two modules, each from within the
other, may name the inner one.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from pytest_bulkhead.system.natives import top_package


def importer_of(name: str) -> str:
    """Return where a module was first imported, as `file:line`; empty when that cannot be told."""
    package = top_package(name)
    names = list(sys.modules)
    behind = names[names.index(package) + 1 :] if package in names else []
    for other in behind:
        path = getattr(sys.modules.get(other), "__file__", None) or ""
        if top_package(other) == package or not path.endswith(".py"):
            continue
        line = _line_in(Path(path), package)
        if line:
            return f"{path}:{line}"
    return ""


def _line_in(path: Path, package: str) -> int:
    try:
        source = path.read_text(encoding="utf-8")
        return line_of_import(source, package) if package in source else 0
    except (OSError, SyntaxError, ValueError):
        return 0


def line_of_import(source: str, package: str) -> int:
    """Return the first line of a module that imports a package or a part of it, 0 for none."""
    nodes = ast.walk(ast.parse(source))
    lines = [getattr(node, "lineno", 0) for node in nodes if _imports(node, package)]
    return min(lines, default=0)


def _imports(node: ast.AST, package: str) -> bool:
    if isinstance(node, ast.Import):
        return any(top_package(alias.name) == package for alias in node.names)
    if isinstance(node, ast.ImportFrom) and not node.level:
        return top_package(node.module or "") == package
    return False
