"""`bulkhead doctor`: what this machine means for isolated runs, and what they cost a suite.

What a fact means is decided in `core.doctor.checkup`, and of a suite in `core.doctor.survey`; this
module asks for the facts, and prints.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Iterator, Sequence

from pytest_bulkhead.cli.probing import add_option
from pytest_bulkhead.cli.rounds import CLEAN, Rounds
from pytest_bulkhead.cli.style import RED, paint, wants_colour
from pytest_bulkhead.core.doctor.checkup import Sign, Word, examine
from pytest_bulkhead.core.doctor.survey import (
    LEVELS,
    Suite,
    examine_suite,
    recommended,
    to_validate,
)
from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.system.surroundings import look_around

SUMMARY = (
    "tell what this machine and its plugins mean for isolated runs, and what they cost a suite"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument(
        "paths", metavar="PATH", nargs="*",
        help="a suite, as for pytest: it is run at each level, to see what that costs",
    )  # fmt: skip
    parser.add_argument(
        "--seconds", metavar="S", type=float, default=600.0,
        help="time for all runs of the suite together (default 600)",
    )  # fmt: skip
    parser.add_argument(
        "--validate", action="store_true",
        help="before a level is recommended, run the suite there with its tests shuffled, and once "
        "with processes that finalise their interpreters",
    )  # fmt: skip
    parser.add_argument(
        "--seed", metavar="NUMBER", type=int, default=None,
        help="of that order (default: another one each time, shown)",
    )  # fmt: skip
    add_option(parser)
    parser.add_argument("--json", action="store_true", help="one JSON list, for programs")


def perform(options: argparse.Namespace) -> int:
    """Print the signs; return 1 when anything is wrong."""
    if options.validate and not options.paths:
        raise UsageProblem(
            "--validate runs a suite, and none is named\n"
            "hint: name it, as `bulkhead doctor --validate tests`"
        )
    signs = examine(look_around())
    if options.paths:
        signs += examine_suite(_survey(options))
    if options.json:
        print(json.dumps([{**sign._asdict(), "word": sign.word.value} for sign in signs], indent=1))
    else:
        for line in _lines(signs, colour=wants_colour()):
            print(line)
    return 1 if any(sign.word is Word.WRONG for sign in signs) else 0


def _survey(options: argparse.Namespace) -> Suite:
    """Run the suite, and say on stderr how far that is."""
    with contextlib.closing(Rounds(options.paths, options.option, options.seconds)) as rounds:
        _tell("collecting")
        collected = rounds.look()
        _tell("plain pytest")
        plain = rounds.plain()
        tried = []
        for level in LEVELS:
            _tell(f"{level} level")
            tried.append(rounds.at(level))
        seed = options.seed if options.seed is not None else int.from_bytes(os.urandom(2), "big")
        suite = Suite(collected, rounds.why_spawn, plain, tried, seed=seed)
        return _validated(suite, rounds) if options.validate else suite


def _validated(suite: Suite, rounds: Rounds) -> Suite:
    while level := to_validate(suite):
        _tell(f"{level} level, shuffled")
        suite = suite._replace(shuffled=(*suite.shuffled, rounds.at(level, seed=suite.seed)))
    best = recommended(suite)
    if best is None:
        return suite
    _tell(f"{best.level} level, clean exit")
    return suite._replace(clean=rounds.at(best.level, *CLEAN))


def _tell(what: str) -> None:
    print(f"running: {what}", file=sys.stderr, flush=True)


def _lines(signs: Sequence[Sign], *, colour: bool) -> Iterator[str]:
    width = max(len(sign.what) for sign in signs)
    for sign in signs:
        word = f"{sign.word.value:<5}"
        shown = paint(word, RED, colour=colour) if sign.word is Word.WRONG else word
        yield f"{shown}  {sign.what:<{width}}  {sign.text}"
        if sign.remedy:
            yield f"{'':<{width + 9}}-> {sign.remedy}"
