"""`bulkhead demo`: one small suite under plain pytest and under us, and both ends side by side.

It starts pytest as a user would, in a folder of its own, and reads what it printed. It knows
nothing of the plugin but its options.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path

from pytest_bulkhead.cli.demo_ends import LEVELS, Ended, last_lines, problems_of, table
from pytest_bulkhead.cli.style import BOLD, paint, wants_colour
from pytest_bulkhead.errors import UsageProblem

SUMMARY = "run a small suite that crashes, hangs and leaks, without isolation and with it"

#: Seconds that a run may take. They need two or three each, most of it the timeout of one test.
_LIMIT = 60.0

#: Beginnings of variables that would change how the demo's pytest runs, or what it prints.
_FOREIGN = ("PYTEST", "PY_COLORS", "FORCE_COLOR", "COV_CORE", "COVERAGE")


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb: it has none."""


def perform(_options: argparse.Namespace) -> int:
    """Run the demo; return 1 when a contained run ended otherwise than the model says."""
    folder = write_suite()
    runs = []
    with _no_core_files():
        for level in ("", *LEVELS):
            runs.append(run_suite(folder, level))
            print(f"$ {runs[-1].command:<28} {runs[-1].how}", flush=True)
    problems = [problem for run in runs for problem in problems_of(run)]
    for line in _shown(runs, folder, problems, colour=wants_colour()):
        print(line)
    return 1 if problems else 0


def write_suite() -> Path:
    """Write the suite to a new folder, which stays; return that.

    Raises:
        UsageProblem: there is no place for it.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix="bulkhead-demo-"))
        for entry in resources.files("pytest_bulkhead.cli").joinpath("demo_suite").iterdir():
            if entry.name.endswith(".txt"):
                (folder / entry.name.removesuffix(".txt")).write_bytes(entry.read_bytes())
    except OSError as problem:
        raise UsageProblem(
            f"the suite cannot be written: {problem}\n"
            "hint: set TMPDIR to a folder in which files can be made"
        ) from problem
    return folder


def run_suite(folder: Path, level: str) -> Ended:
    """Run the suite at a level, or under plain pytest for none."""
    started = time.monotonic()
    try:
        done = subprocess.run(
            command_line(folder, level), cwd=folder, env=clean_environ(os.environ),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=_LIMIT, check=False,
        )  # fmt: skip
        code, out = done.returncode, done.stdout
    except subprocess.TimeoutExpired as problem:
        code, out = None, problem.stdout or b""
    seconds = time.monotonic() - started
    return Ended(level, code, out.decode(errors="replace"), seconds)


def command_line(folder: Path, level: str) -> list[str]:
    """Return the command: no ini file, cache or plugin of the user's takes part."""
    isolation = ["-p", "xdist", "-p", "bulkhead", f"--isolate={level}"] if level else []
    own = ["-c", str(folder / "pytest.ini"), f"--rootdir={folder}", "-p", "no:cacheprovider"]
    return [sys.executable, "-m", "pytest", "-v", *own, *isolation]


def clean_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which pytest loads nothing but what the command line names."""
    kept = {key: value for key, value in environ.items() if not key.startswith(_FOREIGN)}
    # Without gdb, which some have and some not: the demo shows the same everywhere, and is quick.
    own = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "100", "BULKHEAD_NATIVE": "off"}
    return kept | own


@contextlib.contextmanager
def _no_core_files() -> Iterator[None]:
    """Keep the disk free of core files: these crashes are meant."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)


def _shown(
    runs: Sequence[Ended], folder: Path, problems: Sequence[str], *, colour: bool
) -> Iterator[str]:
    yield ""
    yield from table(runs)
    for run in runs:
        yield ""
        yield paint(f"the last lines of: {run.command}", BOLD, colour=colour)
        yield from (f"  {line}" for line in last_lines(run))
    yield ""
    yield from _farewell(folder, problems)


def _farewell(folder: Path, problems: Sequence[str]) -> Iterator[str]:
    if problems:
        yield "the contained runs ended otherwise than they should:"
        yield from (f"  {problem}" for problem in problems)
    else:
        yield "both contained runs ended as they should"
    yield f"the suite stays in {folder}; try it:"
    yield f"  cd {folder} && pytest --isolate=module -n 2"
