"""`bulkhead explain`: reads a journal, of the latest run or another, and tells its story once more.

What the story is, is decided in `report.story`; this module reads a file and prints lines.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from pytest_bulkhead.cli.style import BOLD, RED, paint, wants_colour
from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.report.chart_files import ChartFiles
from pytest_bulkhead.report.journal import read_journal
from pytest_bulkhead.report.kept import find_kept
from pytest_bulkhead.report.one_test import find_item, one_test_lines
from pytest_bulkhead.report.story import Story, tell
from pytest_bulkhead.report.story_lines import Told, Weight, story_lines

SUMMARY = "tell what happened in a run, the latest one unless a journal is named"

#: What is made of a journal.
Read = TypeVar("Read")

_HINT = "hint: write one with `pytest --isolate=session --isolate-report=run.jsonl`"


_NONE_KEPT = (
    "{0}: no journal is kept here, nor in a folder above: no run with --isolate, or without "
    "pytest's cache (-p no:cacheprovider), or that is elsewhere (ini key cache_dir)\n"
    "hint: run `pytest --isolate=session` and explain again, or name a journal or a cache folder: "
    "bulkhead explain FILE"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument(
        "file", metavar="FILE", nargs="?", default="",
        help="a journal, of --isolate-report=FILE, or a folder whose latest run is meant "
        "(default: this folder)",
    )  # fmt: skip
    parser.add_argument(
        "--test", metavar="NODEID", help="tell of this test alone: after whom, where and how it ran"
    )
    for name in ChartFiles._fields:
        said = f"write FILE, as --isolate-{name} does, and tell no story"
        parser.add_argument(f"--{name}", metavar="FILE", default="", help=said)


def perform(options: argparse.Namespace) -> int:
    """Print the story; return 1 when the journal contradicts itself."""
    files = ChartFiles(*(getattr(options, name) for name in ChartFiles._fields)).opened("--")
    named = Path(options.file)
    path = find_journal(named) if named.is_dir() else named
    story = read_story(str(path))
    if any(files):
        write_chart(files, story)
        return 0 if story.sound else 1
    lines, colour = _lines(story, options.test), wants_colour()
    print(_which_run(story, str(path), latest=path is not named))
    for told in lines:
        print(styled(told, colour=colour))
    return 0 if story.sound else 1


def write_chart(files: ChartFiles, story: Story) -> None:
    """Write the chart of a run to files, and say which.

    Raises:
        UsageProblem: one could not be written.
    """
    for path, problem in files.write(story.chart, story.heading):
        if problem:
            raise UsageProblem(f"{path}: {problem}\nhint: name a file on another disk")
        print(f"wrote {path}")


def _lines(story: Story, nodeid: str | None) -> Iterator[Told]:
    return story_lines(story) if nodeid is None else one_test_lines(story, find_item(story, nodeid))


def find_journal(folder: Path) -> Path:
    """Return the journal of the latest run of a folder.

    Raises:
        UsageProblem: none is kept.
    """
    found = find_kept(folder.resolve())
    if found is None:
        raise UsageProblem(_NONE_KEPT.format(folder.resolve()))
    return found


def _which_run(story: Story, path: str, *, latest: bool) -> str:
    began = story.heading.get("began")
    when = f" of {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(began))}" if began else ""
    other = "; another one: bulkhead explain FILE" if latest else ""
    return f"the {'latest run' if latest else 'run'}{when}, from {path}{other}"


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
    except (ValueError, RecursionError):
        return False


def styled(told: Told, *, colour: bool) -> str:
    """Return a line of the story as it is printed: parts stand apart, reports have a rule."""
    if told.weight is Weight.REPORT:
        return "\n" + paint(f"--- {told.text} ---", RED, colour=colour)
    if told.weight is Weight.PART:
        return "\n" + paint(told.text, BOLD, colour=colour)
    return f"  {told.text}" if told.text else ""
