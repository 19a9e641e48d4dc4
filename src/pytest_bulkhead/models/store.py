"""The models of this process: each loaded once, by the first who needs it, while others wait.

Theory of operation: a key is absent, in the hands of one thread, or loaded; a failure is known to
the whole run (`failures`). Who needs what another thread loads waits for it. Loaders may ask for
other models, so threads may wait for each other; before one waits, it follows who waits for whom,
and a circle that ends in itself is an error, where it would be a hang.

A forked child has what was loaded before, and not the threads that were loading: what those had in
hand is absent again.

Invariants:

- A model stays as long as the process: a test that has let go of it is not its last one.
- The lock is not held while something is loaded.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from types import AsyncGeneratorType, CoroutineType, GeneratorType

from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.guards.models import watch_model
from pytest_bulkhead.guards.stopping import stop_what_comes_back
from pytest_bulkhead.identity import test_in_hand
from pytest_bulkhead.models.failures import ModelNotLoaded, known_failure, note_failure
from pytest_bulkhead.models.keys import Key
from pytest_bulkhead.system.weights import modules_in


class Store:
    """What was loaded, and who loads what."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        #: {digest: the model}
        self._loaded: dict[str, object] = {}
        #: {thread: the keys that it loads, the outermost first}, and the one that it waits for
        self._hands: dict[int, list[Key]] = {}
        self._awaited: dict[int, Key] = {}
        os.register_at_fork(after_in_child=self._forget_threads)

    def get(self, key: Key, load: Callable[[], object]) -> object:
        """Return a model, loaded if need be.

        Raises:
            ModelNotLoaded: it was tried before, and failed.
            UsageProblem: models need each other in a circle, or it can be used only once.
            Exception: whatever the loader raises.
        """
        __tracebackhide__ = True
        if self._take(key):
            try:
                model = self._load(key, load)
                with self._changed:
                    self._loaded[key.digest] = model
            finally:
                with self._changed:
                    self._hands[threading.get_ident()].remove(key)
                    self._changed.notify_all()
        return self._loaded[key.digest]

    def _take(self, key: Key) -> bool:
        """Take a key into our hands; False when it is loaded, perhaps after we have waited."""
        thread = threading.get_ident()
        with self._changed:
            while loading_thread(self._hands, key) is not None:
                circle = find_circle(self._hands, self._awaited, key, thread)
                if circle:
                    path = " needs ".join(one.title for one in [*circle, key])
                    raise UsageProblem(f"shared: models need each other in a circle: {path}")
                self._awaited[thread] = key
                try:
                    self._changed.wait()
                finally:
                    del self._awaited[thread]
            if key.digest in self._loaded:
                return False
            self._hands.setdefault(thread, []).append(key)
            return True

    def _load(self, key: Key, load: Callable[[], object]) -> object:
        __tracebackhide__ = True
        known = known_failure(key)
        if known is not None:
            raise ModelNotLoaded(known)
        threads = threading.enumerate()
        try:
            model = load()
            _refuse_once(key, model)
            for module in modules_in(model):
                module.eval()
                module.requires_grad_(False)
            watch_model(key.title, model)
        except (Exception, SystemExit) as problem:
            first = note_failure(key, problem)
            if first.test != test_in_hand():  # of another process, which was quicker
                raise ModelNotLoaded(first) from None
            raise
        finally:
            stop_what_comes_back(threads)
        return model

    def _forget_threads(self) -> None:
        me = threading.get_ident()
        self._changed = threading.Condition()
        self._hands = {me: self._hands[me]} if me in self._hands else {}
        self._awaited = {}


def _refuse_once(key: Key, model: object) -> None:
    """Refuse what is used up by its first user; by its function nobody can tell."""
    if isinstance(model, (CoroutineType, GeneratorType, AsyncGeneratorType)):
        if isinstance(model, CoroutineType):
            model.close()  # or Python warns that nobody awaited it
        raise UsageProblem(
            f"shared: {key.title}: what it returns can be used only once\n"
            "hint: write a function that returns the model, by asyncio.run(...) if need be"
        )


def loading_thread(hands: Mapping[int, Sequence[Key]], key: Key) -> int | None:
    """Return the thread that loads a key, None for nobody.

    Args:
        hands: {thread: the keys that it loads}.
        key: of a model; its title may be another.
    """
    found = (one for one, keys in hands.items() if any(k.digest == key.digest for k in keys))
    return next(found, None)


def find_circle(
    hands: Mapping[int, Sequence[Key]], awaited: Mapping[int, Key], key: Key, thread: int
) -> list[Key]:
    """Return which models need each other if a thread waits for a key; none for no circle.

    Args:
        hands: {thread: the keys that it loads, the outermost first}: each needs the next.
        awaited: {thread: the key that it waits for}, which its innermost needs.
        key: what the thread is about to wait for.
        thread: who waits.
    """
    circle: list[Key] = []
    wanted: Key | None = key
    while wanted is not None:
        owner = loading_thread(hands, wanted)
        if owner is None:
            return []
        digests = [one.digest for one in hands[owner]]
        circle += hands[owner][digests.index(wanted.digest) :]
        if owner == thread:
            return circle
        wanted = awaited.get(owner)
    return []


#: Of this process.
STORE = Store()
