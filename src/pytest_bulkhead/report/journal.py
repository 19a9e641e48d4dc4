"""The journal: every event of a run, one JSON object a line, from which the run can be replayed.

JOURNAL_VERSION history:
    1  the first.

It is written to the file that --isolate-report names, and kept of the latest run (`report.kept`).

The first line is the heading: version, level, workers and the like. A line with "event" is an event
of the core, with its instant; a line with "evidence" is the text that was shown for a death; the
last line, "closed", has the counts. A reader skips keys that it does not know.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterable, Mapping
from typing import IO, Any, NamedTuple

from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.item import Blame, Item, Phase, Scopes
from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.core.resources.capacity import Capacity, read_capacity
from pytest_bulkhead.core.resources.needs import read_needs
from pytest_bulkhead.errors import UsageProblem

JOURNAL_VERSION = 1

_TYPES: dict[str, Any] = {cls.__name__: cls for cls in ev.TYPES}


class Journal:
    """Writes a journal, for runs that end badly.

    Each line is written when it is known, so that a run that dies has it. That is a system call for
    each event, so only those pay it who asked for a file; what is kept of every run is written
    whenever the controller is about to wait.
    """

    def __init__(self, path: str, heading: Mapping[str, object], kept: str = "") -> None:
        """Open the files.

        Args:
            path: the file that was asked for, empty for none.
            heading: what the run is.
            kept: the file that has the latest run, empty for none; this one takes its place.

        Raises:
            UsageProblem: what was asked for cannot be written.
        """
        #: Which file is not whole, and why; empty when all could be written.
        self.lost = ""
        self._files: dict[str, IO[str]] = {}
        first = json.dumps({"journal": JOURNAL_VERSION, **heading}) + "\n"
        if path:
            self._files[path] = _open_asked(path)
            self._write_line(first)
        if kept:
            with contextlib.suppress(OSError):  # pytest itself warns of a cache it cannot write
                self._files[kept] = _open_kept(kept, first)

    def event(self, event: ev.Event, now: float) -> None:
        """Write an event."""
        row = {"event": type(event).__name__, "now": now, **event._asdict()}
        for name in _NESTED[type(event)]:
            row[name] = _to_json(row[name])
        self._write_line(json.dumps(row) + "\n")

    def evidence(self, **facts: object) -> None:
        """Write what was shown for a death."""
        self._write_line(json.dumps({"evidence": facts}) + "\n")

    def flush(self) -> None:
        """Write what is still in memory."""
        for path, file in list(self._files.items()):
            try:
                file.flush()
            except OSError as problem:
                self._lose(path, problem)

    def close(self, counts: Mapping[str, int]) -> None:
        """Write the counts and close the files."""
        self._write_line(json.dumps({"closed": dict(counts)}) + "\n")
        self.flush()
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _write_line(self, line: str) -> None:
        for path, file in list(self._files.items()):
            try:
                file.write(line)
            except (OSError, ValueError) as problem:
                self._lose(path, problem)

    def _lose(self, path: str, problem: Exception) -> None:
        # A full disk must not end the run; the journal ends here, and `explain` says so.
        self.lost = f"{path} is not whole: {problem}"
        with contextlib.suppress(OSError):  # what the disk did not take is tried again here
            self._files.pop(path).close()


def _open_asked(path: str) -> IO[str]:
    try:
        return open(path, "w", encoding="utf-8", buffering=1)
    except OSError as problem:
        raise UsageProblem(f"--isolate-report={path}: {problem.strerror}") from problem


def _open_kept(path: str, first: str) -> IO[str]:
    """Return a file that has taken the place of another one: whoever reads finds one or the other.

    At the beginning, not at the end: so a run that is killed is the latest one too.
    """
    fresh = f"{path}.{os.getpid()}"
    file = open(fresh, "w", encoding="utf-8")  # noqa: SIM115 - the run closes it
    file.write(first)
    file.flush()
    os.replace(fresh, path)
    return file


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
    except (ValueError, RecursionError):
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

#: {type of event: its fields that are no plain values}
_NESTED = {cls: [name for name in cls._fields if name in _REBUILD] for cls in ev.TYPES}
