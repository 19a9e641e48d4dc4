"""How the native stack of a crash is had: from a core file, by running the test again, or not.

What the choice costs decides: reading a core file takes a second, running the test again what
pytest and the test take, twice over under a debugger. So `auto`, which nobody asked for, does the
second only where that is quick, for a few crashes, and never for more than some seconds in all.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from typing import NamedTuple

from pytest_bulkhead.core.crash.evidence import Evidence
from pytest_bulkhead.core.ends import SIGNAL_NAMES, End
from pytest_bulkhead.core.known import Fact, Known

#: The section of a report that it is in.
TITLE = "isolate: native stack"

#: Signals by which native code dies by itself: ILL, TRAP, ABRT, BUS, FPE, SEGV, SYS.
_OF_NATIVE_CODE = (4, 5, 6, 7, 8, 11, 31)

#: Seconds that gdb takes to load an interpreter's symbols, and how much slower pytest starts in it.
_GDB_START, _GDB_FACTOR = 1.5, 2.0


class Budget(NamedTuple):
    """What may be spent on the native stacks of a run."""

    #: Crashes, and seconds for all of them.
    crashes: int
    seconds: float
    #: Seconds that running one test again may be thought to take beforehand.
    rerun: float

    def less(self, seconds: float) -> Budget:
        """Return what is left after one more crash, which took so long."""
        return self._replace(crashes=self.crashes - 1, seconds=self.seconds - seconds)


BUDGET_AUTO = Budget(3, 6.0, 5.0)
BUDGET_ASKED = Budget(10, 300.0, 120.0)


class Plan(NamedTuple):
    """What is done for the native stack of one crash."""

    #: The program: `gdb`, `pystack`, or none.
    tool: str = ""
    #: The core file that it reads; empty where the test is run again in it.
    core: str = ""
    #: Why nothing is done.
    why: str = ""


def budget_of(way: str) -> Budget:
    """Return what may be spent."""
    return BUDGET_AUTO if way == "auto" else BUDGET_ASKED


def is_native(end: End, killed_for: str) -> bool:
    """Whether a process died by what native code did, so that it has a stack to tell."""
    return end.signal in _OF_NATIVE_CODE and not killed_for


def plan(way: str, core: Fact[str], tools: Collection[str], seconds: float, budget: Budget) -> Plan:
    """Choose how a native stack is had.

    Args:
        way: what `isolate_native` is.
        core: the core file of that death.
        tools: the debuggers that are installed.
        seconds: what running the test takes without a debugger, start included.
        budget: what is left of it.
    """
    if budget.crashes <= 0 or budget.seconds <= 0:
        return Plan(why=f"isolate_native = {way} has looked at others")
    readers = [tool for tool in _readers(way) if tool in tools]
    if way != "gdb" and isinstance(core, Known) and readers:
        return Plan(readers[0], core.value)
    if way in ("core", "pystack"):
        return Plan(why=_why_not_read(way, core))
    if "gdb" not in tools:
        return Plan(why="gdb is not in PATH")
    thought = _GDB_START + _GDB_FACTOR * seconds
    if thought > min(budget.rerun, budget.seconds):
        return Plan(why=f"running the test again in gdb would take some {thought:.0f} s")
    return Plan("gdb")


def _readers(way: str) -> Sequence[str]:
    return ("pystack",) if way == "pystack" else ("gdb", "pystack")


def _why_not_read(way: str, core: Fact[str]) -> str:
    if isinstance(core, Known):
        return f"{' and '.join(_readers(way))} not in PATH, to read {core.value}"
    return core.reason


#: Hung processes that a debugger is asked of in a run: nobody else is heard meanwhile.
HANGS = 3


def tool_for_hung(way: str, tools: Collection[str]) -> str:
    """Return the debugger that looks at a hung process, empty where there is none.

    The quick ones come first: gdb reads the symbols of every library beforehand.
    """
    return next((tool for tool in _for_hung(way) if tool in tools), "")


def wanted_for_hung(way: str) -> str:
    """Return the debuggers one of which would do, in words."""
    return " or ".join(_for_hung(way))


def _for_hung(way: str) -> Sequence[str]:
    return (way,) if way in ("gdb", "pystack") else ("pystack", "py-spy", "gdb")


def on_hung(tool: str, program: str, pid: int) -> list[str]:
    """Return the command that shows the stacks of a live process."""
    if tool == "gdb":
        return [program, *_GDB, "-ex", f"thread apply all {_BT}", "-p", str(pid)]
    if tool == "pystack":
        return [program, "remote", "--native", str(pid)]
    return [program, "dump", "--native", "--pid", str(pid)]


def in_turn(kinds: Sequence[Hashable]) -> list[int]:
    """Return in which order crashes are looked at: of each kind one, and then the others."""
    firsts = {kind: number for number, kind in reversed(list(enumerate(kinds)))}
    return sorted(range(len(kinds)), key=lambda number: (firsts[kinds[number]] != number, number))


def kind_of(evidence: Evidence) -> Hashable:
    """Return what two crashes that look the same share: the signal, and the latest Python calls."""
    current = evidence.stacks.partition("Current thread")[2]
    calls = [line for line in current.splitlines() if line.startswith("  File ")]
    return evidence.end.signal, tuple(calls[:2])


# -- command lines -----------------------------------------------------------------------------

_GDB = ("--batch", "--nx", "-iex", "set auto-load off", "-ex", "set print frame-arguments none")
#: More frames than that are another loop of a recursion.
_BT = "bt 80"


def gdb_on_core(gdb: str, python: str, core: str) -> list[str]:
    """Return the command that shows the stack of a core file."""
    return [gdb, *_GDB, "-ex", _BT, python, core]


def gdb_rerun(gdb: str, program: Sequence[str], signum: int) -> list[str]:
    """Return the command that runs a program until it gets a signal.

    All other signals are the program's own business: gdb would stop at most of them.
    """
    name = SIGNAL_NAMES[signum]
    stops = ("-ex", "handle all nostop noprint pass", "-ex", f"handle {name} stop print")
    return [gdb, *_GDB, *stops, "-ex", "run", "-ex", _BT, "--args", *program]


def pystack_on_core(pystack: str, python: str, core: str) -> list[str]:
    """Return the command that shows the stacks of a core file."""
    return [pystack, "core", "--native", core, python]


def pytest_alone(python: str, target: str, options: Sequence[str]) -> list[str]:
    """Return the command that runs one test by itself, in one process and with nothing written.

    What the ini file adds to each command line is left out: it may write a report where the run has
    its own.
    """
    off = ("-o", "addopts=", "--isolate=no", "-p", "no:cacheprovider", "-p", "no:faulthandler")
    return [python, "-m", "pytest", *off, *options, target]
