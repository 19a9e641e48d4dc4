"""Makes the pages of docs/reference from the options, marks, hooks and messages themselves.

Each maker yields the lines of one page. Nothing is said here that the code says: what is missing on
a page is missing in a help text or in a docstring.
"""

from __future__ import annotations

import argparse
import ast
import functools
import inspect
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

from pytest_bulkhead import hookspecs
from pytest_bulkhead.cli.main import VERBS
from pytest_bulkhead.options import add_options
from pytest_bulkhead.protocol import messages

MADE = "<!-- made by tests/docs/test_reference.py -->"
#: How a value of an ini key is written, by pytest's types.
FORMS = {"string": "a word", "args": "words", "linelist": "lines"}


class Registered:
    """What `add_options` registers, in the place of pytest's parser and of its group."""

    def __init__(self) -> None:
        #: {option: the settings that it was registered with}
        self.options: dict[str, dict[str, Any]] = {}
        #: {ini key: (its help, how it is written)}
        self.keys: dict[str, tuple[str, str]] = {}
        add_options(self, forked_is_ours=True)

    def getgroup(self, _name: str, _description: str) -> Registered:
        return self

    def addoption(self, name: str, **settings: Any) -> None:
        assert name not in self.options, f"{name} is registered twice"
        self.options[name] = settings

    def addini(self, name: str, said: str, **settings: Any) -> None:
        assert name not in self.keys, f"{name} is registered twice"
        self.keys[name] = said, FORMS[settings.get("type", "string")]


def options_page() -> Iterator[str]:
    """Every option and ini key, as `pytest --help` has them."""
    found = Registered()
    yield "# Options and ini keys\n"
    yield (
        "As `pytest --help` has them, under *process isolation*. "
        "[The README](../../README.md#reference) has more of each.\n"
    )
    yield from table("option", "is")
    for name, settings in found.options.items():
        shown = f"{name}={settings['metavar']}" if "metavar" in settings else name
        yield row(f"`{shown}`", settings["help"])
    yield "\n## Ini keys\n"
    yield "In `pytest.ini`, `pyproject.toml` and wherever else pytest reads them.\n"
    yield from table("ini key", "written as", "is")
    for name, (said, form) in found.keys.items():
        yield row(f"`{name}`", form, said)


def marks_page() -> Iterator[str]:
    """Every mark, fixture and hook, by what pytest lists and by what the code says."""
    yield "# Marks, fixtures and hooks\n"
    yield from table("mark", "is")
    yield from (row(f"`{name}`", said) for name, said in marks())
    yield "\nAnd [marks that people have already](../requires.md#marks-that-people-have-already).\n"
    yield "## Fixtures\n"
    yield from (f"### `{name}`\n\n{prose(said)}\n" for name, said in fixtures())
    yield "## Hooks\n"
    for name, hook in hooks().items():
        yield f"### `{name}{inspect.signature(hook, eval_str=True)}`\n\n{prose(hook.__doc__)}\n"


def marks() -> list[tuple[str, str]]:
    """Return [(mark, what it is)]: all of ours, also those that other plugins would have."""
    others = [name for name in ("pytest_forked", "pytest_timeout") if find_spec(name)]
    assert not others, (
        f"{others[0]} has a mark of ours here: where it is not installed, as in nox -s docs"
    )
    return _asked_of_pytest("--markers", r"^@pytest\.mark\.(.+?): (.+)$")


def fixtures() -> list[tuple[str, str]]:
    indented = r"(?:    .*\n|\n(?=    ))*"
    return _asked_of_pytest("--fixtures", rf"^(\w+)\b.* -- \S*pytest_bulkhead\S*\n({indented})")


def _asked_of_pytest(option: str, pattern: str) -> list[tuple[str, str]]:
    """Return what pytest lists with this plugin, and does not list without it."""
    others = _listed(pattern, option, "-p", "no:bulkhead")
    return [pair for pair in _listed(pattern, option) if pair not in others]


@functools.cache
def _listed(pattern: str, *options: str) -> list[tuple[str, str]]:
    command = [sys.executable, "-m", "pytest", "-v", *options]
    with tempfile.TemporaryDirectory() as nowhere:
        done = subprocess.run(command, cwd=nowhere, capture_output=True, text=True, check=False)
    return re.findall(pattern, done.stdout, re.M)


def hooks() -> dict[str, Callable[..., Any]]:
    """Return {name: its specification} of all hooks that others may have."""
    found = vars(hookspecs).items()
    return {name: it for name, it in found if name.startswith("pytest_") and callable(it)}


def prose(text: str | None) -> str:
    """Return a docstring as Markdown: its sections have bold heads, its arguments are a list."""
    said = re.sub(
        r"^(Args|Returns|Raises):$", r"**\1**\n", inspect.cleandoc(text or ""), flags=re.M
    )
    said = re.sub(r"^    (\w+): ", r"* `\1`: ", said, flags=re.M)
    return re.sub(r"^    (?=\w)", "", said, flags=re.M)


def command_page() -> Iterator[str]:
    """Every verb of the command `bulkhead`, and its arguments."""
    yield "# The command `bulkhead`\n"
    for verb in VERBS:
        yield f"## `bulkhead {verb.name}`\n\n{verb.summary[:1].upper()}{verb.summary[1:]}.\n"
        if found := arguments(verb):
            yield from table("argument", "is")
            yield from (row(f"`{shown}`", said) for shown, said in found)
            yield ""


def arguments(verb: Any) -> list[tuple[str, str]]:
    """Return [(argument, its help)] of a verb."""
    parser = argparse.ArgumentParser(add_help=False)
    verb.add_arguments(parser)
    return [
        (" ".join([*action.option_strings[-1:], *_value_of(action)]), action.help or "")
        for action in parser._actions
        if action.help != argparse.SUPPRESS
    ]


def _value_of(action: argparse.Action) -> list[str]:
    return [] if action.nargs == 0 else [str(action.metavar or action.dest)]


def messages_page() -> Iterator[str]:
    """Every message between the processes of a run, and its fields."""
    source = inspect.getsource(messages)
    lines = source.splitlines()
    heads = {at: line.strip("# -") for at, line in enumerate(lines) if line.startswith("# -- ")}
    yield "# Messages\n"
    yield (
        f"What the processes of a run say to each other, version {messages.PROTOCOL_VERSION}: for "
        "those who change this plugin. [How it works](../architecture.md) says who is who.\n"
    )
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            for at in [at for at in heads if at < node.lineno]:
                head = heads.pop(at)
                yield f"## {head[:1].upper()}{head[1:]}\n"
            yield f"**{node.name}**: {' '.join(str(ast.get_docstring(node)).split())}\n"
            if found := list(_fields(node, lines)):
                yield "\n".join([*found, ""])


def _fields(node: ast.ClassDef, lines: list[str]) -> Iterator[str]:
    """Yield a line for each field: its type, and the comment before it."""
    for field in node.body:
        if isinstance(field, ast.AnnAssign):
            said: list[str] = []
            while (above := lines[field.lineno - 2 - len(said)].strip()).startswith("#: "):
                said.insert(0, above[3:])
            comment = f": {' '.join(said)}" if said else ""
            yield f"* `{ast.unparse(field.target)}` ({ast.unparse(field.annotation)}){comment}"


def table(*heads: str) -> Iterator[str]:
    yield row(*heads)
    yield f"|{'---|' * len(heads)}"


def row(*cells: str) -> str:
    return f"| {' | '.join(_escaped(' '.join(cell.split())) for cell in cells)} |"


def _escaped(cell: str) -> str:
    """Return a cell in which a bar ends no cell, and `<run>`, outside of code, is no tag."""
    parts = cell.replace("|", r"\|").split("`")
    return "`".join(it if odd % 2 else it.replace("<", r"\<") for odd, it in enumerate(parts))


#: {page: who makes its lines}
MAKERS = {
    "options": options_page,
    "marks": marks_page,
    "command": command_page,
    "messages": messages_page,
}


def made(name: str) -> str:
    """Return the text of a page."""
    title, *rest = MAKERS[name]()
    return "\n".join([title, f"{MADE}\n", *rest]).rstrip("\n") + "\n"
