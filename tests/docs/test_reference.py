"""The pages in docs/reference are as the code, and nothing that may be written is without a word.

`python tests/docs/test_reference.py` writes them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from reference import MAKERS, Registered, arguments, fixtures, hooks, made, marks

from pytest_bulkhead.cli.main import VERBS
from pytest_bulkhead.protocol.messages import TYPES

DOCS = Path(__file__).parents[2] / "docs"
FOLDER = DOCS / "reference"
#: What looks like ours on a page, and is an option of pytest-isolate or a property in JUnit's file.
OTHERS = {
    "--isolate-cpu-limit", "--isolate-mem-limit", "isolate_mem_limit",
    "isolate_end", "isolate_phase", "isolate_signal",
}  # fmt: skip


@pytest.mark.parametrize("name", MAKERS)
def test_each_page_is_as_the_code(name):
    """What may be written is on the page of its kind, in the words of the code."""
    assert made(name) == (FOLDER / f"{name}.md").read_text()


def test_what_pages_speak_of_exists():
    """Every option and ini key has its place on a page that is not made, and no page names others."""
    pages = {DOCS.parent / "README.md", *DOCS.rglob("*.md")} - set(FOLDER.iterdir())
    text = "\n".join(page.read_text() for page in pages)
    named = set(re.findall(r"(?<![\w-])--isolate(?:-[a-z]+)*|\bisolate(?:_[a-z]+)+", text))
    found = Registered()
    ours = {name for name in (*found.options, *found.keys) if "isolate" in name} - {"isolate"}
    assert named ^ ours == OTHERS


def test_nothing_is_without_a_word():
    """Options, ini keys, marks, fixtures, hooks, verbs, arguments and messages say what they are."""
    found = Registered()
    said = {name: settings.get("help", "") for name, settings in found.options.items()}
    said |= {name: text for name, (text, _form) in found.keys.items()}
    said |= dict([*marks(), *fixtures()])
    said |= {name: hook.__doc__ or "" for name, hook in hooks().items()}
    said |= {verb.name: verb.summary for verb in VERBS}
    said |= {f"{verb.name} {name}": text for verb in VERBS for name, text in arguments(verb)}
    # A named tuple that says nothing has a docstring that lists its fields.
    said |= {it.__name__: (it.__doc__ or "").partition(f"{it.__name__}(")[0] for it in TYPES}
    assert {"--isolate", "isolate", "stub_module", "pytest_bulkhead_stop_thread"} <= set(said)
    assert [name for name, text in said.items() if len(text.split()) < 2] == []


if __name__ == "__main__":
    for name in MAKERS:
        (FOLDER / f"{name}.md").write_text(made(name))
