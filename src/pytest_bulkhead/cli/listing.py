"""A plugin that writes the node ids of a collection into a file: `-p pytest_bulkhead.cli.listing`.

A file, for what is printed may be anybody's. It knows nothing of isolation.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

#: The variable that names the file.
VARIABLE = "BULKHEAD_LISTING"


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write them, in order, and the folder to which they are relative."""
    found = {"root": str(session.config.rootpath), "ids": [item.nodeid for item in session.items]}
    Path(os.environ[VARIABLE]).write_text(json.dumps(found), encoding="utf-8")
