"""One event loop for each module: its client, its stream and its calls live on it."""

import gc

import pytest
import pytest_asyncio
from docindex.client import Client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client():
    async with Client() as client:
        yield client


@pytest.fixture(scope="module", autouse=True)
def _collected():
    """Collect here what grpc.aio leaves, and not in the middle of a later test."""
    yield
    gc.collect()
