"""What the user asked for, read once from options, ini and environment."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pytest_bulkhead.core.escalation import TERMINATE_GRACE
from pytest_bulkhead.core.levels import Level, parse_level
from pytest_bulkhead.core.policy import GpuRelease
from pytest_bulkhead.core.run.seeds import LIMIT

if TYPE_CHECKING:
    from pytest_bulkhead.core.environment.merged import Environment

#: Options of pytest that run no tests, or show something and leave: we stay out of their way.
_PASSIVE = (
    "collectonly", "help", "version", "markers", "showfixtures", "show_fixtures_per_test",
    "cacheshow", "setupplan",
)  # fmt: skip

#: Seconds by which our limit is later than that of pytest-timeout, which fails just the test where
#: it can, and of an example, whose script is ended; ours is for the hangs that they cannot end.
_SLACK = 1.0

STARTS = ("auto", "fork", "spawn")

#: How native stacks of crashes are had, and the ways that need core files.
NATIVE_WAYS = ("auto", "off", "gdb", "pystack", "core")
OF_CORES = ("core", "pystack")

#: The environment variable that stands for `isolate_native` where the suite says nothing of it.
NATIVE_VARIABLE = "BULKHEAD_NATIVE"


class Settings(NamedTuple):
    """How tests are to be isolated."""

    level: Level
    #: How many tests may run at once.
    workers: int
    #: `-n` was given: workers are named in the output, as by xdist.
    named: bool
    start: str
    timeout: float | None
    slack: float
    grace: float
    report: str
    #: How the native stacks of crashes are had, one of `NATIVE_WAYS`.
    native: str
    #: The folder where all that is known of crashes is kept, empty for none.
    artifacts: str
    html: str
    trace: str
    #: Of the run's random streams; negative for leaving them alone.
    seed: int
    #: Set wide fixtures up once for many tests.
    stage: bool
    #: How many interpreters may be started ahead of need.
    spares: int
    gpu_release: GpuRelease
    #: Whose end is looked into: "off", "crashes" or "failures".
    verify: str
    #: How often a test is run again whose process died.
    retries: int
    #: After so many of them there are no more.
    retry_budget: int
    #: What a test counts as that passes then: "pass" or "fail".
    flaky: str
    #: How a worker leaves: "fast", or "clean" with its interpreter finalised.
    exit: str
    #: Seconds for the search of the tests that make another one break; 0 for no search.
    bisect: float
    #: What was declared is a limit: of what, by the keys of the mark.
    enforce: tuple[str, ...]
    #: Say of each group how it was isolated.
    why: bool
    #: The environment profiles, as people read them.
    profile: tuple[str, ...]
    #: {variable: the value that profiles and `isolate_env` ask for, None for unset}
    environ: dict[str, str | None]
    #: Why the template is a fresh interpreter; empty where the environment needs none.
    why_exec: str


def wanted_level(namespace: Any, ini: str, *, forked_is_ours: bool) -> Level | None:  # noqa: ANN401
    """Return the level that was asked for, None when isolation is off or has nothing to do.

    Args:
        namespace: parsed options.
        ini: the ini value of `isolate`.
        forked_is_ours: `--forked` is not pytest-forked's.

    Raises:
        UsageProblem: it is no level.
    """
    if any(getattr(namespace, name, None) for name in _PASSIVE):
        return None
    option = getattr(namespace, "isolate", None)
    if option is not None:
        return None if option == "no" else parse_level(option, "--isolate")
    if forked_is_ours and getattr(namespace, "forked", False):
        return Level.FUNCTION
    return parse_level(ini, "ini key isolate") if ini and ini != "no" else None


def read_settings(
    config: pytest.Config,
    level: Level,
    numprocesses: int | None,
    asked: Environment | None,
    why_exec: str,
) -> Settings:
    """Read the rest of the settings.

    Args:
        config: with options parsed.
        level: what `wanted_level` returned.
        numprocesses: the value of `-n`, None when it was not given.
        asked: the environment that is in force, None for none.
        why_exec: why not all of it is, in this process; empty for no reason.

    Raises:
        pytest.UsageError: a value is none of its kind.
    """
    _check_files(config)
    return Settings(
        level=level,
        workers=max(1, numprocesses or 1),
        named=bool(numprocesses),
        start=_start(config, asked.start if asked else ""),
        timeout=wanted_timeout(config),
        slack=_SLACK if _others_end_tests(config) else 0.0,
        grace=_seconds(config, "isolate_grace", "") or TERMINATE_GRACE,
        report=str(config.getoption("isolate_report") or ""),
        native=_native(config),
        artifacts=str(config.getoption("isolate_artifacts") or ""),
        html=str(config.getoption("isolate_html") or ""),
        trace=str(config.getoption("isolate_trace") or ""),
        seed=_seed(config),
        stage=_one_of(config, "isolate_stage", ("auto", "never")) == "auto",
        spares=_count(config, "isolate_spares", "1"),
        gpu_release=_gpu_release(config),
        verify=_one_of(config, "isolate_verify", ("crashes", "failures", "off")),
        retries=_count(config, "isolate_retries", "0"),
        retry_budget=_count(config, "isolate_retry_budget", "10"),
        flaky=_one_of(config, "isolate_flaky", ("pass", "fail")),
        exit=_exit(config),
        bisect=_seconds(config, "isolate_bisect", "--isolate-bisect") or 0.0,
        enforce=_enforce(config),
        why=bool(config.getoption("isolate_why")),
        profile=asked.shown_profiles(config.option.markexpr) if asked else (),
        environ=dict(asked.variables) if asked else {},
        why_exec=why_exec,
    )


def _check_files(config: pytest.Config) -> None:
    """Refuse one file for two of our reports: the last one would take the place of the other."""
    taken: dict[str, str] = {}
    for name in ("report", "html", "trace"):
        path = str(config.getoption(f"isolate_{name}") or "")
        if (path and not os.path.exists(path)) or os.path.isfile(path):
            other = taken.setdefault(os.path.realpath(path), name)
            if other != name:
                raise pytest.UsageError(
                    f"--isolate-{name}={path}: --isolate-{other} writes that file, name another one"
                )


def wanted_timeout(config: pytest.Config) -> float | None:
    """Return the seconds that a test may take, None for as many as it likes.

    Raises:
        pytest.UsageError: it is no number of seconds.
    """
    own = _seconds(config, "isolate_timeout", "--isolate-timeout")
    return own if own is not None else _their_timeout(config)


def _others_end_tests(config: pytest.Config) -> bool:
    examples = config.getoption("isolate_examples") or config.getini("isolate_examples")
    return bool(examples) or config.pluginmanager.hasplugin("timeout")


def _start(config: pytest.Config, default: str) -> str:
    option = config.getoption("isolate_start")
    where = "--isolate-start" if option else "ini key isolate_start"
    wish = str(option or config.getini("isolate_start"))
    value = wish or default or "auto"
    if value not in STARTS:
        raise pytest.UsageError(f"{where}: {value!r} is none of {', '.join(STARTS)}")
    if _exit(config) != "clean":
        return value
    if wish == "fork":
        raise pytest.UsageError(
            f"{where}: 'fork' does not go with isolate_exit = clean: what was made before a fork "
            "would be finalised in each process\nhint: leave one of both out"
        )
    return "spawn"


def _exit(config: pytest.Config) -> str:
    return _one_of(config, "isolate_exit", ("fast", "clean"))


def _one_of(config: pytest.Config, key: str, words: tuple[str, ...]) -> str:
    """Return the value of an ini key that is one of some words, the first by default."""
    value = str(config.getini(key) or words[0])
    if value not in words:
        raise pytest.UsageError(f"ini key {key}: {value!r} is none of {', '.join(words)}")
    return value


def _count(config: pytest.Config, key: str, default: str) -> int:
    value = str(config.getini(key) or default)
    if not (value.isascii() and value.isdecimal()):
        raise pytest.UsageError(
            f"ini key {key}: {value!r} is no whole number, such as 1, or 0 for none"
        )
    return int(value)


def _native(config: pytest.Config) -> str:
    """Return how native stacks are had; the variable is for what a machine has installed."""
    sources = {
        "--isolate-native": config.getoption("isolate_native"),
        "ini key isolate_native": config.getini("isolate_native"),
        f"variable {NATIVE_VARIABLE}": os.environ.get(NATIVE_VARIABLE),
    }
    where, value = next(((key, word) for key, word in sources.items() if word), ("", "auto"))
    if value not in NATIVE_WAYS:
        raise pytest.UsageError(f"{where}: {value!r} is none of {', '.join(NATIVE_WAYS)}")
    return str(value)


def _gpu_release(config: pytest.Config) -> GpuRelease:
    wish = str(config.getini("isolate_gpu_release") or "")
    policy, _space, seconds = wish.partition(" ")
    try:
        grace = float(seconds or GpuRelease().grace)
    except ValueError:
        grace = -1.0
    if (policy or "warn") not in ("wait", "warn", "fail") or not 0 <= grace < math.inf:
        raise pytest.UsageError(
            f"ini key isolate_gpu_release: {wish!r} is none of wait, warn, fail, nor one of those "
            "and the seconds after which it applies, such as `fail 30`"
        )
    return GpuRelease(policy or "warn", grace)


def _enforce(config: pytest.Config) -> tuple[str, ...]:
    words = tuple(" ".join(config.getini("isolate_enforce")).replace(",", " ").split())
    wrong = [word for word in words if word != "ram"]
    if wrong:
        raise pytest.UsageError(
            f"ini key isolate_enforce: {wrong[0]!r} cannot be enforced\nhint: write ram"
        )
    return words


def _seed(config: pytest.Config) -> int:
    if _one_of(config, "isolate_reseed", ("auto", "off")) == "off":
        return -1
    given = config.getoption("isolate_seed")
    if given is None:
        return int.from_bytes(os.urandom(4), "big")
    if not (given.isdecimal() and int(given) < LIMIT):
        raise pytest.UsageError(f"--isolate-seed: {given!r} is no whole number below {LIMIT}")
    return int(given)


def _seconds(config: pytest.Config, name: str, option: str) -> float | None:
    given = config.getoption(name) if option else None
    value = given if given is not None else config.getini(name)
    where = option if given is not None else f"ini key {name}"
    if value in (None, ""):
        return None
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = -1.0
    if seconds < 0 or seconds != seconds:  # noqa: PLR0124 - nan is no duration either
        raise pytest.UsageError(f"{where}: {value!r} is no number of seconds, such as 30 or 0.5")
    return seconds or None


def _their_timeout(config: pytest.Config) -> float | None:
    """Return pytest-timeout's own setting: a hang that it cannot end is ended by us."""
    if not config.pluginmanager.hasplugin("timeout"):
        return None
    value = config.getoption("timeout", None) or config.getini("timeout")
    try:
        return float(value) or None
    except (TypeError, ValueError):
        return None
