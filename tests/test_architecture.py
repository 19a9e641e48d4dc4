"""The shape of the package: who may import whom, what stays pure, how large things get.

Each rule is a function from a module to its violations, and is itself tried on planted ones.
"""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import ast
import dataclasses
import re
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = "pytest_bulkhead"

#: {part: its layer}; a module may import its own part and lower layers. Other parts are in between.
LAYERS = {
    "errors": 0,
    "core": 1,
    "protocol": 2,
    "system": 3,
    "compat": 4,
    "guards": 4,
    "imports": 4,
    "environment": 5,
    "models": 5,
    "report": 5,
    "controller": 6,
    "keeper": 6,
    "template": 6,
    "worker": 6,
    "plugin": 7,
    "roles": 7,
    "cli": 7,
    "__main__": 7,
}
BETWEEN = LAYERS["compat"]

#: The controller forks the keeper, and this is where that one begins.
DOORS = {("controller.launch", "keeper.main")}

USERS_OF_COMPAT = {"controller", "template", "worker", "plugin", "quiet", "report", "roles"}

PURE = {"core", "protocol"}
#: With `packaging`, of which versions and their ranges are values too.
VALUE_MODULES = {
    "__future__", "ast", "collections", "contextlib", "dataclasses", "enum", "functools", "hashlib", "heapq", "itertools", "json",
    "math", "packaging", "re", "struct", "types", "typing", "unicodedata",
}  # fmt: skip

WITHOUT_PYTEST = {"core", "protocol", "system", "guards", "keeper"}

#: What starts, ends or reaps processes.
DANGEROUS = {
    "fork", "forkpty", "kill", "killpg", "posix_spawn", "posix_spawnp", "wait", "wait3", "wait4",
    "waitid", "waitpid",
}  # fmt: skip

MAX_FILE, MAX_FUNCTION, MAX_MEDIAN = 400, 60, 8

BANNED = {"manager", "helper", "helpers", "util", "utils", "handler", "handlers", "data", "info"}


@dataclasses.dataclass(frozen=True)
class Module:
    """A module of the package: its name within it, and its source."""

    name: str
    source: str

    @property
    def part(self) -> str:
        """The folder, or the module at the root, that it belongs to."""
        return self.name.partition(".")[0]

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)


def modules() -> list[Module]:
    """Return all modules of the package that are there."""
    folder = ROOT / "src" / PACKAGE
    found = []
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        if "demo_suite" in parts:
            continue  # a user's tests, to be shown
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append(Module(name, path.read_text()))
    return found


def imports_of(module: Module) -> Iterator[str]:
    """Yield what a module imports, wherever in it, as `package.module.name`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = [PACKAGE, *module.name.split(".")][: -node.level]
                base = ".".join([*above, base]).rstrip(".")
            yield from (f"{base}.{alias.name}" for alias in node.names)


def own_imports(module: Module) -> Iterator[str]:
    """Yield what a module imports of this package, without the package's name."""
    prefix = f"{PACKAGE}."
    return (name[len(prefix) :] for name in imports_of(module) if name.startswith(prefix))


def upward_imports(module: Module) -> Iterator[str]:
    """A module imports its own part and lower layers; siblings never meet."""
    layer = LAYERS.get(module.part, BETWEEN)
    for name in own_imports(module):
        part = name.partition(".")[0]
        door = any(module.name == ours and name.startswith(theirs) for ours, theirs in DOORS)
        if part == module.part or door or part.startswith("__version"):
            continue
        other = LAYERS.get(part, BETWEEN)
        if other > layer or (other == layer and layer not in (BETWEEN, LAYERS["plugin"])):
            yield f"{module.name} imports {name}"


def users_of_compat(module: Module) -> Iterator[str]:
    """Pytest's private parts are reached through `compat`, and only where pytest runs."""
    for name in own_imports(module):
        if name.partition(".")[0] == "compat" and module.part not in USERS_OF_COMPAT:
            yield f"{module.name} imports {name}"


def impurities(module: Module) -> Iterator[str]:
    """Core and protocol know no clock, no pid, no descriptor and no pytest."""
    if module.part in PURE:
        for name in imports_of(module):
            if name.partition(".")[0] not in {*VALUE_MODULES, PACKAGE}:
                yield f"{module.name} imports {name}"


def pytest_where_it_must_not_be(module: Module) -> Iterator[str]:
    """Low layers and the keeper know no pytest; its private parts are known to `compat` alone."""
    for name in imports_of(module):
        base = name.partition(".")[0]
        private = base == "_pytest" and module.part != "compat"
        if private or (base in ("pytest", "_pytest") and module.part in WITHOUT_PYTEST):
            yield f"{module.name} imports {name}"


def dangerous_calls(module: Module) -> Iterator[str]:
    """Processes are started, ended and reaped in `system` only."""
    if module.part == "system":
        return
    aliases = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            aliases |= {alias.asname or alias.name for alias in node.names if alias.name == "os"}
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            for alias in node.names:
                if alias.name in DANGEROUS:
                    yield f"{module.name}:{node.lineno} imports os.{alias.name}"
    for node in ast.walk(module.tree):
        of_os = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        if of_os and node.attr in DANGEROUS and node.value.id in aliases:
            yield f"{module.name}:{node.lineno} uses os.{node.attr}"


def functions_of(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield all functions of a module, nested ones and methods too."""
    for node in ast.walk(module.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def length_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without its docstring."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= (first.end_lineno or 0) - first.lineno + 1
    return lines


def oversizes(module: Module) -> Iterator[str]:
    """A file and a function can be read at a sitting."""
    lines = len(module.source.splitlines())
    if lines > MAX_FILE:
        yield f"{module.name} has {lines} lines"
    for function in functions_of(module):
        if length_of(function) > MAX_FUNCTION:
            yield f"{module.name}.{function.name} has {length_of(function)} lines"


def unannotated_returns(module: Module) -> Iterator[str]:
    """Each function says what it returns."""
    for function in functions_of(module):
        if function.returns is None:
            yield f"{module.name}:{function.lineno} {function.name}"


def banned_names(module: Module) -> Iterator[str]:
    """Names say what a thing is; these words fit everything."""
    classes = [node.name for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]
    for name in (*module.name.split("."), *classes):
        words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
        if BANNED & {word.lower() for word in words}:
            yield f"{module.name}: {name}"


RULES: list[Callable[[Module], Iterator[str]]] = [
    upward_imports,
    users_of_compat,
    impurities,
    pytest_where_it_must_not_be,
    dangerous_calls,
    oversizes,
    unannotated_returns,
    banned_names,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_package_keeps_the_rule(rule):
    """No module of the package breaks the rule."""
    assert [] == [violation for module in modules() for violation in rule(module)]


def test_functions_are_short():
    """Half of all functions have at most eight lines."""
    lengths = [length_of(function) for module in modules() for function in functions_of(module)]

    assert statistics.median(lengths) <= MAX_MEDIAN


def test_pure_modules_have_their_tests():
    """Each pure module that decides something has a test file of its name."""
    deciding = [m for m in modules() if m.part in PURE and any(functions_of(m))]
    folder = ROOT / "tests" / "unit"
    tests = {
        module.name: folder.joinpath(
            *module.name.split(".")[:-1], f"test_{module.name.split('.')[-1]}.py"
        )
        for module in deciding
    }

    assert [] == [name for name, path in tests.items() if not path.exists()]


def cycle_among(edges: dict[str, set[str]]) -> list[str]:
    """Return modules that import each other in a circle; none when there is no circle."""
    left = {name: set(others) & set(edges) for name, others in edges.items()}
    while free := [name for name, others in left.items() if not others]:
        for name in free:
            del left[name]
        for others in left.values():
            others.difference_update(free)
    return sorted(left)


def edges_of(found: list[Module]) -> dict[str, set[str]]:
    """Return {module: modules that it imports}."""
    names = {module.name for module in found}
    return {
        module.name: {
            part
            for name in own_imports(module)
            for part in (name, name.rpartition(".")[0])
            if part in names and part != module.name
        }
        for module in found
    }


def test_no_module_imports_itself_in_a_circle():
    """The modules can be read in an order in which each knows only what was read before."""
    assert [] == cycle_among(edges_of(modules()))


def folders_of(edges: dict[str, set[str]], part: str) -> dict[str, set[str]]:
    """Return {folder or file right in a part: those that it imports}."""
    found: dict[str, set[str]] = {}
    for name, imported in edges.items():
        inside = {one for one in (name, *imported) if one.startswith(f"{part}.")}
        if name in inside:
            first = name.split(".")[1]
            others = {one.split(".")[1] for one in inside} - {first}
            found.setdefault(first, set()).update(others)
    return found


def test_no_folder_of_the_core_imports_itself_in_a_circle():
    """The run stands on top; folders below it know nothing of what is built of them."""
    folders = folders_of(edges_of(modules()), "core")
    assert {"run", "diagnosis"} <= set(folders)
    assert [] == cycle_among(folders)
    assert {"run"} & set().union(*folders.values()) == set()


BODY = "    x = 1\n" * 61

PLANTED = [
    (upward_imports, "core.a", "from pytest_bulkhead.system import clock"),
    (upward_imports, "core.a", "def f():\n    import pytest_bulkhead.protocol.codec"),
    (upward_imports, "core.a", "from ..system import clock"),
    (upward_imports, "system.a", "from pytest_bulkhead.report.crash import show"),
    (upward_imports, "system.a", "from pytest_bulkhead import settings"),
    (upward_imports, "worker.a", "from pytest_bulkhead.controller import loop"),
    (upward_imports, "controller.a", "from pytest_bulkhead.keeper.main import keep"),
    (upward_imports, "template.a", "from pytest_bulkhead import plugin"),
    (upward_imports, "settings", "from pytest_bulkhead.worker.main import run"),
    (users_of_compat, "keeper.a", "from pytest_bulkhead import compat"),
    (users_of_compat, "cli.a", "from pytest_bulkhead.compat import capture_into"),
    (impurities, "core.a", "import time"),
    (impurities, "core.a", "def f():\n    from os import getpid"),
    (impurities, "protocol.a", "import logging as log"),
    (impurities, "core.a", "import pytest"),
    (pytest_where_it_must_not_be, "system.a", "import pytest"),
    (pytest_where_it_must_not_be, "keeper.a", "from pytest import Config"),
    (pytest_where_it_must_not_be, "worker.a", "from _pytest.runner import runtestprotocol"),
    (dangerous_calls, "worker.a", "import os\nos.fork()"),
    (dangerous_calls, "worker.a", "import os as o\no.killpg(1, 9)"),
    (dangerous_calls, "cli.a", "from os import kill"),
    (dangerous_calls, "core.a", "def f():\n    import os\n    return os.waitpid"),
    (oversizes, "core.a", "\n" * 401),
    (oversizes, "core.a", f"def f():\n{BODY}"),
    (oversizes, "core.a", f"class A:\n    async def f():\n{BODY}".replace("    x", "        x")),
    (unannotated_returns, "core.a", "def f(): pass"),
    (unannotated_returns, "core.a", "def f() -> None:\n    def g(): pass"),
    (banned_names, "core.util", ""),
    (banned_names, "core.test_info", ""),
    (banned_names, "core.a", "class RunManager: pass"),
    (banned_names, "core.a", "def f():\n    class EventHandler: pass"),
]


@pytest.mark.parametrize(("rule", "name", "source"), PLANTED)
def test_a_planted_violation_is_found(rule, name, source):
    """Each rule finds what breaks it, also in a function and under another name."""
    assert 1 == len(list(rule(Module(name, source))))


INNOCENT = [
    ("core.a", "from pytest_bulkhead.core import b\nfrom pytest_bulkhead.errors import X"),
    ("system.a", "import os\nfrom pytest_bulkhead.protocol import messages\nos.kill(1, 9)"),
    ("controller.launch", "from pytest_bulkhead.keeper.main import keep"),
    ("worker.a", "import pytest\nfrom pytest_bulkhead import compat, recorder"),
    (
        "plugin",
        "from pytest_bulkhead.controller.plugin import X\nfrom pytest_bulkhead import compat",
    ),
    ("compat", "from _pytest.nodeid import NodeId"),
    ("core.database", "class Information: pass"),
    ("core.a", 'def f() -> None:\n    """' + "word\n" * 70 + '"""'),
    ("core.a", "class Process:\n    def kill(self) -> None: self.kill()"),
]


@pytest.mark.parametrize(("name", "source"), INNOCENT)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_innocent_are_left_alone(rule, name, source):
    """What is allowed is not found."""
    assert [] == list(rule(Module(name, source)))


@pytest.mark.parametrize(
    ("circle", "edges"),
    [
        ([], {"a": {"b"}, "b": {"c"}, "c": set()}),
        (["a", "b"], {"a": {"b"}, "b": {"a"}, "c": set()}),
        (["a", "b", "c"], {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}),
    ],
)
def test_a_planted_circle_is_found(circle, edges):
    """Modules that import each other, directly or through others, are found."""
    assert circle == cycle_among(edges)
