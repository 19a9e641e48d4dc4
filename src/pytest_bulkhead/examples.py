"""`--isolate-examples`: the scripts of a folder are tests, with isolation or without.

Each runs as users run it, in an interpreter of its own, which nothing of ours is imported in; here
it is only waited for. So no script is imported when tests are collected either, by anybody.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from pytest_bulkhead.core.marks import Mark, read_marks
from pytest_bulkhead.core.requires.headers import read_headers
from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.settings import wanted_timeout
from pytest_bulkhead.system.scripts import Ran, run_script

#: Seconds that a script may take of which nobody says how many.
DEFAULT_LIMIT = 600.0


def collect_examples(config: pytest.Config) -> None:
    """Have the scripts of folders collected, which options or ini keys name.

    Raises:
        pytest.UsageError: there is no such folder.
    """
    given = [config.invocation_params.dir / name for name in config.getoption("isolate_examples")]
    for folder in given:
        _check(folder, "--isolate-examples")
    base = config.inipath.parent if config.inipath else config.rootpath
    always = [base / name for name in config.getini("isolate_examples")]
    for folder in always:
        _check(folder, "ini key isolate_examples")
    config.pluginmanager.register(ExamplesPlugin([*given, *always]), "bulkhead-examples")
    named = config.args_source is config.ArgsSource.ARGS
    wanted = given if named else [*given, *always]
    config.args += [str(folder) for folder in wanted if _adds(config, folder)]


def _check(folder: Path, where: str) -> None:
    if not folder.is_dir():
        raise pytest.UsageError(
            f"{where}: {folder} is no folder\nhint: name one with scripts, such as docs/examples"
        )


def _adds(config: pytest.Config, folder: Path) -> bool:
    """Whether a folder is to be named besides: not where the user names one of its scripts."""
    start = config.invocation_params.dir
    paths = (Path(start, str(arg).partition("::")[0]) for arg in config.args)
    return not any(_is_below(path, folder) for path in paths)


def _is_below(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


class ExamplesPlugin:
    """Takes the scripts of some folders for tests."""

    def __init__(self, folders: list[Path]) -> None:
        self._folders = folders

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
        """Collect a script: nobody else does, for pytest would import one that the user names."""
        found = yield
        if self._is_script(file_path, parent.config):
            return [ScriptFile.from_parent(parent, path=file_path)]
        return found

    def _is_script(self, path: Path, config: pytest.Config) -> bool:
        if path.suffix != ".py" or path.name == "conftest.py" or path.name.startswith("_"):
            return False
        if any(path.match(pattern) for pattern in config.getini("python_files")):
            return False
        return any(_is_below(path, folder) for folder in self._folders)


class ScriptFile(pytest.File):
    """A script, with what its first lines say of it."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the one test of it.

        Raises:
            pytest.Collector.CollectError: its first lines say what cannot be read.
        """
        source = self.path.read_text(encoding="utf-8", errors="replace")
        script: Script = Script.from_parent(self, name="script")
        try:
            for name, args, kwargs in read_headers(source, self.nodeid):
                script.add_marker(getattr(pytest.mark, name)(*args, **kwargs))
        except UsageProblem as problem:
            raise self.CollectError(str(problem)) from None
        yield script


class Script(pytest.Item):
    """A test that runs a script: it passes if that exits with status 0."""

    def runtest(self) -> None:
        """Run it, and print what it has printed."""
        limit = self._limit()
        ran = run_script(self.path, limit)
        sys.stdout.write(ran.out)
        sys.stderr.write(ran.err)
        why = _why_failed(ran, limit)
        if why:
            pytest.fail(f"{self.path.name} {why}", pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where it is, and its headline: the path alone, for there is one test in it."""
        return self.path, 0, self.nodeid.partition("::")[0]

    def _limit(self) -> float:
        """Return the seconds that it may take, by its mark, the run's limit, or ours."""
        found = self.iter_markers("timeout")
        marks = [Mark(mark.name, mark.args, mark.kwargs, "") for mark in found]
        own = read_marks(self.nodeid, marks).timeout
        limit = wanted_timeout(self.config) if own is None else own
        return DEFAULT_LIMIT if limit is None else limit or math.inf


def _why_failed(ran: Ran, limit: float) -> str:
    """Return what was wrong with the end of a script, empty for nothing."""
    end = ran.end
    if ran.late:
        return f"did not end within {limit:g} s"
    if end.signal is not None:
        return f"crashed with {end}"
    if end.code is None:
        return "came to an end that nobody saw"
    return f"exited with status {end.code}" if end.code else ""
