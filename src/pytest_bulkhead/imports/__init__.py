"""What is imported while tests are collected and run: what that costs, and what clashes.

Where nobody asks for it (`--isolate-imports`), only this file is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

#: The name of the plugin that watches.
NAME = "bulkhead-imports"


def tell_imports(config: pytest.Config, say: Callable[[Any], object]) -> None:
    """Have what this process imports told by `say`, a message at a time, if anybody watches it."""
    plugin = config.pluginmanager.getplugin(NAME)
    if plugin is not None:
        plugin.tell_by(say)
