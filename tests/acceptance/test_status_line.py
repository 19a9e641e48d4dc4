"""On a terminal, tests that take long stand in a line below the progress, which pytest's own output never meets."""

from __future__ import annotations

import contextlib
import re

from terminals import Terminal

SLOW = """
import pathlib, time

def test_slow():
    while not pathlib.Path("go-on").exists():
        time.sleep(0.02)
"""

QUICK = """
import pathlib, pytest, time

@pytest.mark.parametrize("n", range(3))
def test_quick(n):
    while n and not pathlib.Path(f"quick-{n}").exists():
        time.sleep(0.02)
"""


def test_who_takes_long_is_shown(run, files):
    """With its age, again after other tests have ended, and gone when it has."""
    files({"test_a.py": SLOW, "test_b.py": QUICK})
    with contextlib.closing(
        Terminal(run.path, "--isolate=module", "-n2", term="xterm")
    ) as terminal:
        line = r"running: gw\d test_a\.py::test_slow \(\d+ s\)"
        terminal.expect(line)
        terminal.text = ""
        (run.path / "quick-1").touch()
        terminal.expect(line)
        (run.path / "quick-2").touch()
        (run.path / "go-on").touch()
        assert terminal.end() == 0

    plain = on_screen(terminal.text)
    assert re.search(r"^=+ 4 passed in .*=+$", plain, re.M), plain
    assert "running" not in plain


def on_screen(text):
    """Return what a terminal shows in the end: a line is erased by the sequence that does so."""
    return re.sub(r"\n[^\n]*\r\x1b\[2K\x1b\[1A\r(\x1b\[\d+C)?", "", text.replace("\r\n", "\n"))
