"""Every example of `examples/` ends badly under plain pytest, and well with us.

The model is `examples/expected.py`. `nox -s examples` installs what the examples use; without that they
fail, for an example that is left out proves nothing.
"""

from __future__ import annotations

import pytest
from conftest import EXAMPLES as FOLDER
from conftest import Finished, shown
from endings import LIMIT, begun, end_of, place, problems_with, states_of
from examples.expected import EXAMPLES, End, Example

#: What profiles set: it must not be in force already.
VARIABLES = (
    "HF_HUB_OFFLINE", "MKL_NUM_THREADS", "RAYON_NUM_THREADS", "TOKENIZERS_PARALLELISM",
    "TRANSFORMERS_OFFLINE",
)  # fmt: skip

each = pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])


@pytest.fixture(autouse=True)
def _many_cores(monkeypatch):
    """Have what a developer's machine has: no profile, and more than one core."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")


@each
def test_plain_pytest_ends_badly(example, run):
    """Tests fail, the process dies, or the run comes to a standstill: just as the model says."""
    place(FOLDER / example.name, run.path)
    last = {end.in_hand or example.tests[-1] for end in example.plain if "no end" in end.ends}
    finished = end_of(run.start("-v", "-p", "no:bulkhead"), last)
    found = [list(problems_of(end, example, finished)) for end in example.plain]
    assert [] in found, f"{found}\n{shown(finished)}"


@each
def test_bulkhead_ends_well(example, run, no_process_left):
    """Each test has the state of the model, the culprit is named, and no process is left."""
    place(FOLDER / example.name, run.path)
    finished = run("-v", timeout=LIMIT)
    assert states_of(finished) == example.ours(), shown(finished)
    assert finished.code == int(any(state != "passed" for state in example.ours().values()))
    assert not [text for text in example.told if text not in finished.out], shown(finished)
    no_process_left(finished)


def problems_of(end: End, example: Example, finished: Finished):
    """Say in what a plain run differs from an end."""
    wanted = states_at(end, example)
    yield from problems_with(finished, wanted, end.ends, end.shows)
    if begun(finished.out) != set(wanted) | ({end.in_hand} - {""}):
        yield f"{begun(finished.out)} were begun, the last of them should be {end.in_hand}"


def states_at(end: End, example: Example) -> dict[str, str]:
    tests = example.tests
    ended = tests[: tests.index(end.in_hand)] if end.in_hand else tests
    return {test: "failed" if test in end.failed else "passed" for test in ended}


def test_model_is_whole():
    """A folder without expected ends is a gap of the model, and so is an end that is not bad.

    A run in which all tests pass is taken for none of them.
    """
    here = {path.parent.name for path in FOLDER.glob("*/pytest.ini")}
    assert here == {example.name for example in EXAMPLES}
    for example in EXAMPLES:
        words = "".join(f"{test} PASSED [ 50%]\n" for test in example.tests)
        well = Finished(0, words + "\n".join(example.told), 1.0, "", FOLDER)
        assert example.plain
        for end in example.plain:
            assert end.failed or end.in_hand or "exit status 1" not in end.ends
            assert list(problems_of(end, example, well))
