"""What may be written on the command line and in the ini file.

Every pytest run imports this module: it only registers, and reads nothing.
"""

from __future__ import annotations

import pytest


def add_options(parser: pytest.Parser, *, forked_is_ours: bool) -> None:
    """Register options and ini keys.

    Args:
        parser: pytest's.
        forked_is_ours: `--forked` is not pytest-forked's.
    """
    group = parser.getgroup("isolate", "process isolation (pytest-bulkhead)")
    _add_options(group, forked_is_ours=forked_is_ours)
    _add_options_of_files(group)
    _add_options_of_any_run(group)
    _add_ini_keys(parser)
    _add_ini_keys_of_any_run(parser)
    _add_ini_keys_of_attempts(parser)
    _add_ini_keys_of_guards(parser)


def _add_options(group: pytest.OptionGroup, *, forked_is_ours: bool) -> None:
    group.addoption(
        "--isolate",
        metavar="LEVEL",
        help="Run tests in processes of their own: one for each session, package, module, class or "
        "function. A crash or hang then costs one test. `no` turns the ini key off",
    )
    group.addoption(
        "--isolate-start",
        metavar="HOW",
        help="How a process starts: auto (default) forks where that is proven safe and spawns "
        "elsewhere, fork refuses to spawn, spawn never forks",
    )
    group.addoption(
        "--isolate-timeout",
        metavar="SECONDS",
        help="End a test that runs longer, with the stacks of all its threads",
    )
    group.addoption(
        "--isolate-native",
        metavar="WAY",
        help="The native stack of each crash: from a core file (core, pystack), by running the "
        "test again alone in gdb (gdb), whichever takes seconds only (auto, the default), or off",
    )
    group.addoption(
        "--isolate-seed",
        metavar="NUMBER",
        help="The seed of the random streams of Python, numpy and torch: processes that nobody "
        "has seeded get one each, derived from this. Default: another one for each run, shown",
    )
    group.addoption(
        "--isolate-bisect",
        metavar="SECONDS",
        help="At the end of the run, search for the earlier tests that make a test crash, or fail "
        "with isolate_verify = failures, for so long in all",
    )
    group.addoption(
        "--isolate-why",
        action="store_true",
        help="List every group of tests: its level, how its processes were started and why so, "
        "and the seconds that it took",
    )
    if forked_is_ours:
        group.addoption(
            "--forked",
            action="store_true",
            help="The same as --isolate=function (pytest-forked's option; that is not installed)",
        )


def _add_options_of_files(group: pytest.OptionGroup) -> None:
    """Register what keeps or shows a run when it is over."""
    group.addoption(
        "--isolate-report",
        metavar="FILE",
        help="Write every event of the run to FILE as JSON lines; `bulkhead explain FILE` tells "
        "the story",
    )
    group.addoption(
        "--isolate-artifacts",
        metavar="DIR",
        help="Keep all that is known of each crash in DIR/<run>/<test>/: report, whole stacks, "
        "output, and evidence as JSON",
    )
    group.addoption(
        "--isolate-html",
        metavar="FILE",
        help="Write one page of the run to FILE, for a browser: a timeline of its workers, what "
        "crashed and why, what was left behind, and all tests",
    )
    group.addoption(
        "--isolate-trace",
        metavar="FILE",
        help="Write the run to FILE in Chrome's trace format, for https://ui.perfetto.dev",
    )


def _add_options_of_any_run(group: pytest.OptionGroup) -> None:
    """Register what works without isolation too."""
    group.addoption(
        "--isolate-profile",
        metavar="NAMES",
        help="Environment profiles, put in force before the first conftest is imported, with "
        "--isolate or without: single-thread, cpu, gpu, offline, macos, ci. Later ones win. `no` "
        "turns the ini key off",
    )
    group.addoption(
        "--isolate-imports",
        action="store_true",
        help="Show where each heavy module was first imported, by which line and in which test, "
        "and what it took of time and memory; with --isolate or without",
    )
    group.addoption(
        "--provides",
        metavar="WHAT",
        action="append",
        default=[],
        help="What this machine is sure to have, as gpu,ram>=64GB: tests marked `requires` that "
        "miss it fail, and are not skipped; with --isolate or without",
    )
    group.addoption(
        "--isolate-examples",
        metavar="FOLDER",
        action="append",
        default=[],
        help="Collect the scripts of FOLDER too: each is a test that runs it in an interpreter of "
        "its own and passes if that exits with status 0; with --isolate or without",
    )


def _add_ini_keys(parser: pytest.Parser) -> None:
    parser.addini("isolate", "isolation level, as --isolate", default="")
    parser.addini("isolate_start", "how a process starts, as --isolate-start", default="")
    parser.addini("isolate_timeout", "seconds a test may take, as --isolate-timeout", default="")
    parser.addini("isolate_native", "native stacks of crashes, as --isolate-native", default="")
    parser.addini("isolate_reseed", "random streams: auto (default) or off", default="")
    parser.addini(
        "isolate_stage",
        "fixtures wider than the isolation level: auto (default) sets them up once for many tests, "
        "never sets them up in each process",
        default="",
    )
    parser.addini(
        "isolate_unstaged",
        "names of wide fixtures that each process sets up by itself, one a line",
        type="linelist",
        default=[],
    )
    parser.addini(
        "isolate_spares",
        "interpreters that are started ahead of need where processes cannot be forked (default 1)",
        default="",
    )
    parser.addini(
        "isolate_enforce",
        "what a test may not use more of than it requires: ram",
        type="args",
        default=[],
    )
    parser.addini(
        "isolate_gpu_release",
        "when memory of a GPU stays in use after its tests: wait, warn (default) or fail, and "
        "after how many seconds (default 60), as `fail 30`",
        default="",
    )
    parser.addini(
        "isolate_exit",
        "how a worker leaves: fast (default), or clean, which finalises its interpreter as plain "
        "pytest does and counts a crash in that; processes are spawned then",
        default="",
    )
    parser.addini("isolate_grace", "seconds from SIGTERM to SIGKILL (default 2)", default="")


def _add_ini_keys_of_attempts(parser: pytest.Parser) -> None:
    parser.addini(
        "isolate_verify",
        "run tests once more at the end of the run to see whether others are to blame: crashes "
        "(default), failures for those too, or off",
        default="",
    )
    parser.addini(
        "isolate_retries", "how often a test is run again that crashed (default 0)", default=""
    )
    parser.addini(
        "isolate_retry_budget",
        "retries of a run after which there are no more (default 10)",
        default="",
    )
    parser.addini(
        "isolate_flaky",
        "what a test counts as that crashed and passed when it was run again: pass (default), or "
        "fail for an exit status of 1",
        default="",
    )
    parser.addini("isolate_bisect", "seconds, as --isolate-bisect", default="")


def _add_ini_keys_of_guards(parser: pytest.Parser) -> None:
    parser.addini(
        "isolate_guards",
        "what tests must not leave behind: off, report (default), restore or fail for all guards, "
        "or guard=policy for one",
        type="args",
        default=[],
    )
    parser.addini(
        "isolate_gc",
        "auto (default), or defer-teardown: no garbage collection during teardowns, and one after "
        "each module",
        default="",
    )
    parser.addini(
        "isolate_reset",
        "attributes that are set after each test, as module.attribute = value, one a line",
        type="linelist",
        default=[],
    )


def _add_ini_keys_of_any_run(parser: pytest.Parser) -> None:
    """Register what works without isolation too."""
    parser.addini(
        "isolate_profile", "environment profiles, as --isolate-profile", type="args", default=[]
    )
    parser.addini(
        "isolate_env",
        "environment variables on top of profiles, one a line: NAME=value, or -NAME to unset it",
        type="linelist",
        default=[],
    )
    parser.addini(
        "isolate_mp_start",
        "start method of multiprocessing in tests: spawn, forkserver or fork",
        default="",
    )
    parser.addini(
        "isolate_provides", "what this machine has, as --provides", type="args", default=[]
    )
    parser.addini(
        "isolate_examples",
        "folders of scripts, as --isolate-examples, one a line, from the ini file's own",
        type="linelist",
        default=[],
    )
    parser.addini(
        "isolate_marks",
        "what marks ask for of the machine, one a line: NAME = gpu=1 module=vllm>=0.9, NAME = for "
        "nothing, or NAME as it is built in",
        type="linelist",
        default=[],
    )
    parser.addini(
        "isolate_models",
        "which model is loaded in the place of which, one a line: wanted -> stand-in",
        type="linelist",
        default=[],
    )
    parser.addini(
        "isolate_trust_remote_code",
        "whether models may be loaded with code of their own: allow (default) or forbid",
        default="",
    )
