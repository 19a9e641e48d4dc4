"""What the READMEs of the examples have people type is what `tests/examples` types, and no more.

Those tests have the libraries, and a model that says how each command ends. Nothing is run here.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from pages import blocks_of, overlooked

STORIES = Path(__file__).parents[2] / "examples" / "stories"
READMES = sorted(STORIES.glob("*/README.md"))


@pytest.mark.parametrize("page", READMES, ids=[page.parent.name for page in READMES])
def test_commands_of_a_story_are_those_of_its_model(page):
    """Each command in a `console` or `sh` block is one that the model of the story has."""
    assert overlooked(page.read_text()) == []
    from examples.stories.expected import STORIES as MODELS

    (story,) = (model for model in MODELS if model.name == page.parent.name)
    typed = [shlex.split(it.typed) for it in (*story.plain, *story.commands)]
    shown = [
        command.typed
        for block in blocks_of(page.read_text())
        if "not run" not in block.said
        for command in block.commands
    ]
    assert [command for command in shown if shlex.split(command, comments=True) not in typed] == []
