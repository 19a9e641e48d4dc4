"""`bulkhead doctor`: what this machine and this installation mean for isolated runs.

What a fact means is decided in `core.checkup`; this module prints it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence

from pytest_bulkhead.cli.style import RED, paint, wants_colour
from pytest_bulkhead.core.checkup import Sign, Word, examine
from pytest_bulkhead.system.surroundings import look_around

SUMMARY = "tell what this machine and its plugins mean for isolated runs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("--json", action="store_true", help="one JSON list, for programs")


def perform(options: argparse.Namespace) -> int:
    """Print the signs; return 1 when anything is wrong."""
    signs = examine(look_around())
    if options.json:
        print(json.dumps([{**sign._asdict(), "word": sign.word.value} for sign in signs], indent=1))
    else:
        for line in _lines(signs, colour=wants_colour()):
            print(line)
    return 1 if any(sign.word is Word.WRONG for sign in signs) else 0


def _lines(signs: Sequence[Sign], *, colour: bool) -> Iterator[str]:
    width = max(len(sign.what) for sign in signs)
    for sign in signs:
        word = f"{sign.word.value:<5}"
        shown = paint(word, RED, colour=colour) if sign.word is Word.WRONG else word
        yield f"{shown}  {sign.what:<{width}}  {sign.text}"
        if sign.remedy:
            yield f"{'':<{width + 9}}-> {sign.remedy}"
