"""Specification of `report.chart_page`: what the page shows, and that nothing in it is taken for markup."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_bulkhead.core import events as ev
from pytest_bulkhead.report import chart_page
from pytest_bulkhead.report.chart_page import Parts, page_facts, page_text

from .charting import CRASH, HEADING, items, leaves, ran, told

PARTS = Parts(
    '<meta content="{policy}"><style>{style}</style>'
    '<script type="application/json">{facts}</script><script>{script}</script>',
    "a { color: red }",
    "go()",
)
CLOSING = "</script><script>alert(1)</script><!--"


def facts(happened=CRASH, **heading):
    """Return the facts as the page's script reads them."""
    made = page_facts(told(happened).chart, HEADING | heading)
    return json.loads(json.dumps(made))


def block(page):
    """Return what a browser takes for the facts: all until the script element is closed."""
    return page.partition('json">')[2].partition("</script>")[0]


def test_a_test_is_its_module_and_the_rest_of_its_node_id():
    """Together they are the node id; modules are written once."""
    shown = facts()

    assert ["a.py"] == shown["modules"]
    assert {"module": [0, 0, 0], "name": ["::s", "::t", "::u"], "state": "272"} == shown["tests"]
    assert "crashed" == shown["states"][7]


def test_an_item_without_a_module_of_its_own_keeps_its_whole_node_id():
    """As a script has it, whose node id does not begin with a module."""
    happened = [(0.0, ev.Begun()), (0.0, ev.Collected(1, items("s", module="")))]
    shown = facts(happened)

    assert [[""], ["::s"]] == [shown["modules"], shown["tests"]["name"]]


def test_stints_are_columns_of_microseconds():
    """Each begins so long after the one before it, and a phase that nobody told of is -1."""
    shown = facts()["stints"]

    assert [2_000_000, 3_000_000, 5_000_000] == list(itertools.accumulate(shown["after"]))
    assert [1_000_000, 1_000_000, 1_000_000] == shown["took"]
    assert [500_000, -1, 1_000_000] == shown["call"]
    assert (shown["state"], shown["flags"]) == ("272", "000")


def test_processes_have_their_life_and_peak():
    """Worker, slot, group, from, to, peak in KiB, how it ended, whether badly, whether forked."""
    assert facts()["processes"] == [
        [1, 0, "session", 1_000_000, 4_000_000, 2048, "ended with SIGSEGV", 1, 1],
        [2, 0, "session", 4_000_000, 6_500_000, 1024, "left", 0, 1],
    ]


def test_a_death_has_its_test_its_text_and_what_was_printed():
    """A death that no test owned has none."""
    more = {"nodeid": "process gw0", "text": "ended", "sections": [["Captured stdout", "x"]]}
    first, second = facts([*CRASH, (107.0, more)])["deaths"]

    assert (first["test"], first["at"]) == (1, 4_000_000)
    assert first["text"] == "crashed with SIGSEGV in call\n\nstacks"
    assert (second["test"], second["name"]) == (-1, "process gw0")
    assert second["sections"] == [["Captured stdout", "x"]]


def test_a_death_that_was_told_twice_is_shown_once():
    """As it is when its retry never came."""
    assert 1 == len(facts([*CRASH, (107.0, CRASH[11][1])])["deaths"])


def test_what_was_learnt_later_is_shown_with_its_test():
    """The native stack, and what running it once more has shown."""
    native = {"native": "#0 strlen", "nodeid": "a.py::t"}
    answer = {"answer": {"nodeid": "a.py::s", "text": "it passes alone"}}
    shown = facts([*CRASH, (107.0, answer), (107.0, native)])

    assert shown["learnt"] == [
        [1, "native stack", "#0 strlen"],
        [0, "run once more", "it passes alone"],
    ]


def test_what_was_left_behind_is_shown_with_advice():
    """Findings say what was done about them; leaks name pid, command and tests."""
    finding = {"guard": "environ", "texts": ["A was added"], "blamed": "a.py::s", "item": 0}
    leak = {"pid": 7, "command": "sleep", "tests": ["a.py::s"]}
    noted = [{"finding": {**finding, "done": "restored"}}, {"leak": leak}]
    shown = facts([*CRASH, *((107.0, one) for one in noted)])

    assert [[0, "environ", "a.py::s", ["A was added (put back)"]]] == shown["findings"]
    assert ["environ"] == [*shown["advice"]]
    assert [{"at": 7_000_000, **leak}] == shown["leaks"]


def test_the_heading_is_told():
    """Command, folder, when it began, how tests were isolated."""
    shown = facts(began=12.5)

    assert (shown["args"], shown["dir"], shown["began"]) == (HEADING["args"], "/suite", 12.5)
    assert shown["isolation"].startswith("isolate: session level, 1 worker, forked")
    assert shown["lasted"] == 7_000_000


def test_a_run_that_did_not_come_to_its_end_says_so():
    """Why it stopped, or that the journal ends."""
    whole = [*CRASH[:2], CRASH[2], *ran(1, 0, 102.0), *ran(1, 1, 102.0), *ran(1, 2, 103.0)]
    whole += [*leaves(1, 104.0), CRASH[-1]]

    assert "" == facts(whole)["stopped"]
    assert "the journal ends here" == facts(whole[:9])["stopped"]
    assert "interrupted" == facts([*whole[:9], (104.0, ev.Interrupted())])["stopped"]


def test_of_a_long_text_the_beginning_and_the_end_are_shown():
    """With how much is left out between them."""
    long = "A" * 30_000 + "B" * 30_000
    [death] = facts([*CRASH[:11], (104.0, {"nodeid": "a.py::t", "text": long})])["deaths"]

    assert (20_000, 20_000) == (death["text"].count("A"), death["text"].count("B"))
    assert "[... 20000 characters left out ...]" in death["text"]


@given(st.text() | st.sampled_from([CLOSING, "\u2028", "{script}", "{facts}", "\\g<0>", "\ud800"]))
def test_facts_come_out_of_the_page_as_they_went_in(text):
    """Whatever tests said: it ends no element, opens none, and no other part is put into it."""
    page = page_text(PARTS, {"said": text})

    assert {"said": text} == json.loads(block(page))
    assert page.count("<") == page_text(PARTS, {}).count("<")
    assert page.endswith("<script>go()</script>")


def test_the_policy_allows_this_style_and_this_script_and_nothing_else():
    """By their hashes, as browsers compute them; nothing is loaded from anywhere."""
    policy = page_text(PARTS, {}).partition('content="')[2].partition('"')[0]
    style, script = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in PARTS[1:]
    )

    assert policy == (
        f"default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'"
    )


def _luminance(colour):
    """Return the relative luminance of #rrggbb, as WCAG 2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "least"),
    [("ink", 7.0), ("dim", 4.5), ("accent", 4.5), ("crashed", 3.0), ("timed-out", 3.0), ("failed", 3.0)],
)  # fmt: skip
def test_what_is_written_can_be_read(ink, least, theme):
    """Text and marks stand out from what they stand on, as WCAG 2 asks, in light and dark."""
    style = (resources.files(chart_page.__package__) / "page" / "page.css").read_text("utf-8")
    pairs = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", style)
    colours = {name: pair[theme] for name, *pair in pairs}

    for ground in ("page", "surface") if least < 4.5 else ("page", "surface", "raised"):
        low, high = sorted((_luminance(colours[ink]), _luminance(colours[ground])))
        assert (high + 0.05) / (low + 0.05) >= least, (ink, ground)


def page_files():
    return list((resources.files(chart_page.__package__) / "page").iterdir())


@pytest.mark.parametrize("file", page_files(), ids=lambda file: file.name)
def test_the_page_has_no_way_to_make_markup_of_text(file):
    """Its script knows none of the ways in which text becomes markup or code, and no address."""
    found = re.findall(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|"
        r"createContextualFragment|https?:|//[a-z]+\.|\bstyle=|\bon\w+=",
        file.read_text("utf-8"),
    )

    assert [] == found


@pytest.mark.parametrize("place", ["{policy}", "{style}", "{facts}", "{script}"])
def test_the_document_has_each_place_once(place):
    """And no other part of the page has one, which the next part would be put into."""
    texts = {file.name: file.read_text("utf-8") for file in page_files()}

    assert 1 == texts.pop("page.html").count(place)
    assert [] == [name for name, text in texts.items() if place in text]
