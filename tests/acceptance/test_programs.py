"""Every program of `programs/` ends as the model says, at every level, forked and spawned.

The model is `programs/expected.py`. Terminal, JUnit file, journal and exit status are each checked
against it, and after each run no process may be left.
"""

from __future__ import annotations

import itertools
import shutil

import pytest
from conftest import PROGRAMS, read_journal, read_junit, shown
from expected import PROGRAMS as ALL
from expected import Program, model_level

WORD = {
    "passed": "PASSED",
    "failed": "FAILED",
    "skipped": "SKIPPED",
    "xfailed": "XFAIL",
    "xpassed": "XPASS",
    "crashed": "CRASHED",
    "timed out": "TIMED OUT",
    "error": "ERROR",
}
JUNIT = {
    "failed": "failure",
    "skipped": "skipped",
    "xfailed": "skipped",
    "crashed": "error",
    "timed out": "error",
    "error": "error",
}

#: What every change runs; the rest of the matrix is behind `-m slow`.
QUICK = {("session", "fork"), ("function", "fork"), ("session", "spawn")}


def cells():
    for program in ALL:
        for level, start in itertools.product(("session", "module", "function"), ("fork", "spawn")):
            slow = (level, start) not in QUICK or program.slow
            yield pytest.param(
                program,
                level,
                start,
                id=f"{program.name}-{level}-{start}",
                marks=[pytest.mark.slow] if slow else [],
            )


def place(program: Program, folder) -> list[str]:
    for name in program.files:
        source = PROGRAMS / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    # The conftest of a folder that is named on the command line would be a root one.
    return [name for name in program.files if (folder / name).is_file()]


@pytest.mark.parametrize(("program", "level", "start"), list(cells()))
def test_program_ends_as_the_model_says(program, level, start, run, no_process_left):
    """A finished run, one final state for each test, the right blame, and nothing left behind."""
    if pytest.version_tuple[:2] < program.min_pytest:
        pytest.skip(f"needs pytest {program.min_pytest}")
    names = place(program, run.path)
    arguments = names if len(names) == len(program.files) else []
    run.verifies = True
    finished = run(
        f"--isolate={level}", "-o", f"isolate_start={start}", "-v", "--junitxml=junit.xml",
        "--isolate-report=run.jsonl", *program.args, *arguments,
    )  # fmt: skip
    level = model_level(level, start)
    problems = [
        *terminal_problems(program, level, finished),
        *junit_problems(program, level, run.path / "junit.xml"),
    ]
    assert not problems, "\n".join([*problems, shown(finished)])
    read_journal(run.path / "run.jsonl")
    no_process_left(finished)


def terminal_problems(program, level, finished):
    if finished.code != program.exit_for(level):
        yield f"exit status {finished.code}, not {program.exit_for(level)}"
    if finished.counts != program.counts(level):
        yield f"last line {finished.counts}, not {program.counts(level)}"
    for test, state in program.states_for(level).items():
        words = finished.words.get(test) or finished.words.get(
            in_class(finished.words, test), set()
        )
        wanted = {WORD[state]}
        if test in program.teardown_errors_for(level):
            wanted.add("ERROR")
        if words != wanted:
            yield f"{test} is shown as {words or 'nothing'}, not {wanted}"
    for node in program.collection_errors:
        if f"ERROR {node}" not in finished.out and f"ERROR collecting {node}" not in finished.out:
            yield f"no word of {node}, which could not be collected"
    texts = [*program.shows, *program.collection_errors.values(), *program.breaches]
    yield from (f"{text!r} is not shown" for text in texts if text not in finished.out)
    if "INTERNALERROR" in finished.out:
        yield "INTERNALERROR"


def in_class(words, test):
    """Find a method by its name alone."""
    return next((name for name in words if name.endswith(f"::{test}")), "")


def junit_problems(program, level, path):
    cases = read_junit(path)
    for test, state in program.states_for(level).items():
        torn = test in program.teardown_errors_for(level)
        wanted = {JUNIT[state]} if state in JUNIT else set()
        wanted |= {"error"} if torn else set()
        wanted |= {"failure"} if test in program.subtests_failed else set()
        ends = cases.get(test)
        if ends is None:
            yield f"{test} is not in the JUnit file"
        elif {tag for tag, _, _ in ends} != wanted:
            yield f"{test} is {ends} in the JUnit file, not {wanted or 'passed'}"
        elif test in program.crashes and (torn or state in ("crashed", "timed out")):
            yield from crash_problems(test, program.crashes[test], ends)


def crash_problems(test, crash, ends):
    messages = [message for tag, message, _ in ends if tag == "error"]
    for text in (crash.end, crash.phase):
        if not any(text in message for message in messages):
            yield f"{test}: {text!r} is in no message of the JUnit file: {messages}"
    texts = [message + text for tag, message, text in ends if tag == "error"]
    if crash.fixture and not any(crash.fixture in text for text in texts):
        yield f"{test}: fixture {crash.fixture!r} is not named in the JUnit file"


def test_model_knows_every_program():
    """A program without an expected end is a gap of the model."""
    here = {path.name for path in PROGRAMS.iterdir() if path.name.startswith("test_")}
    assert here <= {name for program in ALL for name in program.files}


def test_whole_folder_in_one_run(run, no_process_left):
    """`pytest --isolate=function -n 2 programs/` comes to its end with the sum of all programs."""
    wanted: dict[str, int] = {}
    for program in ALL:
        if pytest.version_tuple[:2] >= program.min_pytest and not (program.slow or program.args):
            place(program, run.path)
            for word, count in program.counts("function").items():
                wanted[word] = wanted.get(word, 0) + count
    run.verifies = True
    finished = run("--isolate=function", "-n", "2", "-q", "--junitxml=junit.xml", timeout=240)
    # Two workers at once may both try a wide fixture that crashes: two crashes, not one and an error.
    found = finished.counts
    for counts in (wanted, found):
        counts["crashed or error"] = counts.pop("crashed") + counts.pop("error")
    assert found == wanted, shown(finished)
    assert finished.code == 1
    no_process_left(finished)
