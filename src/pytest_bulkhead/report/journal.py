"""The journal: every event of a run, one JSON object a line, from which the run can be replayed.

JOURNAL_VERSION history:
    1  the first.

The first line is the heading: version, level, workers and the like. A line with "event" is an event
of the core, with its instant; a line with "evidence" is the text that was shown for a death; the
last line, "closed", has the counts. A reader skips keys that it does not know.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import IO, Any, NamedTuple

from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.capacity import Capacity, read_capacity
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.item import Blame, Item, Phase, Scopes
from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.core.needs import read_needs
from pytest_bulkhead.errors import UsageProblem

JOURNAL_VERSION = 1

_TYPES: dict[str, Any] = {cls.__name__: cls for cls in ev.TYPES}


class Journal:
    """Writes a journal, flushed line by line: it is for runs that end badly."""

    def __init__(self, path: str, heading: Mapping[str, object]) -> None:
        """Open the file.

        Raises:
            UsageProblem: it cannot be written.
        """
        try:
            self._file: IO[str] = open(path, "w", encoding="utf-8", buffering=1)  # noqa: SIM115
        except OSError as problem:
            raise UsageProblem(f"--isolate-report={path}: {problem.strerror}") from problem
        #: Why something could not be written; empty when all could.
        self.lost = ""
        self._write({"journal": JOURNAL_VERSION, **heading})

    def event(self, event: ev.Event, now: float) -> None:
        """Write an event."""
        fields = {name: _to_json(value) for name, value in event._asdict().items()}
        self._write({"event": type(event).__name__, "now": now, **fields})

    def evidence(self, **facts: object) -> None:
        """Write what was shown for a death."""
        self._write({"evidence": facts})

    def close(self, counts: Mapping[str, int]) -> None:
        """Write the counts and close the file."""
        self._write({"closed": dict(counts)})
        with contextlib.suppress(OSError):  # what a full disk did not take is tried again here
            self._file.close()

    def _write(self, line: Mapping[str, object]) -> None:
        try:
            self._file.write(json.dumps(line) + "\n")
        except (OSError, ValueError) as problem:
            # A full disk must not end the run; the journal ends here, and `explain` says so.
            self.lost = str(problem)


class Line(NamedTuple):
    """A line of a journal that was read: exactly one of its fields is set."""

    event: ev.Event | None = None
    now: float = 0.0
    evidence: Mapping[str, Any] | None = None
    closed: Mapping[str, int] | None = None


def read_journal(lines: Iterable[str], name: str) -> tuple[Mapping[str, Any], list[Line]]:
    """Return the heading and the lines of a journal.

    Args:
        lines: of the file.
        name: of the file, for messages.

    Raises:
        UsageProblem: it is no journal, or of a version that this one cannot read.
    """
    rows = [_parse(text, f"{name}:{number}") for number, text in enumerate(lines, 1)]
    if not rows or rows[0].get("journal") != JOURNAL_VERSION:
        raise UsageProblem(
            f"{name}: no journal of version {JOURNAL_VERSION}\n"
            "hint: write one with `pytest --isolate=session --isolate-report=run.jsonl`"
        )
    return rows[0], [line for row in rows[1:] if (line := _read_line(row, name)) is not None]


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(text)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise UsageProblem(f"{where}: no line of a journal: {text[:60]!r}")
    return row


def _read_line(row: dict[str, Any], name: str) -> Line | None:
    if "event" in row:
        return Line(event=_read_event(row, name), now=row["now"])
    if "evidence" in row:
        return Line(evidence=row["evidence"])
    return Line(closed=row["closed"]) if "closed" in row else None


def _read_event(row: dict[str, Any], name: str) -> ev.Event:
    cls = _TYPES.get(row["event"])
    if cls is None:
        raise UsageProblem(f"{name}: no event {row['event']!r}; a newer version wrote this journal")
    fields = {name: row[name] for name in cls._fields}
    return cls(**{key: _REBUILD.get(key, _as_is)(value) for key, value in fields.items()})  # type: ignore[no-any-return]


def _to_json(value: object) -> object:
    if isinstance(value, (End, Blame)):
        return value._asdict()
    if isinstance(value, Capacity):
        return list(value)
    if isinstance(value, tuple):
        return [dataclasses.asdict(one) if isinstance(one, Item) else one for one in value]
    return value


def _as_is(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    return value


def _blame(row: dict[str, Any]) -> Blame:
    return Blame(**{**row, "phase": Phase(row["phase"])})


def _items(rows: list[dict[str, Any]]) -> tuple[Item, ...]:
    return tuple(
        Item(
            **{
                **row,
                "scopes": Scopes(*row["scopes"]),
                "level": Level(row["level"]),
                "needs": read_needs(row["needs"]),
            }
        )
        for row in rows
    )


_REBUILD: dict[str, Any] = {
    "end": lambda row: End(**row),
    "doing": _blame,
    "items": _items,
    "capacity": lambda row: read_capacity(row or ()),
    "holders": tuple,
}
