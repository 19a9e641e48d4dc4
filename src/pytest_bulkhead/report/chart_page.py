"""The chart of a run as one page for a browser: what it shows, and the page from its parts.

The page has its style, its script and all facts in itself: it opens from a file, and its policy
forbids it to load anything or to run any other script. What tests said is text wherever it stands:
in the page it is JSON in which no markup can begin, and the script puts it into text nodes only.

This module knows no file. Instants are microseconds from the run's first event, numbers stand in
columns: a page of 20,000 tests has to be small.
"""

from __future__ import annotations

import base64
import hashlib
import json
import string
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pytest_bulkhead import __version__
from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.core.item import Item
from pytest_bulkhead.guards.registry import NAMES, advice_of
from pytest_bulkhead.report.chart import (
    PHASES,
    Chart,
    Span,
    Stint,
    how_it_ended,
    spans_of,
)
from pytest_bulkhead.report.left_behind import SAID, read_finding
from pytest_bulkhead.report.lives import Life
from pytest_bulkhead.report.terminal import Surroundings, isolation_line

#: Characters of a text that are shown: its beginning and its end. The journal has all.
_MAX_TEXT = 40_000

#: A number below 36 as one character.
_DIGITS = string.digits + string.ascii_lowercase


class Parts(NamedTuple):
    """What a page is made of: a document with places for the others."""

    document: str
    style: str
    script: str


def page_text(parts: Parts, facts: Mapping[str, Any]) -> str:
    """Return the page.

    Args:
        parts: of the page.
        facts: what `page_facts` returned, put in last: nothing is looked for in it.
    """
    policy = f"style-src {_digest(parts.style)}; script-src {_digest(parts.script)}"
    page = parts.document.replace("{policy}", f"default-src 'none'; {policy}")
    page = page.replace("{style}", parts.style).replace("{script}", parts.script)
    before, after = page.split("{facts}")
    return f"{before}{_unmarked_json(facts)}{after}"


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _unmarked_json(facts: Mapping[str, Any]) -> str:
    """Return JSON without a character that means anything in HTML, so without `</script>`."""
    text = json.dumps(facts, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def page_facts(chart: Chart, heading: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page shows, as JSON values.

    Args:
        chart: of a run that is over, or was cut off.
        heading: of its journal.
    """
    run, first = chart.run, chart.first or 0.0
    number_of = {item.nodeid: item.index for item in run.items}
    return {
        "version": __version__,
        "args": list(heading.get("args", ())),
        "dir": heading.get("dir", ""),
        "began": heading.get("began", 0),
        "isolation": _isolation(chart, heading),
        "lasted": _micro(chart.last - first),
        "stopped": run.stopping or ("" if run.closed else "the journal ends here"),
        "states": [state.word for state in State],
        **_tests(chart),
        "stints": _stints(spans_of(chart)),
        "processes": [_process(chart, life, first) for life in chart.lives.of.values()],
        "remarks": [[_micro(remark.now - first), remark.text] for remark in chart.remarks],
        "deaths": list(_deaths(chart, first, number_of)),
        "learnt": list(_learnt(chart, number_of)),
        "findings": list(_findings(chart)),
        "advice": _advice(chart),
        "leaks": [_leak(noted.now - first, noted.facts["leak"]) for noted in _of(chart, "leak")],
    }


def _isolation(chart: Chart, heading: Mapping[str, Any]) -> str:
    policy, run = chart.run.policy, chart.run
    around = Surroundings(heading.get("profile", ()), heading.get("why_exec", ""))
    return isolation_line(policy.level, policy.workers, run.why_spawn, run.roster.seed, around)


def _tests(chart: Chart) -> dict[str, Any]:
    """Return the tests in columns; a node id is its module's, and what follows that."""
    modules: dict[str, int] = {}
    places, names = [], []
    for item in chart.run.items:
        module, name = _split(item)
        places.append(modules.setdefault(module, len(modules)))
        names.append(name)
    states = "".join(_DIGITS[chart.run.ledger.state(item.index)] for item in chart.run.items)
    return {
        "modules": list(modules),
        "tests": {"module": places, "name": names, "state": states},
    }


def _split(item: Item) -> tuple[str, str]:
    module = item.scopes.module
    if module and item.nodeid.startswith(module):
        return module, item.nodeid[len(module) :]
    return "", item.nodeid


def _stints(spans: Sequence[Span]) -> dict[str, Any]:
    """Return spans in columns: `after` is from one's beginning to the next one's."""
    begins = [_micro(span.begun) for span in spans]
    stints, phases = [span.stint for span in spans], [span.phases for span in spans]
    return {
        "process": [stint.worker for stint in stints],
        "test": [stint.item for stint in stints],
        "after": [at - before for at, before in zip(begins, [0, *begins], strict=False)],
        "took": [
            _micro(span.ended) - begun for span, begun in zip(spans, begins, strict=True)
        ],
        "state": "".join(_DIGITS[stint.state] for stint in stints),
        "flags": "".join(map(_flags, stints)),
        **{name: [_phase(phase.get(name)) for phase in phases] for name in PHASES},
    }  # fmt: skip


def _flags(stint: Stint) -> str:
    flags = (stint.fresh, stint.staging, stint.clearing, stint.trial)
    return _DIGITS[sum(flag << place for place, flag in enumerate(flags))]


def _phase(seconds: float | None) -> int:
    return -1 if seconds is None else _micro(seconds)


def _process(chart: Chart, life: Life, first: float) -> list[object]:
    ended = chart.last if life.ended is None else life.ended
    end = life.end
    return [
        life.worker.id, life.worker.slot, life.group, _micro(life.started - first),
        _micro(ended - first), end.peak_kib if end else 0, how_it_ended(life),
        int(end is not None and not (life.left and end.clean)), int(life.worker.forked),
    ]  # fmt: skip


def _of(chart: Chart, kind: str) -> Iterator[Any]:
    return (noted for noted in chart.noted if kind in noted.facts)


def _deaths(chart: Chart, first: float, number_of: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    told = set()
    for noted in _of(chart, "text"):
        name, text = str(noted.facts.get("nodeid", "")), str(noted.facts["text"])
        if (name, text) in told:
            continue  # it was withheld for a retry that never came, and told again
        told.add((name, text))
        yield {
            "at": _micro(noted.now - first),
            "test": number_of.get(name, -1),
            "name": name,
            "text": _cut(text),
            "sections": [[str(t), _cut(str(c))] for t, c in noted.facts.get("sections", ())],
        }


def _learnt(chart: Chart, number_of: Mapping[str, int]) -> Iterator[list[object]]:
    """Yield [test, title, text] of what was learnt of tests after they had ended."""
    for noted in _of(chart, "native"):
        facts = noted.facts
        yield [number_of.get(facts["nodeid"], -1), "native stack", _cut(facts["native"])]
    for noted in _of(chart, "answer"):
        facts = noted.facts["answer"]
        yield [number_of.get(facts["nodeid"], -1), "run once more", _cut(facts["text"])]


def _findings(chart: Chart) -> Iterator[list[object]]:
    for noted in _of(chart, "finding"):
        facts = noted.facts["finding"]
        finding = read_finding(facts)
        texts = [text + SAID[finding.done] for text in finding.texts]
        yield [facts.get("item", -1), finding.guard, finding.blamed, texts]


def _advice(chart: Chart) -> dict[str, str]:
    found = {noted.facts["finding"]["guard"] for noted in _of(chart, "finding")}
    return {guard: advice_of(guard) for guard in sorted(found.intersection(NAMES))}


def _leak(at: float, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "at": _micro(at),
        "pid": facts["pid"],
        "command": facts["command"],
        "tests": list(facts["tests"])[:20],
    }


def _cut(text: str) -> str:
    if len(text) <= _MAX_TEXT:
        return text
    half = _MAX_TEXT // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[-half:]}"


def _micro(seconds: float) -> int:
    return round(seconds * 1e6)
