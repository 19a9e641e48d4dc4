"""What only a real GPU shows: `sh bench/gpu.sh`, or `python -m bench.gpu` where all is installed.

- Three modules that each hold 60 % of a card: plain pytest runs out of memory, isolation does not.
- Neither controller nor keeper nor template is on the card meanwhile, says another process by NVML.
- What each of torch's calls does to a process, and how long a card takes to come back.

Uses one card, the first that `CUDA_VISIBLE_DEVICES` shows. The exit status is 1 when something is
not as it should be, 2 when nothing could be measured.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import itertools
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from bench.figures import WITHOUT, Line
from bench.measure import WrongRun
from bench.run import HEAD, machine, row
from pytest_bulkhead.core.known import Unknown
from pytest_bulkhead.core.resources.devices import Device
from pytest_bulkhead.core.resources.holders import SLACK, Look
from pytest_bulkhead.core.resources.sizes import show_size
from pytest_bulkhead.system import nvml

ROOT = Path(__file__).parent.parent
#: What each module holds of a card.
SHARE = 0.6
#: Bytes that a process holds whose end is measured, or `SHARE` of a card that has less.
HELD = 20 * 10**9
#: Seconds until a process must have done what it is there for; until a card must have come back.
LIMIT, BACK = 300.0, 120.0

MODULE = f"""
import time
import pytest, torch

@pytest.mark.requires(gpu=1)
def test_holds_most_of_a_card():
    global held
    _free, total = torch.cuda.mem_get_info()
    held = torch.empty(int({SHARE} * total), dtype=torch.uint8, device="cuda")
    time.sleep(0.7)  # it is looked at meanwhile
"""

#: What is done in a fresh process, for the table of states.
STATES = (
    "import torch",
    "import os, torch; os.environ['PYTORCH_NVML_BASED_CUDA_CHECK'] = '1'; torch.cuda.is_available()",
    "import torch; torch.cuda.is_available()",
    "import torch; torch.cuda.device_count()",
    "import torch; torch.cuda.init()",
    "import torch; torch.cuda.get_device_properties(0)",
    "import torch; torch.cuda.set_device(0)",
    "import torch; torch.cuda.mem_get_info()",
    "import torch; held = torch.empty(1, dtype=torch.uint8, device='cuda')",
)
STATES_HEAD = (
    "| after | driver | libcuda mapped | /dev/nvidia-uvm open | `torch.cuda.is_initialized()` "
    "| listed by NVML | memory |\n|---|---|---|---|---|---|---|"
)

#: The processes in which no test runs.
STANDING = ("controller", "keeper", "template")


class NoGpu(Exception):
    """Nothing can be measured here."""


class Run(NamedTuple):
    """A run of the suite."""

    code: int
    out: str
    err: str
    #: What the watcher has seen: {role: {what: in how many looks}}.
    seen: dict[str, dict[str, int]]

    @property
    def last_line(self) -> str:
        return self.out.strip().splitlines()[-1].strip("= ")


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench/gpu.sh", description="Measure on a real GPU.")
    parser.add_argument("--runs", type=int, default=3, help="how often each end is measured")
    options = parser.parse_args(argv)
    try:
        card = choose_card()
        print(f"{machine()}; {describe(card)}\n\n{HEAD}", flush=True)
    except NoGpu as problem:
        print(f"bench.gpu: {problem}", file=sys.stderr)
        return 2
    missed = 0
    try:
        for line in itertools.chain(suite_lines(card), release_lines(card, options.runs)):
            missed += line.met is False
            print(row(line), flush=True)
        print(f"\n{STATES_HEAD}", flush=True)
        for text in state_rows(card):
            print(text, flush=True)
    except WrongRun as problem:
        print(f"bench.gpu: {problem}", file=sys.stderr)
        return 1
    return 1 if missed else 0


# -- the card --------------------------------------------------------------------------------------


def choose_card() -> Device:
    """Show one card to all that is started from here, and return it.

    Raises:
        NoGpu: there is none that could be measured.
    """
    for name, package in (("torch", "torch"), ("pynvml", "nvidia-ml-py")):
        if importlib.util.find_spec(name) is None:
            raise NoGpu(f"no {name} in {sys.executable}: pip install {package}")
    first = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
    os.environ |= {"CUDA_VISIBLE_DEVICES": first, "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    found = nvml.usable_devices()
    if isinstance(found, Unknown):
        raise NoGpu(f"no GPU: {found.reason}")
    if not found.value:
        raise NoGpu(f"no GPU: {found.source} has none for CUDA_VISIBLE_DEVICES={first!r}")
    card = found.value[0]
    if not card.memory:
        raise NoGpu(f"nobody tells the memory of {card.uuid}")
    used = look(card).used
    if used > (1 - SHARE) * card.memory / 2:
        raise NoGpu(f"{show_size(used)} of {card.uuid} are in use by others")
    return card


def look(card: Device) -> Look:
    """Return what is in use of a card, and by whom.

    Raises:
        NoGpu: NVML does not tell.
    """
    looks = nvml.look_at([card.uuid])
    if card.uuid not in looks:
        raise NoGpu(f"NVML does not tell what is in use of {card.uuid}")
    return looks[card.uuid]


def describe(card: Device) -> str:
    """Return what the card is, by the word of a child: this process is not to use it.

    Raises:
        NoGpu: torch cannot use it.
    """
    program = (
        "import torch; torch.empty(1, dtype=torch.uint8, device='cuda');"
        "print(torch.cuda.get_device_properties(0).name, 'torch', torch.__version__,"
        "'CUDA', torch.version.cuda)"
    )
    asked = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    if asked.returncode:
        why = (asked.stderr.strip().splitlines() or [f"exit status {asked.returncode}"])[-1]
        raise NoGpu(f"torch in {sys.executable} cannot use {card.uuid}: {why}")
    mode = "exclusive mode" if card.alone else "shared mode"
    return f"{asked.stdout.strip()}, {show_size(card.memory or 0)}, {mode}"


# -- the suite -------------------------------------------------------------------------------------


def suite_lines(card: Device) -> Iterator[Line]:
    """Run three modules, each of which holds most of the card."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        (folder / "pytest.ini").write_text("[pytest]\n")
        for module in "abc":
            (folder / f"test_{module}.py").write_text(MODULE)
        title = f"3 modules that each hold {SHARE:.0%} of a card"
        plain = run_suite(folder, card, WITHOUT)
        ends = "2 failed, 1 passed" in plain.last_line and "out of memory" in plain.out
        yield Line(f"{title}, plain pytest", plain.last_line, "out of memory", ends)
        for arguments in (("--isolate=session",), ("--isolate=session", "-n", "2")):
            run = run_suite(folder, card, ("-q", "-rs", *arguments))
            said = f"`{' '.join(arguments)}`"
            passes = not run.code and "3 passed" in run.last_line
            if not passes:
                print(run.out, run.err, file=sys.stderr)
            yield Line(f"{title}, {said}", f"**{run.last_line}**", "3 passed", passes)
            yield standing_line(run.seen, said)


def run_suite(folder: Path, card: Device, arguments: tuple[str, ...]) -> Run:
    """Run pytest while another process looks who is on the card."""
    before = look(card)
    with probe("watch", str(os.getpid()), card.uuid) as watcher:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *arguments],
            check=False,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
        seen, _ = watcher.communicate(timeout=LIMIT)
    seconds_until_back(card, before)  # or the next run would not have it
    return Run(done.returncode, done.stdout, done.stderr, read_line(seen))


def standing_line(seen: dict[str, dict[str, int]], said: str) -> Line:
    """Say whether the processes in which no test runs were ever on the card."""
    none = {"looks": 0, "uvm": 0, "listed": 0}
    standing = [seen.get(role, none) for role in STANDING]
    worker = seen.get("worker", none)
    listed, uvm = (sum(one[what] for one in standing) for what in ("listed", "uvm"))
    looks = ", ".join(
        f"{role} {one['looks']}" for role, one in zip(STANDING, standing, strict=True)
    )
    # A container may have pids of its own: who never sees the workers does not see the others.
    proven = bool(worker["listed"] or worker["uvm"]) and all(one["looks"] for one in standing)
    measured = f"**{listed}** listed by NVML, **{uvm}** with /dev/nvidia-uvm open"
    notes = (
        f"looks: {looks}; workers: {worker['listed']} listed, {worker['uvm']} with it open; "
        f"pids that are none of the run's: {seen.get('stranger', none)['listed']}"
    )
    title = f"Controller, keeper and template on the card, {said}"
    if not proven:
        measured = "nothing: workers, or one of these, were never seen"
    return Line(title, measured, "0", proven and not listed and not uvm, notes)


# -- the end of a process --------------------------------------------------------------------------

ENDS = {"exit": 0, "SIGTERM": signal.SIGTERM, "SIGKILL": signal.SIGKILL}


def release_lines(card: Device, runs: int) -> Iterator[Line]:
    """Measure how long after the end of its process a card's memory is back."""
    size = min(HELD, int(SHARE * (card.memory or 0)))
    began = time.perf_counter()
    look(card)
    takes = (time.perf_counter() - began) * 1000
    for name, signum in ENDS.items():
        lags = [release(card, size, signum) * 1000 for _ in range(runs)]
        yield Line(
            f"From the end of a process that held {show_size(size)} to its memory's return, {name}",
            f"**{statistics.median(lags):.0f} ms**",
            notes=f"{runs} runs, {min(lags):.0f} to {max(lags):.0f} ms; a look takes {takes:.0f} ms",
        )


def release(card: Device, size: int, signum: int) -> float:
    """Have a process hold memory and end; return the seconds from then until it is back."""
    before = look(card)
    with probe("hold", str(size)) as holder:
        read_line(said_by(holder))
        if signum:
            holder.send_signal(signum)
        else:
            holder.stdin.close()  # type: ignore[union-attr]
        holder.wait(LIMIT)
        return seconds_until_back(card, before)


def seconds_until_back(card: Device, before: Look) -> float:
    """Wait until no more of a card is in use than before, nor by others; return how long.

    Raises:
        WrongRun: that takes too long.
    """
    began = time.monotonic()
    while True:
        now = look(card)
        seconds = time.monotonic() - began
        if now.used <= before.used + SLACK and now.processes.keys() <= before.processes.keys():
            return seconds
        if seconds > BACK:
            raise WrongRun(f"{card.uuid} did not come back in {BACK:.0f} s: {now}, before {before}")
        time.sleep(0.001)


# -- the states of a process -----------------------------------------------------------------------


def state_rows(card: Device) -> Iterator[str]:
    """Yield, as rows of a table, what each of torch's calls does to a fresh process."""
    for code in STATES:
        before = look(card)
        with probe("state", code) as asked:
            state = read_line(said_by(asked))
            now = look(card)
        listed = "yes" if asked.pid in now.processes else _others(before, now)
        grown = (now.used - before.used) / 2**20
        yes = ("yes" if state[what] else "no" for what in ("mapped", "uvm", "torch"))
        yield f"| `{code}` | {state['driver']} | {' | '.join(yes)} | {listed} | {grown:.0f} MiB |"
        seconds_until_back(card, before)


def _others(before: Look, now: Look) -> str:
    new = now.processes.keys() - before.processes.keys()
    return f"as pid {min(new)}, not its own" if new else "no"


# -- other processes -------------------------------------------------------------------------------


@contextlib.contextmanager
def probe(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start a process of `bench.gpu_probe`; at the end have it go, and wait for that."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.gpu_probe", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        try:
            process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def said_by(process: subprocess.Popen[str]) -> str:
    """Return a line that a process prints; it says why it did not on our stderr."""
    return process.stdout.readline()  # type: ignore[union-attr]


def read_line(text: str) -> Any:
    """Read what a probe has said.

    Raises:
        WrongRun: it has said nothing.
    """
    if not text:
        raise WrongRun("a process that was to look or to hold memory has ended: see above")
    return json.loads(text)


if __name__ == "__main__":
    raise SystemExit(main())
