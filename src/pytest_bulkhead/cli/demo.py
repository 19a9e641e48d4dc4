"""`bulkhead demo`: one small suite under plain pytest and under us, and both ends side by side.

It starts pytest as a user would, in a folder of its own, and reads what it printed. It knows
nothing of the plugin but its options.
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import tempfile
from importlib import resources
from pathlib import Path

from pytest_bulkhead.cli.demo_ends import (
    EXPECTED,
    problems_of,
)  # fmt: skip
from pytest_bulkhead.errors import UsageProblem

SUMMARY = "run a small suite that crashes, hangs and leaks, with and without isolation"

#: Seconds that one of the runs may take. They need two or three, most of it one test's timeout.
_LIMIT = 60.0

#: Variables that would change how the demo's pytest runs.
_FOREIGN = ("PYTEST", "PY_COLORS", "FORCE_COLOR", "COV_", "CI", "BUILD_NUMBER")


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb: it has none."""


def perform(_options: argparse.Namespace) -> int:
    """Run the demo; return 1 when a contained run ended otherwise than its model says."""
    folder = write_suite()
    print(f"the suite: {folder}", flush=True)
    with _no_core_files():
        ends = [run_column(folder, column) for column in EXPECTED]
    show(ends)
    problems = [problem for end in ends for problem in problems_of(end)]
    print(_farewell(folder, problems))
    return 1 if problems else 0


def write_suite() -> Path:
    """Write the suite to a folder that stays, and return that.

    Raises:
        UsageProblem: there is no place for it.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix="bulkhead-demo-"))
        for entry in resources.files("pytest_bulkhead.cli").joinpath("demo_suite").iterdir():
            (folder / entry.name.removesuffix(".txt")).write_text(entry.read_text("utf-8"))
    except OSError as problem:
        raise UsageProblem(
            f"the suite cannot be written: {problem}\n"
            "hint: set TMPDIR to a folder in which files can be made"
        ) from problem
    return folder


@contextlib.contextmanager
def _no_core_files() -> contextlib.Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
