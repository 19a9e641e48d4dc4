"""The chart of a run in Chrome's trace format, which Perfetto and chrome://tracing open.

Instants are microseconds from the run's first event. A track (`tid`) is a slot: `gw0`, `gw1`. The
format is described in
https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.report.chart import (
    Chart,
    Span,
    Stint,
    how_it_ended,
    phases_of,
    spans_of,
)
from pytest_bulkhead.report.lives import Life

#: Of the states that a viewer is to point out, the colours among the few names that the format has.
_COLOURS = {
    State.FAILED: "terrible",
    State.CRASHED: "terrible",
    State.TIMED_OUT: "terrible",
    State.SKIPPED: "grey",
}


def trace_events(chart: Chart) -> Iterator[Mapping[str, Any]]:
    """Yield the events of the trace, ready to be written as JSON."""
    spans, first = spans_of(chart), chart.first or 0.0
    yield from _names(chart)
    for life in chart.lives.of.values():
        yield from _life(chart, life, first)
    for span in spans:
        yield from _test(chart, span)
    for remark in chart.remarks:
        yield _instant(remark.text, remark.now - first, remark.slot)
    for noted in chart.noted:
        if "leak" in noted.facts:
            leak = noted.facts["leak"]
            yield _instant(f"left running: {leak['command']}", noted.now - first, None, leak)
    yield from _busy(spans)


def _names(chart: Chart) -> Iterator[Mapping[str, Any]]:
    yield {"ph": "M", "pid": 1, "name": "process_name", "args": {"name": "tests"}}
    for slot in sorted({life.worker.slot for life in chart.lives.of.values()}):
        yield {
            "ph": "M", "pid": 1, "tid": slot, "name": "thread_name", "args": {"name": f"gw{slot}"},
        }  # fmt: skip


def _life(chart: Chart, life: Life, first: float) -> Iterator[Mapping[str, Any]]:
    """Yield a process: processes of a slot may overlap by an end that is heard late."""
    ended = chart.last if life.ended is None else life.ended
    how = how_it_ended(life)
    peak = life.end.peak_kib if life.end else 0
    facts = {"group": life.group, "forked": life.worker.forked, "end": how, "peak_kib": peak}
    common = {"cat": "process", "pid": 1, "tid": life.worker.slot, "id": life.worker.id}
    common["name"] = f"gw{life.worker.slot}: {life.group}"
    yield {**common, "ph": "b", "ts": _micro(life.started - first), "args": facts}
    yield {**common, "ph": "e", "ts": _micro(ended - first)}
    yield _instant("process starts", life.started - first, life.worker.slot, facts)
    if life.ended is not None:
        yield _instant(f"process {how}", ended - first, life.worker.slot, facts)


def _test(chart: Chart, span: Span) -> Iterator[Mapping[str, Any]]:
    stint = span.stint
    nodeid, state = chart.run.items[stint.item].nodeid, stint.state
    name = f"fixtures of {nodeid}" if stint.of_stage else nodeid
    name = f"trial of {name}" if stint.trial else name
    row = _complete(name, "test", span.slot, span.begun, span.ended)
    row["args"] = {"state": _state(stint), **stint.phases}
    if state in _COLOURS and not stint.of_stage:
        row["cname"] = _COLOURS[state]
    yield row
    for phase, begun, ended in phases_of(span):
        yield _complete(phase, "phase", span.slot, begun, ended)
    if state in (State.CRASHED, State.TIMED_OUT) and not stint.clearing:
        yield _instant(state.word, span.ended, span.slot, {"test": nodeid})


def _state(stint: Stint) -> str:
    if stint.of_stage:
        return "set up" if stint.staging else "torn down"
    return stint.state.word


def _busy(spans: Iterable[Span]) -> Iterator[Mapping[str, Any]]:
    """Yield how many workers have a test in hand, each time that this changes."""
    steps: dict[int, int] = {}
    for span in spans:
        begun, ended = _micro(span.begun), _micro(span.ended)
        steps[begun] = steps.get(begun, 0) + 1
        steps[ended] = steps.get(ended, 0) - 1
    busy = 0
    for instant, step in sorted(steps.items()):
        busy += step
        if step:
            yield {
                "ph": "C", "pid": 1, "name": "busy workers", "ts": instant, "args": {"busy": busy},
            }  # fmt: skip


def _complete(name: str, kind: str, slot: int, begun: float, ended: float) -> dict[str, Any]:
    at = _micro(begun)
    return {
        "ph": "X", "cat": kind, "name": name, "pid": 1, "tid": slot, "ts": at,
        "dur": _micro(ended) - at,
    }  # fmt: skip


def _instant(
    name: str, at: float, slot: int | None, facts: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    row = {"ph": "i", "name": name, "pid": 1, "ts": _micro(at), "args": dict(facts or {})}
    return {**row, "s": "g"} if slot is None else {**row, "s": "t", "tid": slot}


def _micro(seconds: float) -> int:
    return round(seconds * 1e6)
