"""Models of a process: single flight between threads, forks, digests, and weights as they are."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import threading

import pytest

from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.models import shared
from pytest_bulkhead.models.failures import ModelNotLoaded
from pytest_bulkhead.models.keys import Key
from pytest_bulkhead.models.store import Store
from pytest_bulkhead.system.notes import add_note, read_notes, remove_notes
from pytest_bulkhead.system.process import fork, wait_end


def key(name):
    return Key(name, f"{__name__} {name}")


def make(*_args, **_kwargs):
    return object()


def in_threads(*calls):
    """Call each in a thread of its own; return what each returned or raised."""
    results = {}

    def run(number, call):
        try:
            results[number] = call()
        except Exception as problem:
            results[number] = problem

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return [results[number] for number in range(len(calls))]


def test_many_threads_load_once():
    """One of them loads, the others wait for it and get the same object."""
    store, loads, ready = Store(), [], threading.Barrier(8)

    def load():
        loads.append(1)
        return object()

    def ask():
        ready.wait()
        return store.get(key("once"), load)

    assert len(set(map(id, in_threads(*[ask] * 8)))) == 1
    assert loads == [1]


def test_a_failure_is_raised_once_and_told_to_all_others():
    """Who waited, and who asks later, is told the cause; the loader is not called again."""
    store, loads, ready = Store(), [], threading.Barrier(4)

    def load():
        loads.append(1)
        raise OSError("no such folder")

    def ask():
        ready.wait()
        return store.get(key("absent"), load)

    raised = in_threads(*[ask] * 4)
    assert sorted(type(one).__name__ for one in raised) == ["ModelNotLoaded"] * 3 + ["OSError"]
    with pytest.raises(ModelNotLoaded, match="absent could not be loaded: OSError: no such folder"):
        store.get(key("absent"), load)
    assert loads == [1]


def test_a_skip_or_an_interrupt_is_no_failure():
    """What is not an `Exception` passes, and the next who asks loads."""
    store = Store()
    for wish in (KeyboardInterrupt, pytest.skip.Exception):
        with pytest.raises(wish):
            store.get(key("wish"), lambda wish=wish: (_ for _ in ()).throw(wish("not now")))
    assert store.get(key("wish"), lambda: "loaded") == "loaded"


async def load_async():
    """Load nothing."""


async def load_one_by_one():
    yield


def load_lazily():
    yield


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("loader", [load_async, load_one_by_one, load_lazily])
def test_what_can_be_used_once_is_refused(loader):
    """A coroutine or generator is spent after its first user; a function that gives one need not show it."""
    with pytest.raises(UsageProblem, match="what it returns can be used only once"):
        Store().get(key(loader.__name__), loader)


def test_a_loader_that_leaves_is_a_failure():
    """A command line's, which calls `sys.exit`, is not called again either."""
    store = Store()
    with pytest.raises(SystemExit):
        store.get(key("leaving"), lambda: sys.exit("no such option"))
    with pytest.raises(ModelNotLoaded, match="SystemExit: no such option"):
        store.get(key("leaving"), lambda: "loaded")


def test_loaders_may_need_other_models_but_not_in_a_circle():
    """Within a thread, and between two that would wait for each other for ever."""
    store = Store()
    assert store.get(key("outer"), lambda: [store.get(key("inner"), lambda: 1)]) == [1]
    with pytest.raises(UsageProblem, match="circle: one needs two needs one"):
        store.get(key("one"), lambda: store.get(key("two"), lambda: store.get(key("one"), int)))

    both = threading.Barrier(2)

    def load(other):
        both.wait()
        return store.get(key(other), int)

    raised = in_threads(
        lambda: store.get(key("left"), lambda: load("right")),
        lambda: store.get(key("right"), lambda: load("left")),
    )
    assert all(isinstance(one, (UsageProblem, ModelNotLoaded)) for one in raised)
    assert any("left needs right" in str(one) or "right needs left" in str(one) for one in raised)


def test_a_forked_child_has_what_was_loaded_and_waits_for_no_thread():
    """What another thread had in hand at the fork is loaded by the child itself."""
    store, begun, go = Store(), threading.Event(), threading.Event()
    store.get(key("before"), lambda: "loaded before")
    loading = threading.Thread(
        target=store.get, args=(key("meanwhile"), lambda: begun.set() or go.wait(60))
    )
    loading.start()
    begun.wait(60)
    pid = fork()
    if pid == 0:
        kept = store.get(key("before"), lambda: None) == "loaded before"
        os._exit(0 if kept and store.get(key("meanwhile"), lambda: 7) == 7 else 1)
    status = wait_end(pid, 60)
    go.set()
    loading.join()
    assert status == 0


def test_the_same_call_gives_the_same_object():
    """However its arguments come to the loader."""
    assert shared(make, 1, size=2) is shared(functools.partial(make, 1), size=2)
    assert shared(make, 1, size=2) is not shared(make, 1, size=3)


def test_digests_are_the_same_in_every_process():
    """Whatever the seed of hashes: a failure is known to all processes of a run by its digest."""
    code = (
        "from pytest_bulkhead.models.keys import key_of\n"
        "def made(x): return lambda: x in {'a', 'b', 'c', 'd', 'e', 'f', x}\n"
        "print(key_of(made('g'), ({'x', 'y', 'z'},), {'a': {'b': 1}}).digest)"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1


def test_notes_of_a_run():
    """Lines of several writers stay whole; the file goes, and who finds none finds nothing."""
    run = f"test-{os.getpid()}"
    assert read_notes(run) == []
    in_threads(*[lambda: [add_note(run, "x" * 900) for _ in range(20)]] * 4)
    assert read_notes(run) == ["x" * 900] * 80
    remove_notes(run)
    remove_notes(run)
    assert read_notes(run) == []
