"""What all tests share: running pytest as a user does, and reading what it left.

Each run is tagged in its environment, which every process that it starts inherits, daemons
included; so `processes_of` finds all of them whatever they did to get away.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent
PROGRAMS, EXAMPLES = ROOT / "programs", ROOT / "examples"
#: A stand-in for NVML, for PYTHONPATH.
DRIVERS = ROOT / "tests" / "drivers"
#: Sources of a stand-in for CUDA's driver, and for torch on top of it.
CUDA = DRIVERS / "cuda"
sys.path[:0] = [str(PROGRAMS), str(ROOT)]  # their models

_TAG = "BULKHEAD_TEST_TAG"
#: Of the run that these tests are in, and of what runs that; scikit-learn sets variables of OpenMP.
_NOT_PASSED_ON = ("PYTEST", "COV_", "CI", "GITHUB_", "KMP_")
#: Seconds within which nothing of a run may be left.
VANISH_LIMIT = 2.0


def pytest_configure() -> None:
    # Hundreds of crashes here are intended; nobody wants their core files.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    # ... nor a second of gdb for each.
    os.environ.setdefault("BULKHEAD_NATIVE", "off")


def processes_of(tag: str) -> dict[int, str]:
    """Return {pid: command line} of all live processes that were started under a tag."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            # A process may end while we look.
            with contextlib.suppress(OSError):
                environ = Path(f"/proc/{entry}/environ").read_bytes()
                if f"{_TAG}={tag}".encode() in environ:
                    command = Path(f"/proc/{entry}/cmdline").read_bytes()
                    found[int(entry)] = command.replace(b"\0", b" ").decode(errors="replace")
    return found


def wait_until_gone(tag: str, limit: float = VANISH_LIMIT) -> dict[int, str]:
    """Wait until no process of a tag is left; return those that are left all the same."""
    end = time.monotonic() + limit
    while (left := processes_of(tag)) and time.monotonic() < end:
        time.sleep(0.02)
    return left


def wait_for(condition: Callable[[], object], limit: float = 20.0) -> bool:
    """Wait until a condition holds; return whether it did in time."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


_COUNT = re.compile(r"(\d+) ([a-z][a-z ]*?)(?=, | in |$)")
_LAST_LINE = re.compile(r"^=* ?((?:\d+ [a-z][a-z ]*(?:, )?)+|no tests ran) in [\d.]+s", re.M)
_WORDS = r"(?P<word>PASSED|FAILED|SKIPPED|XFAIL|XPASS|CRASHED|TIMED OUT|ERROR)\b"
_VERBOSE = re.compile(rf"^(?P<id>\S+?\.py::.+?) {_WORDS}", re.M)
#: As pytest writes it when tests run in several workers.
_VERBOSE_PARALLEL = re.compile(rf"^\[gw\d+\] \[ *\d+%\] {_WORDS} (?P<id>\S+?\.py::.+?) *$", re.M)
_SINGULAR = {"errors": "error", "warning": "warnings"}


@dataclasses.dataclass
class Finished:
    """A run of pytest that is over (or was ended, when `code` is None), and all it said."""

    code: int | None
    out: str
    seconds: float
    tag: str
    path: Path

    @property
    def counts(self) -> dict[str, int]:
        """What the last line says: {"passed": 3, "crashed": 1}; empty when there is none."""
        lines = _LAST_LINE.findall(self.out)
        pairs = _COUNT.findall(lines[-1]) if lines else []
        return {_SINGULAR.get(word, word): int(count) for count, word in pairs}

    @property
    def tests(self) -> dict[str, int]:
        """The counts less warnings."""
        return {word: count for word, count in self.counts.items() if word != "warnings"}

    @property
    def verbose(self) -> list[tuple[str, str]]:
        """What `-v` said, in order: (node id, word)."""
        found = [*_VERBOSE.finditer(self.out), *_VERBOSE_PARALLEL.finditer(self.out)]
        return [(match["id"], match["word"]) for match in found]

    @property
    def words(self) -> dict[str, set[str]]:
        """What `-v` said of each test: {name after the last file: words}."""
        found: dict[str, set[str]] = {}
        for nodeid, word in self.verbose:
            found.setdefault(nodeid.partition("::")[2], set()).add(word)
        return found

    def section(self, title: str) -> str:
        """Return the lines under a `=== title ===` or `___ title ___` line, empty for none."""
        pattern = (
            rf"^=+ {title} =+$\n(.*?)(?=^=+ .+ =+$|\Z)"
            rf"|^_+ {title} _+$\n(.*?)(?=^=+ .+ =+$|^_+ .+ _+$|\Z)"
        )
        return "\n".join("".join(found) for found in re.findall(pattern, self.out, re.M | re.S))

    def without_noise(self) -> list[str]:
        """The lines that two runs of the same tests must share."""
        return [re.sub(r"in [\d.]+s.*", "", line).strip("= ") for line in self.out.splitlines()]


def shown(run: Finished) -> str:
    """Return a run's output as the message of an assertion."""
    return f"exit status {run.code} after {run.seconds:.1f} s in {run.path}\n{run.out[-6000:]}"


@dataclasses.dataclass
class Running:
    """A run of pytest that is under way, in a session of its own."""

    process: subprocess.Popen
    tag: str
    path: Path
    output: Path
    started: float

    def out(self) -> str:
        return self.output.read_text(errors="replace")

    def processes(self) -> dict[int, str]:
        return processes_of(self.tag)

    def finish(self, timeout: float = 60) -> Finished:
        """Wait for the end of the controller; kill everything when it does not come."""
        code: int | None
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            code = None
            self.destroy()
        seconds = time.monotonic() - self.started
        return Finished(code, self.out(), seconds, self.tag, self.path)

    def destroy(self) -> None:
        for _ in range(50):
            left = processes_of(self.tag)
            if not left:
                break
            for pid in left:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        self.process.wait()


class Runner:
    """Runs pytest in a folder, as a user does: `run("--isolate=module")`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        #: Whether crashed tests are run once more where nothing else is said: many a test here
        #: counts what was run.
        self.verifies = False
        self.runs: list[Running] = []

    def __call__(
        self, *args: object, timeout: float = 60, cwd: Path | None = None, **environ: str
    ) -> Finished:
        return self.start(*args, cwd=cwd, **environ).finish(timeout)

    def _completed(self, args: Sequence[object]) -> list[str]:
        words = list(map(str, args))
        isolated = any(word.startswith("--isolate=") for word in words)
        if self.verifies or not isolated or any("isolate_verify" in word for word in words):
            return words
        return [*words, "-o", "isolate_verify=off"]

    def start(
        self,
        *args: object,
        cwd: Path | None = None,
        program: Sequence[str] = (sys.executable, "-m", "pytest"),
        **environ: str,
    ) -> Running:
        tag = uuid.uuid4().hex
        output = self.path.parent / f"output-{tag}.txt"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_PASSED_ON)}
        kept |= {_TAG: tag, "PYTEST_DEBUG_TEMPROOT": str(self.path.parent), "COLUMNS": "160"}
        if "PYTHONPATH" in environ and "PYTHONPATH" in kept:
            environ["PYTHONPATH"] += os.pathsep + kept["PYTHONPATH"]
        with output.open("wb") as file:
            process = subprocess.Popen(
                [*program, *self._completed(args)],
                cwd=cwd or self.path,
                env=kept | environ,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        running = Running(process, tag, self.path, output, time.monotonic())
        self.runs.append(running)
        return running


def bulkhead(*arguments: object, cwd: Path, **options: object) -> subprocess.CompletedProcess:
    """Run the command `bulkhead` in a folder; `options` are more of `subprocess.run`."""
    told = {"capture_output": True, "text": True, "timeout": 60} | options
    command = [sys.executable, "-m", "pytest_bulkhead", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, check=False, **told)


@pytest.fixture
def run(pytester: pytest.Pytester) -> Iterator[Runner]:
    """Run pytest in the pytester folder with a hard limit of time; end what a test left there."""
    runner = Runner(pytester.path)
    yield runner
    for running in runner.runs:
        running.destroy()


@pytest.fixture
def no_process_left() -> Callable[[Finished | Running], None]:
    """Assert that no process of a run is left two seconds after its end."""

    def check(finished: Finished | Running) -> None:
        assert wait_until_gone(finished.tag) == {}

    return check


@pytest.fixture
def tree(tmp_path: Path) -> Callable[[Mapping[str, str]], str]:
    """Return a function that writes {path: text} below a folder that stands for `/`."""

    def write(files: Mapping[str, str]) -> str:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")
        return str(tmp_path)

    return write


@pytest.fixture
def native_extension() -> str:
    """An extension module of Python's own: copied into a package, it is native code of that."""
    spec = importlib.util.find_spec("_json")
    if spec is None or "lib-dynload" not in str(spec.origin):
        pytest.skip("this Python has its extensions built in")
    return str(spec.origin)


@pytest.fixture(scope="session")
def cuda_driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stand-in for CUDA's driver, built here, under the name by which libraries load it."""
    driver = tmp_path_factory.mktemp("drivers of mine") / "libcuda.so.1"
    _build(CUDA / "driver.c", driver, f"-Wl,-soname,{driver.name}")
    return driver


@pytest.fixture(scope="session")
def torch_with_cuda(cuda_driver: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder for PYTHONPATH with a stand-in for torch that comes to that driver."""
    headers = Path(sysconfig.get_path("include"))
    if not (headers / "Python.h").is_file():
        pytest.skip("the headers of this Python are not there to build an extension")
    folder = tmp_path_factory.mktemp("torch") / "site-packages"
    shutil.copytree(CUDA / "packages", folder)
    options = f"-I{headers}", f'-DDRIVER="{cuda_driver}"'
    _build(CUDA / "extension.c", folder / "torch" / "_C.so", *options)
    return str(folder)


def _build(source: Path, library: Path, *options: str) -> None:
    if not shutil.which("gcc"):
        pytest.skip("gcc is not there to build a stand-in")
    command = ["gcc", "-shared", "-fPIC", "-o", str(library), *options, str(source)]
    subprocess.run(command, timeout=60, check=True)


@pytest.fixture
def files(pytester: pytest.Pytester) -> Callable[..., None]:
    """Write files: `files({"sub/test_a.py": "..."})`."""

    def write(texts: dict[str, str]) -> None:
        for name, text in texts.items():
            path = pytester.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return write


def read_journal(path: Path) -> list[dict]:
    """Read a journal: each line is a JSON object."""
    lines = path.read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    assert entries, "the journal is empty"
    assert all(isinstance(entry, dict) for entry in entries)
    return entries


def read_junit(path: Path) -> dict[str, list[tuple[str, str, str]]]:
    """Read a JUnit file: {test: [(tag, message, text), ...]}, an empty list for a pass."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for case in ET.parse(path).iter("testcase"):
        ends = found.setdefault(case.get("name", ""), [])
        for end in case:
            if end.tag in ("failure", "error", "skipped"):
                ends.append((end.tag, end.get("message", ""), end.text or ""))
    return found
