"""Environment profiles with the real libraries that read them: numpy, posthog, torch."""

from __future__ import annotations

import re
import sys
from importlib.util import find_spec

import pytest

pytest.importorskip("numpy")
pytest.importorskip("threadpoolctl")

#: Other plugins may warn of what they like.
STRICT = "error::pytest_bulkhead.errors.ProfileWarning"

EARLY = """
import os

import numpy
"""

POOLS = """
import numpy, threadpoolctl
def test_a():
    pools = {(pool["internal_api"], pool["num_threads"]) for pool in threadpoolctl.threadpool_info()}
    assert pools == {("openblas", 1)}, pools
"""


@pytest.fixture
def many_cores():
    """Skip where OpenBLAS has one thread anyway."""
    import threadpoolctl

    if threadpoolctl.threadpool_info() and threadpoolctl.threadpool_info()[0]["num_threads"] < 2:
        pytest.skip("one core")


@pytest.mark.usefixtures("many_cores")
def test_a_pool_of_one_thread(pytester, heard, how):
    """A conftest imports numpy first: forked or spawned, OpenBLAS has one thread."""
    pytester.makeconftest("import numpy")
    pytester.makepyfile(test_a=POOLS)

    run = heard(*how, "--isolate-profile=single-thread", "-W", STRICT)

    assert run.passed() == ["test_a.py::test_a"], run.text
    assert "ProfileWarning" not in run.text


@pytest.mark.usefixtures("many_cores")
def test_a_plugin_that_imported_numpy_before(pytester, heard):
    """The template is a fresh interpreter, and the plugin's line is named; alone, threadpoolctl helps."""
    early = pytester.makepyfile(early=EARLY)
    pytester.makepyfile(test_a=POOLS)
    options = ("-p", "early", "--isolate-profile=single-thread", "-W", STRICT)

    isolated, plain = heard("--isolate=function", *options), heard(*options)

    assert isolated.passed() == plain.passed() == ["test_a.py::test_a"], isolated.text + plain.text
    why = "OPENBLAS_NUM_THREADS is read when OpenBLAS is loaded, which numpy, imported at"
    assert f"forked from a template that was started afresh ({why} {early}:3" in isolated.text


@pytest.mark.usefixtures("many_cores")
def test_a_limit_that_was_too_late(pytester, heard):
    """Without a profile nobody limits the pool: a warning at the line of the import."""
    early = pytester.makepyfile(early=EARLY)
    pytester.makepyfile(test_a="def test_a(): pass")
    pytester.makeini("[pytest]\nisolate_env = OPENBLAS_NUM_THREADS=1\n")

    run = heard("-p", "early")

    found = re.search(r"(\S+): ProfileWarning: OpenBLAS has \d+ threads, not 1", run.text)
    assert found, run.text
    assert found[1].endswith(f"{early.name}:3")


def test_posthog_sends_nothing(pytester, heard):
    """A client that a product makes for itself is disabled and starts no thread: tests are forked."""
    pytest.importorskip("posthog")
    pytester.makepyfile(
        test_a="""
        import threading
        from posthog import Posthog
        client = Posthog("key", host="http://127.0.0.1:9")
        def test_a():
            assert client.disabled and threading.active_count() == 1
            client.capture("event", distinct_id="x")
            assert threading.active_count() == 1
        """
    )
    run = heard("--isolate=function", "--isolate-profile=offline")

    assert run.passed() == ["test_a.py::test_a"], run.text
    assert "forked from the template" in run.text


#: It is imported in other processes only: pytester has modules forgotten after each test, and torch
#: cannot be imported twice.
with_torch = pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")

TORCH = """
import torch

x = torch.ones(512, 512)
x @ x

def test_threads():
    assert (torch.get_num_threads(), torch.get_num_interop_threads()) == (1, 1)
    torch.set_num_interop_threads(1)
    assert float((x @ x).sum()) == 512 ** 3

def test_device():
    assert not torch.backends.mps.is_available() and not torch.cuda.is_available()
    assert str(torch.get_default_device()) == "cpu"
"""


@with_torch
def test_torch(pytester, heard, how):
    """Both pools have one thread, no device is found, and what a file used at import is forked."""
    pytester.makepyfile(test_a=TORCH)

    run = heard(*how, "--isolate-profile=single-thread,cpu", "-W", "error::UserWarning")

    assert run.passed() == ["test_a.py::test_threads", "test_a.py::test_device"], run.text
    # With -n it is not: tqdm, which torch imports, looks through all variables, the worker's id too.
    if how[1:] == ():
        assert "forked from the template" in run.text


@with_torch
def test_torch_that_is_not_as_asked(pytester, heard):
    """Threads and a default device that a test file set: each is a warning."""
    pytester.makepyfile(
        test_a="""
        import torch
        torch.set_num_threads(2)
        torch.set_default_device("meta")
        def test_a(): pass
        """
    )
    run = heard("--isolate=module", "--isolate-profile=single-thread,cpu")

    assert "torch has 2 threads, not 1" in run.text
    assert "torch's default device is meta, not cpu" in run.text


UNDONE = """
import torch
def now():
    mps = torch.backends.mps
    return torch.get_num_threads(), torch.set_num_interop_threads, mps.is_available
before = now()
import pytest
assert pytest.main(["-q", "--isolate-profile=single-thread,cpu", "test_a.py"]) == 0
assert now() == before
"""


@with_torch
def test_torch_is_as_it_was_after_a_plain_run(pytester):
    """Threads and functions are put back, also where torch had been imported before the run."""
    pytester.makepyfile(test_a="import torch\ndef test_a(): assert torch.get_num_threads() == 1")

    done = pytester.run(sys.executable, "-c", UNDONE)

    assert done.ret == 0, done.stdout.str() + done.stderr.str()


TOKENIZERS = """
from tokenizers import Tokenizer, models, pre_tokenizers

tokenizer = Tokenizer(models.WordLevel({"a": 0, "b": 1}, unk_token="a"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer.encode_batch(["a b"] * 64)

def test_a():
    assert tokenizer.encode_batch(["a b"] * 64)[-1].ids == [0, 1]
"""


@pytest.mark.skipif(find_spec("tokenizers") is None, reason="tokenizers is not installed")
def test_tokenizers_that_a_file_used_at_import(pytester, heard):
    """Their pool has no thread that a fork would lose, and they warn of nothing."""
    pytester.makepyfile(test_a=TOKENIZERS)

    run = heard("--isolate=function", "--isolate-profile=single-thread", "-rP")

    assert run.passed() == ["test_a.py::test_a"], run.text
    assert "forked from the template" in run.text
    assert "TOKENIZERS_PARALLELISM" not in run.text


@pytest.mark.skipif(find_spec("huggingface_hub") is None, reason="it is not installed")
def test_a_hub_that_was_imported_too_early(pytester, heard):
    """Offline is a constant of its import: right in a fresh template, and a warning without one."""
    early = pytester.makepyfile(early="import huggingface_hub.constants")
    pytester.makepyfile(
        test_a="""
        from huggingface_hub import constants
        def test_a(): assert constants.HF_HUB_OFFLINE and constants.HF_HUB_DISABLE_TELEMETRY
        """
    )
    options = ("-p", "early", "--isolate-profile=offline")

    isolated, plain = heard("--isolate=module", *options), heard(*options)

    assert isolated.passed() == ["test_a.py::test_a"], isolated.text
    assert "ProfileWarning" not in isolated.text
    assert plain.failed() == ["test_a.py::test_a"]
    assert f"{early.name}:1: ProfileWarning: HF_HUB_OFFLINE is read when" in plain.text
