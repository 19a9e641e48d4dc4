"""Specification of `core.crash.native_stack`, by what debuggers have really said (`debuggers/`).

gdb 13.1, pystack 1.6 and CPython 3.11 on `programs/`, and on a script that waits for two locks.
"""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_bulkhead.core.crash.native_stack import (
    MAX_FRAMES,
    MAX_THREADS,
    failure_of_gdb,
    of_hung,
    signal_of_gdb,
    trim_gdb,
    trim_gdb_threads,
    trim_pystack,
)


def said(name):
    return Path(__file__).with_name("debuggers").joinpath(f"{name}.txt").read_text()


#: What gdb 13.1 says in a container without the right to trace.
PTRACE_FORBIDDEN = """\
warning: Could not trace the inferior process.
warning: ptrace: Operation not permitted
During startup program exited with code 127.
No stack.
"""


def functions(stack):
    return [line.split()[0] for line in stack.splitlines() if line.startswith("  ")]


def test_a_place_in_no_library_has_its_address():
    """Whoever was called there has no other name; one in a library without symbols has that."""
    assert "  ?? 0x00007ffff79f8017" == trim_gdb(said("gdb_callback")).splitlines()[0]
    assert "  ?? from /lib/libx.so" == trim_gdb("#0  0x00aa in ?? () from /lib/libx.so\n")


@pytest.mark.parametrize(
    ("name", "signal", "first"),
    [
        ("gdb_segv", "SIGSEGV", ["__strlen_avx2", "string_at"]),
        ("gdb_thread", "SIGSEGV", ["__strlen_avx2", "string_at"]),
        ("gdb_core", "SIGSEGV", ["__strlen_avx2", "string_at"]),
        ("gdb_cxx_terminate", "SIGABRT", ["__GI_abort", "??", "??", "std::terminate()"]),
        ("gdb_double_free", "SIGABRT", ["__GI_abort", "__libc_message", "malloc_printerr"]),
        ("gdb_overflow", "SIGSEGV", ["parse_expression", "parse_branch"]),
        ("gdb_callback", "SIGSEGV", ["??", "msort_with_tmp"]),
    ],
)
def test_the_frames_that_matter(name, signal, first):
    """The signal; from where it struck on; ten at most, none of the interpreter's own calls."""
    text = said(name)
    found = functions(trim_gdb(text))

    assert signal == signal_of_gdb(text)
    assert first == found[: len(first)]
    assert len(found) <= MAX_FRAMES + 1
    assert not any("PyEval" in name or "pymain" in name for name in found)
    assert "frames left out)" in trim_gdb(text)


def test_a_frame_says_where_it_is():
    """The file and line, or the library, without the arguments."""
    lines = trim_gdb(said("gdb_segv")).splitlines()

    assert "  __strlen_avx2 at ../sysdeps/x86_64/multiarch/strlen-avx2.S:76" == lines[0]
    assert "  ffi_call from /lib/x86_64-linux-gnu/libffi.so.8" == lines[5]


def test_no_crash_no_stack():
    """A program that went well had no signal and has no frames."""
    assert "" == signal_of_gdb(said("gdb_healthy"))
    assert "" == trim_gdb(said("gdb_healthy"))


@pytest.mark.parametrize(
    ("why", "text"),
    [
        ("", said("gdb_healthy")),
        ("", said("gdb_segv")),
        ("", "[Inferior 1 (process 13552) exited with code 03]\nNo stack.\n"),
        ("", "Program terminated with signal SIGKILL, Killed.\nThe program no longer exists.\n"),
        ("; ".join(PTRACE_FORBIDDEN.splitlines()[:3]), PTRACE_FORBIDDEN),
        ("it said nothing", ""),
        ("it said nothing", "\x00\x17\n"),
    ],
)
def test_a_gdb_that_ran_nothing_is_told_from_a_healthy_program(why, text):
    """Where ptrace is forbidden, or gdb is broken, nothing is known of the program."""
    assert why == failure_of_gdb(text)


def test_where_it_died_is_told_even_of_the_interpreter():
    """A broken object kills the interpreter's own loop: that frame is no noise."""
    text = "#0  0x1 in _PyEval_EvalFrameDefault () at ceval.c:1\n#1  0x2 in _PyEval_Vector ()\n"

    assert "  _PyEval_EvalFrameDefault at ceval.c:1\n  (1 frames left out)" == trim_gdb(text)


def test_each_thread_of_a_hung_process():
    """With its title; so many at most."""
    stack = trim_gdb_threads(said("gdb_hung"))
    many = "".join(f"Thread {n} (LWP {n}):\n#0  0x1 in wait ()\n" for n in range(MAX_THREADS + 2))

    assert ["Thread 2", "Thread 1"] == re.findall(r"^Thread \d", stack, re.M)
    assert 2 == stack.count("lock_PyThread_acquire_lock")
    assert "clone3" not in stack
    assert "(2 threads more)" in trim_gdb_threads(many)


def test_pystack_on_a_core():
    """The thread that died alone, the latest call first, of C and of Python."""
    stack = trim_pystack(said("pystack_core"), crashed=True)

    assert 1 == stack.count("Traceback for thread ")
    assert "most recent call first" in stack
    assert ["__strlen_avx2", "string_at"] == functions(stack)[:2]
    assert 'Python: string_at File "' in stack
    assert "raise" not in functions(stack)


def test_pystack_on_a_hung_process():
    """All threads, and the way from C to the test's own lines."""
    stack = trim_pystack(said("pystack_hung"), crashed=False)

    assert '  Python: inner File "/tmp/ev/hang.py", line 4' in stack.splitlines()
    assert "__futex_abstimed_wait_common" == functions(stack)[0]


@pytest.mark.parametrize("text", ["", "No stack.", "warning: core file may not match"])
def test_what_is_no_stack(text):
    """Nothing comes of it."""
    assert ["", "", ""] == [
        trim_gdb(text), trim_gdb_threads(text), trim_pystack(text, crashed=True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tool", "name", "line"),
    [
        ("gdb", "gdb_hung", "  lock_PyThread_acquire_lock at ./Modules/_threadmodule.c:179"),
        ("pystack", "pystack_hung", '  Python: inner File "/tmp/ev/hang.py", line 4'),
        ("py-spy", "py_spy_hung", "    inner (hang.py:4)"),
    ],
)
def test_each_debugger_on_a_hung_process(tool, name, line):
    """What it says is read in its own way; an error is no stack."""
    assert line in of_hung(tool, said(name)).splitlines()
    assert "" == of_hung(tool, "Error: Permission denied (os error 13)")
