"""The command `bulkhead`: finds the verb, and turns what went wrong into one line.

It knows no verb's business: each verb is a module with a name, a summary, its arguments and a
function that performs it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple, NoReturn

from pytest_bulkhead import __version__
from pytest_bulkhead.cli import bisect, demo, doctor, explain
from pytest_bulkhead.errors import UsageProblem

#: What a shell reports of a program that died of a closed pipe: 128 + SIGPIPE.
_PIPE_CLOSED = 141
_INTERRUPTED = 130
_BAD_INPUT = 2


class Verb(NamedTuple):
    """What the command can do."""

    name: str
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    perform: Callable[[argparse.Namespace], int]


VERBS = (
    Verb("bisect", bisect.SUMMARY, bisect.add_arguments, bisect.perform),
    Verb("demo", demo.SUMMARY, demo.add_arguments, demo.perform),
    Verb("doctor", doctor.SUMMARY, doctor.add_arguments, doctor.perform),
    Verb("explain", explain.SUMMARY, explain.add_arguments, explain.perform),
)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong as every error of ours is said."""

    def error(self, message: str) -> NoReturn:
        raise UsageProblem(f"{message}\nhint: `{self.prog} --help` shows what can be written")


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = _Parser(prog="bulkhead", description="The companion of `pytest --isolate=...`.")
    parser.add_argument("--version", action="version", version=f"bulkhead {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for verb in VERBS:
        part = verbs.add_parser(verb.name, help=verb.summary, description=verb.summary)
        verb.add_arguments(part)
        part.set_defaults(perform=verb.perform)
    return parser


def error_text(problem: UsageProblem) -> str:
    """Return an error as it is printed: what is wrong, and the hint on a line of its own."""
    what, _newline, hint = str(problem).partition("\nhint: ")
    return f"error: {what}\n\nhint: {hint}" if hint else f"error: {what}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Perform what a command line asks for; return the exit status."""
    try:
        status = _perform(arguments)
        sys.stdout.flush()
    except UsageProblem as problem:
        print(error_text(problem), file=sys.stderr)
        return _BAD_INPUT
    except BrokenPipeError:
        _forget_stdout()
        return _PIPE_CLOSED
    except KeyboardInterrupt:
        return _INTERRUPTED
    return status


def _perform(arguments: Sequence[str] | None) -> int:
    options = make_parser().parse_args(arguments)
    perform: Callable[[argparse.Namespace], int] = options.perform
    return perform(options)


def _forget_stdout() -> None:
    # The interpreter flushes stdout once more at exit, and would complain.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
