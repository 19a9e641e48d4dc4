"""The hooks that this plugin calls; a conftest or another plugin may have them."""

from __future__ import annotations

import threading

import pytest


@pytest.hookspec(firstresult=True)
def pytest_bulkhead_stop_thread(thread: threading.Thread) -> bool | None:
    """Ask a background thread that a test left behind to end, if it is yours.

    Called in a worker, for guards with `threads=restore`. Do not wait for its end: the caller does,
    for two seconds.

    Args:
        thread: a thread that outlived its test and is alive.

    Returns:
        True when it was asked to end, None when it is not yours.
    """
