"""`bulkhead explain FILE`: reads a journal, and prints the story of its run once more.

What the story is, is decided in `report.story`; this module reads a file and prints lines.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import TypeVar

from pytest_bulkhead.cli.style import BOLD, RED, paint, wants_colour
from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.report.journal import read_journal
from pytest_bulkhead.report.story import Story, Told, Weight, story_lines, tell

SUMMARY = "tell what happened in a run, from the journal of --isolate-report"

#: What is made of a journal.
Read = TypeVar("Read")

_HINT = "hint: write one with `pytest --isolate=session --isolate-report=run.jsonl`"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("file", metavar="FILE", help="a journal, of --isolate-report=FILE")


def perform(options: argparse.Namespace) -> int:
    """Print the story; return 1 when the journal contradicts itself."""
    story = read_story(options.file)
    colour = wants_colour()
    for told in story_lines(story):
        print(styled(told, colour=colour))
    return 0 if story.sound else 1


def read_story(path: str) -> Story:
    """Read a journal and tell it.

    Raises:
        UsageProblem: it cannot be read, or is no journal.
    """
    return read_by(path, tell)


def read_by(path: str, use: Callable[..., Read]) -> Read:
    """Read a journal and return what is made of it.

    Args:
        path: of the journal.
        use: is given its heading, its other lines, and by the name `torn` whether the last one was
            cut and is not among them.

    Raises:
        UsageProblem: it cannot be read, or is no journal.
    """
    lines = _read_lines(path)
    torn = len(lines) > 1 and not _is_row(lines[-1])
    try:
        heading, rest = read_journal(lines[:-1] if torn else lines, path)
        return use(heading, rest, torn=torn)
    except UsageProblem as problem:
        hint = "" if "\nhint: " in str(problem) else f"\n{_HINT}"
        raise UsageProblem(f"{problem}{hint}") from problem
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise UsageProblem(f"{path}: a line lacks what it needs: {problem!r}\n{_HINT}") from problem


def _read_lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError as problem:
        raise UsageProblem(f"{path}: {problem.strerror}\n{_HINT}") from problem


def _is_row(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def styled(told: Told, *, colour: bool) -> str:
    """Return a line of the story as it is printed: parts stand apart, reports have a rule."""
    if told.weight is Weight.REPORT:
        return "\n" + paint(f"--- {told.text} ---", RED, colour=colour)
    if told.weight is Weight.PART:
        return "\n" + paint(told.text, BOLD, colour=colour)
    return f"  {told.text}" if told.text else ""
