"""Native stacks as debuggers print them, trimmed to the frames that matter.

gdb prints the latest call first, pystack last; each as it is known from its own output. The
interpreter's own calls between two functions of Python are left out, for the Python stack has
them, and so is what came after the signal: faulthandler, and the C library on its way to the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

#: Frames and threads that are shown.
MAX_FRAMES, MAX_THREADS = 10, 4
#: Characters of a debugger's own complaint that are shown.
_MAX_TOLD = 200

#: How the interpreter gets from one function to the next, and to the first.
_OF_PYTHON = re.compile(
    r"_?PyEval_|_?PyObject_|_?PyFunction_|_?PyVectorcall|_?PyCFunction|_?PyRun_|Py_RunMain|"
    r"Py_BytesMain|pymain_|pyrun_|run_mod|run_eval_code|do_call_core|call_function|"
    r"(method|type|object|function)_?(call|vectorcall|vacall)|cfunction_|vectorcall|slot_tp_call|partial_|gen_send|"
    r"builtin_exec|__libc_start|_start\b|main\b|start_thread|_*clone3?\b|pythread_wrapper|"
    r"thread_run"
)
#: Files of Python whose calls lead to every test.
_OF_PYTEST = re.compile(r".*/(_pytest|pluggy|pytest_bulkhead)/|.*/pytest/__main__|.*<frozen runpy>")
#: How a process sends itself the signal of which it dies.
_OF_RAISING = re.compile(r"__pthread_kill|(__GI_)?raise\b|gsignal|__restore_rt")

#: What gdb calls a function without a name.
_NO_NAME = "??"
_HANDLER = "<signal handler called>"
_GDB_FRAME = re.compile(r"#\d+ +(?:(0x[0-9a-f]+) in )?(.+)")
_GDB_SIGNAL = re.compile(r"(?:received|terminated with) signal (SIG\w+)")
#: How gdb tells that the program which it ran has ended.
_GDB_ENDED = re.compile(r"^\[Inferior \d+ .*exited|^The program no longer exists", re.M)
_PYSTACK_THREAD = "Traceback for thread "
_PYSTACK_C = re.compile(r"\(C\) File \"(.+)\", line (\d+), in (.+?) ?((?:\(inlined\) )?\(.+\))?$")


class Frame(NamedTuple):
    """A call: the function, and where that is."""

    function: str
    place: str = ""

    def __str__(self) -> str:
        return f"{self.function} {self.place}".rstrip()


def signal_of_gdb(text: str) -> str:
    """Return the signal at which gdb had the program stop, or of which its core died; or none."""
    found = _GDB_SIGNAL.search(text)
    return found[1] if found else ""


def failure_of_gdb(text: str) -> str:
    """Return why gdb did not run its program, as it may not or as it is broken; empty if it did."""
    if signal_of_gdb(text) or _GDB_ENDED.search(text):
        return ""
    lines = [line.strip() for line in text.splitlines()]
    told = [line for line in lines if line.isprintable() and line not in ("", "No stack.")]
    return "; ".join(told[-3:])[:_MAX_TOLD] or "it said nothing"


def trim_gdb(text: str) -> str:
    """Return the frames of one thread that matter, from gdb's `bt`; empty for no stack."""
    lines = filter(None, map(_GDB_FRAME.match, text.splitlines()))
    frames = [_gdb_frame(found[2], found[1]) for found in lines]
    return "\n".join(_shown(_before_death(frames)))


def of_hung(tool: str, text: str) -> str:
    """Return what matters of a debugger's report of a live process; empty for no stack."""
    if tool == "gdb":
        return trim_gdb_threads(text)
    if tool == "pystack":
        return trim_pystack(text, crashed=False)
    lines = text[max(text.find("Thread "), 0) :].splitlines() if "Thread " in text else []
    return "\n".join(lines[: MAX_FRAMES * MAX_THREADS])


def trim_gdb_threads(text: str) -> str:
    """Return the same for each thread, from `thread apply all bt`."""
    blocks = [block for block in re.split(r"^(?=Thread \d+ )", text, flags=re.M) if "#0" in block]
    titled = [f"{_title(block)}\n{trim_gdb(block)}" for block in blocks[-MAX_THREADS:]]
    return "\n".join([*titled, *_threads_more(len(blocks))])


def _title(block: str) -> str:
    return block.partition("\n")[0].strip()


def _gdb_frame(text: str, address: str | None) -> Frame:
    """Read `function (arguments) at file:line`, or `from library`; where that is none: address."""
    if text.startswith("<"):
        return Frame(text)
    called, parenthesis, after = text.rpartition(")")
    function = called.rpartition(" (")[0] if parenthesis else text
    nowhere = address or "" if function == _NO_NAME else ""
    return Frame(function, after.strip() or nowhere)


def trim_pystack(text: str, *, crashed: bool) -> str:
    """Return the frames that matter, of C and of Python, from pystack's report.

    Args:
        text: what it printed.
        crashed: of a core file, so the thread that died is wanted; or else all of them.
    """
    blocks = [_PYSTACK_THREAD + part for part in text.split(_PYSTACK_THREAD)[1:]]
    if crashed:
        blocks = [block for block in blocks if "__restore_rt" in block or "GIL]" in block][-1:]
    shown = (f"{_turned(block)}\n{_pystack_block(block)}" for block in blocks[:MAX_THREADS])
    return "\n".join([*shown, *_threads_more(len(blocks))])


def _turned(block: str) -> str:
    return _title(block).replace("most recent call last", "most recent call first")


def _pystack_block(block: str) -> str:
    """Turn a thread around: the latest call is the first that is read, as in all our stacks."""
    frames = [frame for line in block.splitlines() if (frame := _pystack_frame(line.strip()))]
    return "\n".join(_shown(_before_death(frames[::-1])))


def _pystack_frame(line: str) -> Frame | None:
    found = _PYSTACK_C.match(line)
    if found:
        name, number, function, library = found.groups()
        return Frame(function, f"at {name}:{number}" if number != "0" else str(library or ""))
    found = re.match(r"\(Python\) (File .+), in (.+)$", line)
    return Frame(f"Python: {found[2]}", found[1]) if found else None


def _before_death(frames: Sequence[Frame]) -> list[Frame]:
    """Return the frames from where the signal struck on."""
    names = [frame.function for frame in frames]
    for mark in (_HANDLER, "__restore_rt"):
        if mark in names:
            frames = frames[names.index(mark) + 1 :]
            names = [frame.function for frame in frames]
    raising = 0
    while raising < len(frames) - 1 and _OF_RAISING.match(frames[raising].function):
        raising += 1
    return list(frames[raising:])


def _shown(frames: Sequence[Frame]) -> Iterator[str]:
    # Where it died is told even if that is the interpreter: its own objects may be broken.
    kept = [frame for n, frame in enumerate(frames) if n == 0 or not _is_known(frame)]
    yield from (f"  {frame}" for frame in kept[:MAX_FRAMES])
    left_out = len(frames) - len(kept[:MAX_FRAMES])
    if left_out:
        yield f"  ({left_out} frames left out)"


def _is_known(frame: Frame) -> bool:
    return bool(_OF_PYTHON.match(frame.function) or _OF_PYTEST.match(frame.place))


def _threads_more(count: int) -> list[str]:
    return [f"({count - MAX_THREADS} threads more)"] if count > MAX_THREADS else []
