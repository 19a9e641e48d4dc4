"""A plugin that writes what a collection paid for imports, and what clashes after it.

Given as `-p pytest_bulkhead.cli.billing`. It needs --isolate-imports, which pays attention; and it
writes the number of tests.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from pytest_bulkhead.imports import NAME

#: The variable that names the file.
VARIABLE = "BULKHEAD_BILL"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write it; after the collection there is nothing more to pay for."""
    plugin: Any = session.config.pluginmanager.getplugin(NAME)
    heavy = [list(row.paid) for row in plugin.bill.heavy()]
    found = {
        "tests": session.testscollected, "heavy": heavy, "clashes": plugin.bill.clashes,
    }  # fmt: skip
    Path(os.environ[VARIABLE]).write_text(json.dumps(found), encoding="utf-8")
