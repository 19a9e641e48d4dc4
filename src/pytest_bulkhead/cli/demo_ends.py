"""How the demo's suite must end, how it ended, and both as text.

Pure: what pytest printed goes in. It knows no process and no file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from pytest_bulkhead.core.ends import SIGNAL_NAMES
from pytest_bulkhead.report.crash import trim_stacks

#: The levels of the contained runs; plain pytest comes before them.
LEVELS = ("session", "function")

_FINE = ("passed", "passed")
_TORN_DOWN = "passed, then error"

#: The demo's model. {test: how it must end at each of LEVELS}, in the order in which they run.
EXPECTED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "test_a_segfault.py::test_before": _FINE,
        "test_a_segfault.py::test_null_pointer": ("CRASHED", "CRASHED"),
        "test_a_segfault.py::test_after": _FINE,
        "test_b_hang.py::test_holds_the_gil": ("TIMED OUT", "TIMED OUT"),
        "test_b_hang.py::test_not_held_up": _FINE,
        "test_c_teardown.py::test_passes_then_teardown_dies": (_TORN_DOWN, _TORN_DOWN),
        "test_d_leak.py::test_leaves_a_child": _FINE,
        "test_e_order.py::test_spoils_the_pointer": _FINE,
        "test_e_order.py::test_reads_the_pointer": ("CRASHED", "passed"),
        "test_f_healthy.py::test_one": _FINE,
        "test_f_healthy.py::test_two[2]": _FINE,
        "test_f_healthy.py::test_two[3]": _FINE,
    }
)

#: The test that leaves a process behind, and the command line of that.
LEAKER, LEFT_BEHIND = "test_d_leak.py::test_leaves_a_child", "sleep 300"

DIED, NEVER = "the run died", "never ran"

_WORDS = {"PASSED": "passed", "FAILED": "failed", "ERROR": "error"}
_VERBOSE = re.compile(r"^(?P<id>test_\w+\.py::\S+) ?(?P<word>[A-Z]+(?: OUT)?\b)?", re.M)

#: Lines of each output that are shown.
_TAIL = 9


class Ended(NamedTuple):
    """A run of the suite that is over."""

    #: The isolation level, empty for plain pytest.
    level: str
    #: As of `subprocess`: negative for a signal, None when it took too long and was killed.
    code: int | None
    out: str
    seconds: float

    @property
    def command(self) -> str:
        """What a user would type for it."""
        return f"pytest --isolate={self.level}" if self.level else "pytest"

    @property
    def how(self) -> str:
        """How it ended."""
        if self.code is None:
            return f"had to be killed after {self.seconds:.1f} s"
        if self.code < 0:
            name = SIGNAL_NAMES.get(-self.code, f"signal {-self.code}")
            return f"killed by {name} after {self.seconds:.1f} s"
        return f"exit status {self.code} after {self.seconds:.1f} s"


def read_words(out: str) -> dict[str, str]:
    """Return {test: how it ended}, from what `pytest -v` printed."""
    found: dict[str, str] = {}
    for match in _VERBOSE.finditer(out):
        nodeid, word = match["id"], match["word"] or ""
        said = _WORDS.get(word, word)
        before = found.setdefault(nodeid, said)
        if before != said and said:
            found[nodeid] = f"{before}, then {said}" if before else said
    # A line without a word was begun and never ended: that is where the run died.
    return {nodeid: said or DIED for nodeid, said in found.items()}


def problems_of(ended: Ended) -> list[str]:
    """Return where a contained run ended otherwise than the model says."""
    if not ended.level:
        return []
    return [f"{ended.command}: {problem}" for problem in _differences(ended)]


def _differences(ended: Ended) -> Iterator[str]:
    if ended.code != 1:
        yield f"{ended.how}, the model says exit status 1"
    words, column = read_words(ended.out), LEVELS.index(ended.level)
    for nodeid, ends in EXPECTED.items():
        if words.get(nodeid, NEVER) != ends[column]:
            yield f"{nodeid}: {words.get(nodeid, NEVER)}, the model says {ends[column]}"
    if not any(LEAKER in line and LEFT_BEHIND in line for line in ended.out.splitlines()):
        yield f"the process that {LEAKER} left was not reported"


def table(runs: Sequence[Ended]) -> list[str]:
    """Return test x run, one line for each test under a line for each file."""
    columns = [read_words(run.out) for run in runs]
    titles = ("", [run.level or "plain pytest" for run in runs])
    rows = [(nodeid, [words.get(nodeid, NEVER) for words in columns]) for nodeid in EXPECTED]
    return list(_aligned([titles, *rows]))


def _aligned(rows: Sequence[tuple[str, Sequence[str]]]) -> Iterator[str]:
    first = max(len(_test_of(nodeid)) for nodeid, _cells in rows)
    widths = [max(map(len, column)) for column in zip(*(cells for _, cells in rows), strict=True)]
    file = ""
    for nodeid, cells in rows:
        if nodeid.partition("::")[0] != file:
            file = nodeid.partition("::")[0]
            yield file
        shown = "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
        yield f"  {_test_of(nodeid):<{first}}  {shown}".rstrip()


def _test_of(nodeid: str) -> str:
    return nodeid.partition("::")[2]


def last_lines(ended: Ended) -> list[str]:
    """Return the end of what a run printed, without the frames of pytest's machinery."""
    lines = trim_stacks(ended.out).splitlines()
    starts = [number for number, line in enumerate(lines) if "crashes in short" in line]
    return lines[starts[-1] :] if starts else lines[-_TAIL:]
