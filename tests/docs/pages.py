"""Pages of the documentation as values: their fenced blocks, and the commands and screens in these.

It reads text and runs nothing. What stands in an HTML comment right before a block, which no reader
sees, says what a block is for:

    <!-- in: programs -->            its commands run in a copy of that folder; else in the page's own
    <!-- in: programs; exit: 1 -->   ... and the last one ends with this status
    <!-- file: test_a.py -->         the block is that file of the page's own folder
    <!-- of: docs/page.md -->        the block is a part of a screen of that page
    <!-- not run: needs a GPU -->    nobody runs its commands, for one of the reasons in REASONS
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

#: Why a command may be left out. One that no page gives any more fails a test.
REASONS = {
    "needs a GPU",
    "needs Docker",
    "needs macOS",
    "needs a library that is not installed here",
    "sets up a machine",
    "takes minutes",
}
#: A line that stands for any number of lines of a screen.
ELISION = "[...]"
#: What a block may say of itself.
KEYS = {"in", "exit", "file", "of", "not run"}
#: What is run in workflows and images, where other lines set up a machine.
OURS = ("pytest ", "bulkhead ")
#: What a line of a Dockerfile may begin with, in those that we show.
INSTRUCTIONS = {"FROM", "RUN", "WORKDIR", "COPY", "ENV", "CMD"}

_BLOCK = re.compile(
    r"^(?:<!-- (?P<said>[^\n]*?) -->\n)?(?P<fence>```+)(?P<language>[^\n`]*)\n(?P<text>.*?)^(?P=fence)$",
    re.M | re.S,
)


class Command(NamedTuple):
    """A command, as typed, and the lines that are shown below it."""

    typed: str
    shown: tuple[str, ...]


class Block(NamedTuple):
    """A fenced block, and what the comment before it says."""

    line: int
    language: str
    said: dict[str, str]
    text: str

    @property
    def commands(self) -> list[Command]:
        """What a reader would type, by the language of the block."""
        return list(_READERS.get(self.language, _none)(self.text))


def blocks_of(page: str) -> list[Block]:
    """Return all blocks of a page's text."""
    return [
        Block(
            page.count("\n", 0, found.start("fence")) + 1,
            found["language"].strip(),
            said_in(found["said"] or ""),
            found["text"],
        )
        for found in _BLOCK.finditer(page)
    ]


def said_in(comment: str) -> dict[str, str]:
    """Return {key: value} of a comment; any other comment says nothing."""
    pairs = [part.partition(":") for part in comment.split(";")]
    said = {key.strip(): value.strip() for key, colon, value in pairs if colon}
    return said if said and set(said) <= KEYS else {}


def overlooked(page: str) -> list[str]:
    """Return the lines of a page that look like commands, in blocks whose language says otherwise."""
    lines = [line for it in blocks_of(page) if not it.commands for line in it.text.splitlines()]
    return [line for line in lines if line.startswith(("$ ", *OURS))]


def _console(text: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        typed, *shown = part.strip("\n").split("\n")
        while typed.endswith("\\"):
            typed = f"{typed[:-1]}{shown.pop(0)}"
        yield Command(typed, tuple(shown))


def _script(text: str) -> Iterator[Command]:
    for line in text.replace("\\\n", "").splitlines():
        if line.strip() and not line.startswith("#"):
            yield Command(line.partition("  #")[0], ())


def _workflow(text: str) -> Iterator[Command]:
    jobs = (yaml.safe_load(text) or {}).get("jobs", {})
    for job in jobs.values():
        for step in job["steps"]:
            yield from (it for it in _script(step.get("run", "")) if it.typed.startswith(OURS))


def _image(text: str) -> Iterator[Command]:
    for line in text.replace("\\\n", "").splitlines():
        instruction, _space, rest = line.partition(" ")
        if instruction not in INSTRUCTIONS:
            raise ValueError(f"{line!r} is no line of a Dockerfile")
        typed = " ".join(json.loads(rest)) if rest.startswith("[") else rest
        if typed.startswith(OURS):
            yield Command(typed, ())


def _none(_text: str) -> Iterator[Command]:
    return iter(())


_READERS = {
    "console": _console, "sh": _script, "yaml": _workflow, "dockerfile": _image,
}  # fmt: skip


#: What differs from machine to machine and from run to run, and what it is taken for.
_NOISE = [
    (re.compile(pattern), taken)
    for pattern, taken in (
        (r"\d{8}-\d{6}-[0-9a-f]+", "#"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "#"),
        (r"\b\d+(\.\d+)? ?(s|ms|MiB|MB|GiB)\b", "# \\2"),
        (r"0x[0-9a-f]+", "0x#"),
        (r"\bpid \d+", "pid #"),
        (r"\bseed \d+", "seed #"),
        (r"\b\d+ frames?\b", "# frames"),
        (r'(?<="), line \d+', ", line #"),
        (r"\b\d+\.\d+(\.\d+)+\S*", "#.#"),
        (r"([=_-])\1{2,}", "\\1"),
        (r" +", " "),
    )
]
#: Lines that tell of the machine, or that each Python writes in its own way: pytest's head, carets, limits.
_LEFT_OUT = re.compile(
    r" *[~^]+$|  RLIMIT_|=+ test session starts =+|(platform|collecting) |(cachedir|rootdir|configfile|plugins): "
)


def masked(line: str) -> str:
    """Return a line without what differs between two runs."""
    for pattern, taken in _NOISE:
        line = pattern.sub(taken, line)
    return line.strip()


def cleaned(output: str, folders: list[Path]) -> list[str]:
    """Return what a command printed as a page shows it: no head, no carets, no beginnings of paths."""
    for folder in folders:
        output = output.replace(f"{folder}/", ".../")
    lines = [line.rstrip() for line in output.splitlines() if not _LEFT_OUT.match(line)]
    return "\n".join(lines).strip("\n").split("\n")


def is_shown(shown: tuple[str, ...], lines: list[str]) -> bool:
    """Return whether a screen is what was printed, where ELISION stands for any lines."""
    wanted = [masked(line) for line in shown]
    pattern = "".join(
        r"(?:.*\n)*?" if line == ELISION else f"{re.escape(line)}\n" for line in wanted
    )
    printed = "".join(f"{masked(line)}\n" for line in lines)
    return bool(re.fullmatch(pattern, printed))


def fitted(shown: tuple[str, ...], lines: list[str]) -> list[str]:
    """Return what was printed, with as much left out as in the screen that it takes the place of."""
    if ELISION not in shown:
        return lines
    first = shown.index(ELISION)
    last = len(shown) - 1 - shown[::-1].index(ELISION)
    end = len(shown) - 1 - last
    return [*lines[:first], ELISION, *(lines[-end:] if end else [])]
