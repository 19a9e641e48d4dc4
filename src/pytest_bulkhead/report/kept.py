"""Where the journal of the latest run is kept: in pytest's cache folder.

Knows how that folder is laid out, and nothing of what is in a journal.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

#: The folder of ours in pytest's cache, and the file in it.
_FOLDER, _FILE = "bulkhead", "journal.jsonl"

#: The cache folder, unless the ini key `cache_dir` says otherwise, and what plugins have in it.
_CACHE, _OF_PLUGINS = ".pytest_cache", "d"


def kept_path(cache: Any) -> str:  # noqa: ANN401 - pytest's Cache, or None
    """Return where a run is to keep its journal; empty when it has no cache to keep it in."""
    if cache is None:
        return ""
    try:
        return str(cache.mkdir(_FOLDER) / _FILE)
    except OSError:
        return ""


def find_kept(folder: Path) -> Path | None:
    """Return the journal that is kept for a folder; None when there is none.

    Args:
        folder: a folder of a project, or a cache folder itself.
    """
    within = Path(_OF_PLUGINS, _FOLDER, _FILE)
    for cache in (folder, *(parent / _CACHE for parent in (folder, *folder.parents))):
        if (cache / within).is_file():
            return cache / within
    return None
