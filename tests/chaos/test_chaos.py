"""Killed at any step of the protocol, a run accounts for every test and leaves nothing behind.

A seeded loop: each turn runs a small suite and lets one process of it (worker, template, keeper or
controller) kill itself at a step drawn by chance. `BULKHEAD_CHAOS_SEED` repeats a run of this
test, `BULKHEAD_CHAOS_KILLS` says how many processes are to be killed.
"""

from __future__ import annotations

import dataclasses
import os
import random
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from conftest import Runner, read_journal, shown, wait_until_gone

KILLS = int(os.environ.get("BULKHEAD_CHAOS_KILLS", "100"))
SEED = int(os.environ.get("BULKHEAD_CHAOS_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
#: Runs at once: each takes a CPU for less than half a second.
AT_ONCE = 2
ROLES = ("worker", "worker", "template", "keeper", "controller")
ARGS = (
    ("--isolate=session",),
    ("--isolate=module",),
    ("--isolate=function",),
    ("--isolate=module", "-n", "2"),
    ("--isolate=module", "-o", "isolate_start=spawn"),
)
SUITE = {
    "test_a.py": "def test_1(): pass\ndef test_2(): print('said')\n",
    "test_b.py": "import pytest\n@pytest.fixture(scope='module')\ndef f(): yield 1\n"
    "def test_3(f): pass\ndef test_4(f): assert f == 2\n",
    "test_c.py": "import pytest\n@pytest.mark.skip\ndef test_5(): pass\ndef test_6(): pass\n",
}
TESTS = 6
#: The end of the same run without a kill.
UNHARMED = {"passed": 4, "failed": 1, "skipped": 1}


@dataclasses.dataclass(frozen=True)
class Turn:
    """A run with one death in it."""

    number: int
    role: str
    step: int
    args: tuple[str, ...]

    def __str__(self) -> str:
        return f"seed {SEED}, turn {self.number}: {self.role} at step {self.step}, {' '.join(self.args)}"


class Arena:
    """Where turns are played: a folder for each, all with the same suite."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def play(self, turn: Turn | None, name: str, args: tuple[str, ...], **environ: str):
        folder = self.path / name
        folder.mkdir()
        for file, text in SUITE.items():
            (folder / file).write_text(text)
        environ["PYTHONPATH"] = str(Path(__file__).parent)
        if turn:
            environ |= {"BULKHEAD_CHAOS_ROLE": turn.role, "BULKHEAD_CHAOS_STEP": str(turn.step),
                        "BULKHEAD_CHAOS_ONCE": str(folder / "killed")}  # fmt: skip
        runner = Runner(folder)
        finished = runner(
            "-p", "killer", "-v", "--isolate-report=run.jsonl", *args, timeout=20, **environ
        )
        left = wait_until_gone(finished.tag)
        for running in runner.runs:
            running.destroy()
        return finished, left

    def steps(self, args: tuple[str, ...]) -> dict[str, int]:
        """Return {role: the most steps that a process of it takes}, of a run without a kill."""
        name = f"count-{ARGS.index(args)}"
        count = self.path / f"{name}.txt"
        finished, left = self.play(None, name, args, BULKHEAD_CHAOS_COUNT=str(count))
        assert finished.tests == UNHARMED, shown(finished)
        assert not left
        found = Counter(count.read_text().splitlines())
        most: dict[str, int] = {}
        for line, steps in found.items():
            role = line.split()[0]
            most[role] = max(most.get(role, 0), steps)
        return most


def judge(turn: Turn, folder: Path, finished, left) -> tuple[bool, list[str]]:
    """Return whether somebody was killed, and all that is wrong with what followed."""
    problems = [f"left behind: {left}"] if left else []
    if finished.code is None:
        problems.append("the run did not end")
    killed = (folder / "killed").exists()
    if killed and turn.role != "controller":
        problems += doubts_of_survivor(folder, finished)
    return killed, problems


def doubts_of_survivor(folder: Path, finished):
    """Yield what a controller that was not killed itself should not have said."""
    counts = finished.tests
    states = sum(counts.values()) - counts.get("error", 0)
    if "INTERNALERROR" in finished.out or "Traceback (most" in finished.out:
        yield "an error of our own"
    if states > TESTS:
        yield f"more states than tests: {counts}"
    if counts != UNHARMED and finished.code == 0:
        yield f"exit status 0, but {counts}"
    if states < TESTS and not counts.get("error") and "not run" not in finished.out:
        yield f"tests without a state, and no word of it: {counts}"
    for name, words in finished.words.items():
        if len(words - {"ERROR"}) > 1:
            yield f"{name} has two states: {words}"
    try:
        read_journal(folder / "run.jsonl")
    except (OSError, ValueError, AssertionError) as error:
        yield f"journal: {error!r}"


def test_any_process_killed_at_any_step(tmp_path):
    """Every test accounted for, no success where something was lost, nothing left within 2 s."""
    print(f"BULKHEAD_CHAOS_SEED={SEED} BULKHEAD_CHAOS_KILLS={KILLS}")
    draw = random.Random(SEED)
    arena = Arena(tmp_path)
    steps = {args: arena.steps(args) for args in ARGS}
    wrong: list[str] = []
    kills, number = 0, 0

    def turn_of(number: int) -> Turn:
        args = draw.choice(ARGS)
        role = draw.choice([role for role in ROLES if steps[args].get(role)])
        return Turn(number, role, draw.randint(1, steps[args][role]), args)

    def play(turn: Turn) -> bool:
        name = f"turn-{turn.number}"
        finished, left = arena.play(turn, name, turn.args)
        killed, problems = judge(turn, tmp_path / name, finished, left)
        if problems:
            wrong.append("\n".join([str(turn), *problems, shown(finished)]))
        else:
            shutil.rmtree(tmp_path / name)
        return killed

    with ThreadPoolExecutor(AT_ONCE) as pool:
        while kills < KILLS and number < 3 * KILLS and len(wrong) < 10:
            turns = [turn_of(number + n) for n in range(min(4 * AT_ONCE, KILLS - kills))]
            number += len(turns)
            kills += sum(pool.map(play, turns))
    assert not wrong, f"\n\n{'#' * 80}\n\n".join(wrong)
    assert kills >= KILLS, (
        f"{kills} kills in {number} turns: processes take fewer steps than counted"
    )
