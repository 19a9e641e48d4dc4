"""Every story of `examples/stories/` ends badly without us, and what its people type does as they expect.

The model is `examples/stories/expected.py`; `nox -s examples` installs what the stories use.
"""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest
from conftest import EXAMPLES, Finished, Running, shown
from endings import LIMIT, begun, end_of, place, problems_with, states_of
from examples.stories.expected import STORIES, Plain, Story

FOLDER = EXAMPLES / "stories"
#: What profiles, runners and developers set: none of it is in force already.
VARIABLES = (
    "BULKHEAD_MODELS", "CI", "CICD", "HF_HUB_OFFLINE", "MKL_NUM_THREADS", "OMP_NUM_THREADS",
    "RAYON_NUM_THREADS", "TOKENIZERS_PARALLELISM", "TRANSFORMERS_OFFLINE",
)  # fmt: skip

each_story = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
each_command = pytest.mark.parametrize(
    ("story", "command"),
    [
        pytest.param(story, command, id=f"{story.name}: {command.typed}")
        for story in STORIES
        for command in story.commands
    ],
)


@pytest.fixture(autouse=True)
def _bare(monkeypatch, tmp_path):
    """Have none of that set, and a cache of Hugging Face's with no model in it."""
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@each_story
def test_without_us_it_ends_badly(story, run):
    """Tests fail, the process dies, or the run comes to a standstill: just as the model says."""
    place(FOLDER / story.name, run.path)
    for typed in dict.fromkeys(plain.typed for plain in story.plain):
        ends = [plain for plain in story.plain if plain.typed == typed]
        last = {end.in_hand for end in ends if "no end" in end.ends}
        finished = end_of(start(run, typed), last)
        found = [list(problems_of(end, story, finished)) for end in ends]
        assert [] in found, f"{found}\n{shown(finished)}"


@each_command
def test_a_command_does_what_is_expected(story, command, run, no_process_left):
    """It runs the tests that it should, each has the state of the model, and no process is left."""
    place(FOLDER / story.name, run.path)
    finished = start(run, command.typed).finish(LIMIT)
    assert states_of(finished) == story.ours(command), shown(finished)
    bad = set(story.ours(command).values()) - {"passed", "skipped", "xfailed"}
    assert finished.code == int(bool(bad)), shown(finished)
    assert not [text for text in command.shows if text not in finished.out], shown(finished)
    no_process_left(finished)


def start(run, typed: str) -> Running:
    """Type a command in the project; `-v` is added where it cannot be seen, to read the states."""
    words = shlex.split(spelled(typed, run.path))
    environ = {"PYTEST_ADDOPTS": "-v"}
    while "=" in words[0]:
        name, _, environ[name] = words.pop(0).partition("=")
    program = Path(sys.executable).with_name(words[0])
    return run.start(*words[1:], program=(str(program),), **environ)


def spelled(typed: str, folder: Path) -> str:
    """Return what a command stands for: `just NAME` is a recipe of the project's justfile."""
    just, _, words = typed.partition(" ")
    if just != "just":
        return typed
    name, _, args = words.partition(" ")
    recipe = rf"^{name} \*args:\n +(.+)$"
    (found,) = re.findall(recipe, (folder / "justfile").read_text(), re.M)
    return found.replace("{{args}}", args)


def problems_of(end: Plain, story: Story, finished: Finished):
    """Say in what a run without us differs from an end."""
    ended = story.tests[: story.tests.index(end.in_hand)] if end.in_hand else story.tests
    wanted = {test: end.states.get(test, "passed") for test in filter(end.runs, ended)}
    yield from problems_with(finished, wanted, end.ends, end.shows)
    if end.in_hand and end.in_hand not in begun(finished.out):
        yield f"{end.in_hand} was not begun"


def test_model_is_whole():
    """A project without a story is a gap of the model; one that ends well without us is no story."""
    assert {path.parent.name for path in FOLDER.glob("*/README.md")} == {s.name for s in STORIES}
    for story in STORIES:
        assert story.plain
        assert story.commands
        for end in story.plain:
            assert end.in_hand or set(end.states.values()) - {"passed", "skipped"}
            words = "".join(f"{test} PASSED [ 50%]\n" for test in filter(end.runs, story.tests))
            assert list(problems_of(end, story, Finished(0, words, 1.0, "", FOLDER)))


@each_story
def test_readme_has_the_commands(story):
    """Each command of the model stands in the story's README, and each one there is tried."""
    text = (FOLDER / story.name / "README.md").read_text()
    block = text.partition("```sh\n")[2].partition("```")[0]
    written = [line.partition("  #")[0].strip() for line in block.splitlines() if line.strip()]
    plain = dict.fromkeys(end.typed for end in story.plain)
    assert written == [*plain, *(command.typed for command in story.commands)]
