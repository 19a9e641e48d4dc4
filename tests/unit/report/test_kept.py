"""Specification of `report.kept`: where the journal of the latest run is."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest

from pytest_bulkhead.report.kept import find_kept, kept_path


class Cache:
    """Makes folders as pytest's does, or cannot."""

    def __init__(self, folder, *, writable=True):
        self._folder, self._writable = folder, writable

    def mkdir(self, name):
        if not self._writable:
            raise PermissionError(name)
        path = self._folder / "d" / name
        path.mkdir(parents=True, exist_ok=True)
        return path


@pytest.mark.parametrize("place", [".", "sub/folder", ".pytest_cache"])
def test_what_a_run_keeps_is_found(place, tmp_path):
    """From the folder of the cache, from one below it, and by the cache's own name."""
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    path = kept_path(Cache(tmp_path / ".pytest_cache"))
    with open(path, "w"):
        pass

    assert path == str(find_kept(tmp_path / place))


def test_a_cache_elsewhere_is_found_by_its_name(tmp_path):
    """As the ini key `cache_dir` has it."""
    path = kept_path(Cache(tmp_path / "build"))
    with open(path, "w"):
        pass

    assert path == str(find_kept(tmp_path / "build"))
    assert find_kept(tmp_path) is None


def test_without_a_cache_nothing_is_kept(tmp_path):
    """No cache plugin, or a folder that cannot be written."""
    assert "" == kept_path(None)
    assert "" == kept_path(Cache(tmp_path, writable=False))
