"""How blocks, commands and screens are read: pure, on pages made here."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import Command, blocks_of, cleaned, fitted, is_shown, masked, overlooked, said_in

PAGE = """# Title

<!-- in: programs; exit: 1 -->
```console
$ pytest \\
  -q
1 passed in 0.10s

$ bulkhead doctor
```

<!-- just a remark -->
```sh
pytest -x  # until the first
# only a comment
bulkhead demo
```

```yaml
jobs:
  a:
    steps:
      - uses: actions/checkout@v4
      - run: |
          pip install .
          pytest -n 2
```

```dockerfile
FROM python:3.12
RUN pip install .
CMD ["pytest", "--isolate=module"]
```

```ini
$ no command
```
"""


def test_commands_are_read_by_the_language_of_their_block():
    """In a console they follow a `$`, in a script each line is one, in YAML and images ours are."""
    console, script, workflow, image, ini = blocks_of(PAGE)
    assert console.commands == [
        Command("pytest   -q", ("1 passed in 0.10s",)),
        Command("bulkhead doctor", ()),
    ]
    assert [it.typed for it in script.commands] == ["pytest -x", "bulkhead demo"]
    assert [it.typed for it in workflow.commands] == ["pytest -n 2"]
    assert [it.typed for it in image.commands] == ["pytest --isolate=module"]
    assert ini.commands == []


def test_what_is_no_dockerfile_is_refused():
    """A line that begins with no instruction is named."""
    (image,) = blocks_of("```dockerfile\nFORM python:3.12\n```\n")
    with pytest.raises(ValueError, match="is no line of a Dockerfile"):
        _ = image.commands


def test_a_block_has_what_the_comment_right_before_it_says():
    """Known keys are read, any other comment says nothing, and the line is that of the fence."""
    console, script, *_others = blocks_of(PAGE)
    assert (console.said, console.line) == ({"in": "programs", "exit": "1"}, 4)
    assert script.said == {}
    assert said_in("not run: needs a GPU") == {"not run": "needs a GPU"}
    assert said_in("made by: nobody") == {}


def test_what_looks_like_a_command_and_is_none_is_found():
    """A `$`, or a command of ours, in a block that no reader of commands reads."""
    assert overlooked(PAGE) == ["$ no command"]


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("1 passed in 0.10s", "1 passed in 12.3s"),
        ("===== 1 passed =====", "=== 1 passed ==="),
        ("Current thread 0x00007f1888a4ab80", "Current thread 0x1"),
        ("  (35 frames of pytest left out)", "  (3 frames of pytest left out)"),
        ('  File ".../a.py", line 519 in f', '  File ".../a.py", line 7 in f'),
    ],
)
def test_what_differs_from_run_to_run_is_no_difference(shown, printed):
    """Times, addresses, lines of files and the width of rules are taken for the same."""
    assert masked(shown) == masked(printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [("1 passed", "2 passed"), ("crashed with SIGSEGV", "crashed with SIGABRT")],
)
def test_what_a_run_says_is_a_difference(shown, printed):
    """Counts and words stay."""
    assert masked(shown) != masked(printed)


def test_an_elision_stands_for_any_lines():
    """A screen with `[...]` is compared around it, and written anew with as much around it."""
    lines = ["a", "b", "c", "d"]
    assert is_shown(("a", "[...]", "d"), lines)
    assert is_shown(("a", "b", "[...]", "c", "d"), lines)
    assert not is_shown(("a", "[...]", "c"), lines)
    assert not is_shown(("a", "b"), lines)
    assert fitted(("x", "[...]", "y"), lines) == ["a", "[...]", "d"]
    assert fitted(("x", "[...]"), lines) == ["a", "[...]"]
    assert fitted(("x",), lines) == lines


def test_a_screen_has_no_head_and_no_beginnings_of_paths():
    """Lines that tell of the machine are left out, and folders are."""
    output = "=== test session starts ===\nplatform linux\ncollected 1 item\n\n/tmp/x/a.py F \n\n"
    assert cleaned(output, [Path("/tmp/x")]) == ["collected 1 item", "", ".../a.py F"]
