import threading

import pytest
from desk import Memory

pytestmark = pytest.mark.timeout(2)


def test_closed_memory_has_no_thread(encoder):
    Memory(encoder).close()
    assert threading.enumerate() == [threading.main_thread()]


def test_nearest_first(memory):
    assert memory.search("tea for Ada", "ada", limit=1) == ["Ada likes tea"]


def test_users_are_kept_apart(memory):
    assert memory.search("tea", "bob") == []


def test_told_twice(memory):
    assert memory.add(["Ada likes tea"], "ada") == 3


def test_forget(memory):
    memory.forget("Lunch is at noon", "ada")
    assert "Lunch is at noon" not in memory.search("lunch", "ada")


def test_compact(memory):
    memory.compact("ada", keep=1)
    assert memory.search("anything", "ada") == ["Lunch is at noon"]


def test_written_by_threads(memory):
    threads = [
        threading.Thread(target=memory.add, args=([f"fact {number}"], "eve")) for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(memory.search("fact", "eve", limit=9)) == 4
