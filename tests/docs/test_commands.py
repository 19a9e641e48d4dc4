"""Every command in the documentation runs, and every screen is what it prints.

`python tests/docs/test_commands.py [PAGE ...]` writes the screens anew.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import REASONS, Block, Command, blocks_of, cleaned, fitted, is_shown, overlooked

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
#: Seconds within which a command is done, also on a busy machine.
LIMIT = 200

each = pytest.mark.parametrize(
    "page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES]
)  # fmt: skip


class Place:
    """The folders in which the commands of one page run, one after the other."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        #: Beginnings of paths that a screen leaves out.
        self.left_out = [Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("purelib"))]

    def folder(self, block: Block) -> Path:
        """Return a copy of the folder that a block names, or else the page's own."""
        name = block.said.get("in", "")
        folder = self.scratch / (name or "page")
        if not folder.exists() and name:
            ignored = shutil.ignore_patterns("__pycache__", ".pytest_cache")
            shutil.copytree(ROOT / name, folder, ignore=ignored)
        folder.mkdir(exist_ok=True)
        return folder

    def write(self, block: Block) -> None:
        """Write the file that a block is."""
        path = self.folder(block) / block.said["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)

    def run(self, block: Block, command: Command) -> list[str]:
        """Run a command of a block; return the lines that it printed.

        Raises:
            AssertionError: it ended with another status than the block says of its last one.
        """
        folder = self.folder(block)
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command.typed], cwd=folder, env=_environ(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=LIMIT, text=True, errors="replace", check=False,
        )  # fmt: skip
        # As a shell tells of a signal: bash, with one command, has become that.
        status = done.returncode if done.returncode >= 0 else 128 - done.returncode
        last = command == block.commands[-1]
        wanted = int(block.said.get("exit", "0")) if last else 0
        assert status == wanted, f"{where(block, command)} exited with {status}\n{done.stdout}"
        return cleaned(done.stdout, [folder, self.scratch, *self.left_out])


def _environ() -> dict[str, str]:
    """Return the environment of a reader's shell: ours, less what this run has put there."""
    ours = ("PYTEST", "COV_", "CI", "GITHUB_", "BULKHEAD")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    scripts = os.pathsep.join([sysconfig.get_path("scripts"), kept["PATH"]])
    # A native stack differs from one machine to the next, and there is none without gdb.
    return kept | {"PATH": scripts, "COLUMNS": "80", "BULKHEAD_NATIVE": "off"}


def where(block: Block, command: Command) -> str:
    return f"line {block.line}, `{command.typed}`"


def printed(page: Path, place: Place) -> Iterator[tuple[Block, Command, list[str]]]:
    """Write the files of a page and run its commands, in order; yield what each printed."""
    for block in blocks_of(page.read_text()):
        if "file" in block.said:
            place.write(block)
        if "not run" not in block.said:
            yield from ((block, command, place.run(block, command)) for command in block.commands)


@each
def test_commands_run_and_screens_are_real(page, tmp_path):
    """Each command ends with the status that is told, and prints what is shown below it."""
    for block, command, lines in printed(page, Place(tmp_path)):
        real = not command.shown or is_shown(command.shown, lines)
        assert real, "\n".join([f"{where(block, command)} prints now:", *lines])


@each
def test_no_command_is_overlooked(page):
    """What looks like a command is in a block of a language that is run."""
    assert overlooked(page.read_text()) == []


@each
def test_excerpts_are_of_real_screens(page):
    """What a page shows of another one's screen stands there."""
    for block in blocks_of(page.read_text()):
        if "of" in block.said:
            whole = (ROOT / block.said["of"]).read_text()
            assert any(block.text in it.text for it in blocks_of(whole) if it.commands), block.text


def test_reasons_are_given_and_in_use():
    """Each command that is not run says why, by one of few reasons, and each of those is in use."""
    given = {
        block.said["not run"]
        for page in PAGES
        for block in blocks_of(page.read_text())
        if "not run" in block.said
    }
    assert given == REASONS


def rewritten(page: Path) -> str:
    """Return the text of a page with those screens new that are not what is printed now."""
    text = page.read_text()
    with tempfile.TemporaryDirectory() as scratch:
        for _block, command, lines in printed(page, Place(Path(scratch).resolve())):
            if command.shown and not is_shown(command.shown, lines):
                now = fitted(command.shown, lines)
                text = text.replace(
                    "\n".join([command.typed, *command.shown]), "\n".join([command.typed, *now]), 1
                )
    return text


if __name__ == "__main__":
    for path in [Path(name).resolve() for name in sys.argv[1:]] or PAGES:
        path.write_text(rewritten(path))
