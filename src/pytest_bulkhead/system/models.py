"""Which models are in the local cache of Hugging Face, by its files: its library is heavy."""

from __future__ import annotations

import os

from pytest_bulkhead.core.known import Known

#: {variable that moves the cache: the folder in what it names}, the first that is set counts.
_MOVERS = {
    "HF_HUB_CACHE": "",
    "HUGGINGFACE_HUB_CACHE": "",
    "HF_HOME": "hub",
    "XDG_CACHE_HOME": "huggingface/hub",
}


def cached_model(name: str) -> Known[bool]:
    """Return whether a model was downloaded, and that in full as far as the cache can tell.

    Args:
        name: as `org/name`.
    """
    folder = _cache()
    repository = os.path.join(folder, f"models--{name.replace('/', '--')}")
    if any(file.endswith(".incomplete") for file in _listed(os.path.join(repository, "blobs"))):
        return Known(False, f"the download to {repository} is not complete")
    snapshots = os.path.join(repository, "snapshots")
    found = any(_listed(os.path.join(snapshots, one)) for one in _listed(snapshots))
    return Known(found, folder)


def _cache() -> str:
    for variable, below in _MOVERS.items():
        value = os.environ.get(variable)
        if value:
            return os.path.join(os.path.expanduser(value), below).rstrip("/")
    return os.path.expanduser("~/.cache/huggingface/hub")


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
