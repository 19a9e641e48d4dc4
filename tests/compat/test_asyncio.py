"""pytest-asyncio and anyio: loops live where the tests do."""

from __future__ import annotations

import pytest


def test_pytest_asyncio(pytester, heard, how):
    """Async tests and fixtures, with loops of every scope, end as in plain pytest."""
    pytest.importorskip("pytest_asyncio")
    pytester.makepyfile(
        test_async="""
        import asyncio, pytest, pytest_asyncio

        @pytest_asyncio.fixture(loop_scope="module", scope="module")
        async def connection():
            loop = asyncio.get_running_loop()
            yield loop
            assert loop is asyncio.get_running_loop()

        @pytest_asyncio.fixture
        async def value():
            await asyncio.sleep(0)
            yield 42
            await asyncio.sleep(0)

        @pytest.mark.asyncio
        async def test_passes(value):
            assert 42 == value

        @pytest.mark.asyncio
        async def test_fails(value):
            await asyncio.sleep(0)
            assert 43 == value

        @pytest.mark.asyncio(loop_scope="module")
        async def test_shares_the_loop_of_its_fixture(connection):
            assert connection is asyncio.get_running_loop()

        @pytest.mark.asyncio(loop_scope="module")
        async def test_subprocess(connection):
            process = await asyncio.create_subprocess_exec("true")
            assert 0 == await process.wait()

        class TestClass:
            @pytest.mark.asyncio(loop_scope="class")
            async def test_to_thread(self):
                assert 3 == await asyncio.to_thread(sum, (1, 2))
        """,
        test_more="""
        import pytest
        @pytest.mark.asyncio(loop_scope="session")
        async def test_in_the_loop_of_the_session(): pass
        def test_plain(): pass
        """,
    )

    plain = heard()
    plain.result.assert_outcomes(passed=6, failed=1)

    assert plain.outcomes == heard(*how).outcomes


def test_anyio(pytester, heard, how):
    """Tests run under each of anyio's backends, and end as in plain pytest."""
    pytest.importorskip("anyio")
    pytest.importorskip("trio")
    pytester.makepyfile(
        test_anyio="""
        import anyio, pytest
        pytestmark = pytest.mark.anyio

        @pytest.fixture(params=["asyncio", "trio"], scope="module")
        def anyio_backend(request):
            return request.param

        @pytest.fixture(scope="module")
        async def stream(anyio_backend):
            send, receive = anyio.create_memory_object_stream(1)
            async with send, receive:
                yield send, receive

        async def test_stream(stream):
            send, receive = stream
            await send.send("hello")
            assert "hello" == await receive.receive()

        async def test_group():
            async with anyio.create_task_group() as group:
                group.start_soon(anyio.sleep, 0)

        async def test_fails(anyio_backend):
            assert "trio" == anyio_backend
        """
    )

    plain = heard()
    plain.result.assert_outcomes(passed=5, failed=1)

    assert plain.outcomes == heard(*how).outcomes
