"""THE model: how each program must end, at each level, however its workers are started.

A program is a test file with something guilty in it and healthy tests around it. What is written
here is checked against the terminal, the JUnit file, the journal and the exit status of a run
(`tests/acceptance/test_programs.py`); the chaos test reads it too.

States are pytest's own words and two of ours:

    passed failed skipped xfailed xpassed    as in plain pytest
    error                                    an ordinary error at setup
    crashed                                  its process died while the test owned it
    timed out                                its process was ended because the test took too long

A crash in the teardown of a test that had passed leaves it `passed`, plus an entry in
`teardown_errors`. A death that no test owned is a breach: an error of the run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

LEVELS = ("session", "package", "module", "class", "function")

#: The level `function` where nothing can be forked: no stage sets wide fixtures up for several tests.
ALONE = "alone"


def model_level(level: str, start: str) -> str:
    """Return the level by which the model knows a run."""
    return ALONE if (level, start) == ("function", "spawn") else level


#: Words of the last line that mean exit status 1.
BAD = ("failed", "error", "crashed", "timed out")

#: Lets the healthy files run although another one could not be collected.
GO_ON = "--continue-on-collection-errors"


@dataclasses.dataclass(frozen=True)
class Crash:
    """How a test's process ended, as its report has to tell it."""

    end: str
    phase: str = "call"
    #: The fixture to blame, empty for none.
    fixture: str = ""


@dataclasses.dataclass(frozen=True)
class Program:
    """A program and its end. Mappings are by test name, the part after the last `::`."""

    #: Below `programs/`; the first one is the guilty one. A folder stands for all it holds.
    files: tuple[str, ...]
    states: Mapping[str, str]
    #: {level: {test: state}}, where a level differs from `states`.
    states_at: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    #: For each test that is `crashed` or `timed out`, and for each crash in teardown.
    crashes: Mapping[str, Crash] = dataclasses.field(default_factory=dict)
    teardown_errors: tuple[str, ...] = ()
    #: {level: tests}, where a level differs from `teardown_errors`.
    teardown_errors_at: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    #: Node ids that could not be collected, and why.
    collection_errors: Mapping[str, str] = dataclasses.field(default_factory=dict)
    #: How processes ended that no test owned, one text for each.
    breaches: tuple[str, ...] = ()
    #: {test: how many of its subtests fail}: in JUnit's file each is a failure of the test.
    subtests_failed: Mapping[str, int] = dataclasses.field(default_factory=dict)
    subtests_passed: int = 0
    warnings: int = 0
    args: tuple[str, ...] = ()
    #: Texts that must be on the terminal.
    shows: tuple[str, ...] = ()
    min_pytest: tuple[int, int] = (8, 4)
    #: It takes more than some seconds, whatever the plugin does.
    slow: bool = False

    @property
    def name(self) -> str:
        """The program's name: its guilty file without prefix and ending."""
        return self.files[0].removeprefix("test_").removesuffix(".py")

    def states_for(self, level: str) -> dict[str, str]:
        """Return {test: state} at a level."""
        return {**self.states, **self.states_at.get(level, {})}

    def teardown_errors_for(self, level: str) -> tuple[str, ...]:
        """Return the tests with an error at teardown, at a level."""
        return self.teardown_errors_at.get(level, self.teardown_errors)

    def counts(self, level: str) -> dict[str, int]:
        """Return what the last line of the terminal must say, zeros left out."""
        found = dict.fromkeys(
            ("passed", "failed", "skipped", "xfailed", "xpassed", "crashed", "timed out", "error"),
            0,
        )
        for state in self.states_for(level).values():
            found[state] += 1
        found["failed"] += sum(self.subtests_failed.values())
        found["subtests passed"] = self.subtests_passed
        found["warnings"] = self.warnings
        found["error"] += len(self.teardown_errors_for(level))
        found["error"] += len(self.collection_errors) + len(self.breaches)
        return {word: count for word, count in found.items() if count}

    def exit_for(self, level: str) -> int:
        """Return the exit status of the run: pytest's own for "some tests failed", or for none."""
        return int(any(self.counts(level).get(word) for word in BAD))


def _guilty(name: str, state: str, crash: Crash | None = None, **more: object) -> Program:
    """One guilty test between two healthy ones."""
    return Program(
        files=(f"test_{name}.py",),
        states={"test_before": "passed", "test_guilty": state, "test_after": "passed"},
        crashes={"test_guilty": crash} if crash else {},
        **more,  # type: ignore[arg-type]
    )


def _crashes(name: str, end: str, **more: object) -> Program:
    return _guilty(name, "crashed", Crash(end), **more)


def _hangs(name: str, phase: str = "call", fixture: str = "") -> Program:
    return _guilty(name, "timed out", Crash("timed out", phase, fixture))


def _harmless(name: str, state: str = "passed", **more: object) -> Program:
    return _guilty(name, state, **more)


def _breaks_at_exit(name: str, end: str, **more: object) -> Program:
    return _guilty(name, "passed", breaches=(end,), shows=(f"test_{name}.py::test_guilty",), **more)


def _import(name: str, end: str) -> Program:
    return Program(
        files=(f"test_{name}.py", "test_healthy.py"),
        states={"test_one": "passed", "test_two": "passed"},
        collection_errors={f"test_{name}.py": end},
        args=(GO_ON,),
    )


def _setup(scope: str) -> Program:
    # What a wide fixture's set-up did to one process is not done to a second one.
    second = "crashed" if scope == "function" else "error"
    crash = Crash("SIGSEGV", "setup", "broken")
    return Program(
        files=(f"test_segv_setup_{scope}.py",),
        states={
            "test_before": "passed",
            "test_first": "crashed",
            "test_second": second,
            "test_after": "passed",
        },
        crashes={"test_first": crash} | ({"test_second": crash} if scope == "function" else {}),
    )


def _teardown(scope: str) -> Program:
    # A wide fixture is torn down with the last test of its process, whoever had asked for it.
    last = "test_user" if scope == "function" else "test_after"
    crash = Crash("SIGSEGV", "teardown", "broken")
    narrow = {ALONE: ("test_user",)}
    return Program(
        files=(f"test_segv_teardown_{scope}.py",),
        states=dict.fromkeys(("test_before", "test_user", "test_after"), "passed"),
        crashes={"test_user": crash, "test_after": crash},
        teardown_errors=(last,),
        teardown_errors_at=narrow,
    )


_PARAMETERS = ("value0", "sys", "<lambda>", "value3", r"\xff", r"\x00", r"\ud800")

PROGRAMS: tuple[Program, ...] = (
    # -- the body of a test dies
    _crashes("segv_call", "SIGSEGV"),
    _crashes("abort", "SIGABRT"),
    _crashes("double_free", "SIGABRT", shows=("double free",)),
    _crashes("cxx_terminate", "SIGABRT", shows=("terminate called",)),
    _crashes("sigkill", "SIGKILL"),
    _crashes("killpg", "SIGKILL"),
    _crashes("sigterm", "SIGTERM"),
    _crashes("sigbus", "SIGBUS"),
    _crashes("sigfpe", "SIGFPE"),
    _crashes("sigill", "SIGILL"),
    _crashes("exit_0", "exit code 0"),
    _crashes("exit_3", "exit code 3"),
    _crashes("execv", "exit code 0"),
    _crashes("stack_overflow_c", "SIGSEGV"),
    _crashes("bytes_then_segv", "SIGSEGV", shows=("caf",)),
    _crashes("print_then_segv", "SIGSEGV", shows=("last words on stdout", "last words on stderr")),
    Program(
        files=("test_many_crashes.py",),
        states={f"test_it[{n}]": "crashed" if n % 2 else "passed" for n in range(8)},
        crashes={f"test_it[{n}]": Crash("SIGSEGV") for n in range(1, 8, 2)},
    ),
    Program(
        files=("test_unittest_class.py",),
        states={"test_1_before": "passed", "test_2_guilty": "crashed", "test_3_after": "passed"},
        crashes={"test_2_guilty": Crash("SIGSEGV")},
    ),
    Program(
        files=("test_segv_thread.py",),
        states={
            "test_before": "passed",
            "test_starts_it": "passed",
            "test_victim": "crashed",
            "test_after": "passed",
        },
        # A thread dies with the process of the test that started it.
        states_at=dict.fromkeys(("class", "function", ALONE), {"test_victim": "passed"}),
        crashes={"test_victim": Crash("SIGSEGV")},
    ),
    # -- a fixture dies
    _setup("function"),
    _setup("module"),
    _setup("session"),
    _teardown("function"),
    _teardown("module"),
    _teardown("session"),
    Program(
        files=("test_exit_in_fixture.py",),
        states={
            "test_before": "passed",
            "test_exit_0": "crashed",
            "test_exit_3": "crashed",
            "test_after": "passed",
        },
        crashes={
            "test_exit_0": Crash("exit code 0", "setup", "leaves_with_0"),
            "test_exit_3": Crash("exit code 3", "setup", "leaves_with_3"),
        },
    ),
    _guilty(
        "fail_then_segv_teardown",
        "failed",
        Crash("SIGSEGV", "teardown", "broken"),
        teardown_errors=("test_guilty",),
        shows=("the first cause",),
    ),
    # -- collection dies
    _import("import_segv", "SIGSEGV"),
    _import("import_exit_0", "exit code 0"),
    _import("import_exit_3", "exit code 3"),
    Program(
        files=("conftest_dies", "test_healthy.py"),
        states={"test_one": "passed", "test_two": "passed"},
        collection_errors={"conftest_dies": "SIGSEGV"},
        args=(GO_ON,),
    ),
    # -- what is left at exit dies or hangs
    _breaks_at_exit("segv_at_exit", "SIGSEGV"),
    _breaks_at_exit("exit_code_at_exit", "exit code 7"),
    _breaks_at_exit("hang_at_exit", "interpreter exit", slow=True),
    _breaks_at_exit("thread_hangs_at_exit", "interpreter exit", slow=True),
    # -- hangs
    _hangs("hang_python"),
    _hangs("hang_sleep"),
    _hangs("hang_gil"),
    _hangs("hang_ignores_sigterm"),
    _hangs("hang_setup", "setup", "never_there"),
    _guilty(
        "hang_teardown",
        "passed",
        Crash("timed out", "teardown", "slow_to_leave"),
        teardown_errors=("test_guilty",),
    ),
    # -- marks do not hide a crash
    Program(
        files=("test_xfail_crashes.py",),
        states={
            "test_before": "passed",
            "test_any": "crashed",
            "test_value_error": "crashed",
            "test_not_run": "xfailed",
            "test_really_fails": "xfailed",
            "test_unexpectedly_passes": "xpassed",
            "test_after": "passed",
        },
        crashes=dict.fromkeys(("test_any", "test_value_error"), Crash("SIGSEGV")),
    ),
    Program(
        files=("test_skip_crashes.py",),
        states={
            "test_before": "passed",
            "test_by_mark": "skipped",
            "test_in_body": "skipped",
            "test_then_teardown": "skipped",
            "test_after": "passed",
        },
        crashes={"test_then_teardown": Crash("SIGSEGV", "teardown", "broken")},
        teardown_errors=("test_then_teardown",),
    ),
    # -- no crash, but a runner may make one of it
    _harmless("sys_exit", "failed"),
    _harmless("keyboard_interrupt", "failed"),
    _harmless("recursion_error", "failed"),
    _harmless("recursion_limit_left_low"),
    _harmless("close_std_fds"),
    _crashes("close_all_fds", ""),
    _harmless("print_50_mb"),
    _harmless("grandchild_holds_stdout", shows=("sleep 60",)),
    _harmless("fork_escapes"),
    _harmless("delete_cwd"),
    Program(
        files=("test_unserialisable.py",),
        states={
            "test_before": "passed",
            "test_property": "passed",
            "test_report_section": "passed",
            **{f"test_parameter[{value}]": "passed" for value in _PARAMETERS},
            "test_unpicklable": "failed",
            "test_unspeakable": "failed",
            "test_sulky_in_assertion": "failed",
            "test_after": "passed",
        },
        warnings=1,  # record_property and --junitxml, in plain pytest too
        shows=("made of two",),
    ),
    Program(
        files=("test_subtests.py",),
        states={
            "test_before": "passed",
            "test_two_of_three_fail": "failed",
            "test_all_pass": "passed",
            "test_after": "passed",
        },
        subtests_failed={"test_two_of_three_fail": 2},
        subtests_passed=2,
        min_pytest=(9, 0),
    ),
    _crashes(
        "subtests_then_segv", "SIGSEGV", subtests_failed={"test_guilty": 1}, min_pytest=(9, 0)
    ),
    _crashes("warnings", "SIGSEGV", warnings=2, shows=("before the crash", "after the crash")),
)
