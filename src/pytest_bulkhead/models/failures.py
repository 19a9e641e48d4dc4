"""Which models could not be loaded: told once, and not tried again in this run.

A test that needs a model of 10 GB which is not there takes a minute to find out; so would each of
the next hundred, and each in a process of its own. So the first failure is noted where all
processes of the run see it. Without isolation it is known to this process alone.
"""

from __future__ import annotations

import contextlib
import json
import traceback
from typing import NamedTuple

from pytest_bulkhead import identity
from pytest_bulkhead.errors import BulkheadError
from pytest_bulkhead.models.keys import Key
from pytest_bulkhead.system.notes import add_note, read_notes

#: Characters of a cause; a line of a note is written at once.
_MAX_CAUSE = 1000


class Failure(NamedTuple):
    """That a model could not be loaded."""

    digest: str
    title: str
    #: The type and text of what was raised.
    cause: str
    #: The node id of the test that met it, empty for none.
    test: str

    def __str__(self) -> str:
        where = f"first met by {self.test}" if self.test else "first met before a test ran"
        return f"the model {self.title} could not be loaded: {self.cause}\n{where}; not tried again"


class ModelNotLoaded(BulkheadError):
    """A model could not be loaded when it was first needed, and is not tried again."""

    __module__ = "pytest_bulkhead.models"  # where users import it from

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure


_KNOWN: dict[str, Failure] = {}


def known_failure(key: Key) -> Failure | None:
    """Return the first failure to load a model in this run; None when there was none."""
    if key.digest not in _KNOWN and identity.run_uid():
        for failure in _noted():
            _KNOWN.setdefault(failure.digest, failure)
    return _KNOWN.get(key.digest)


def _noted() -> list[Failure]:
    found = []
    for line in read_notes(identity.run_uid()):
        with contextlib.suppress(ValueError, TypeError):
            found.append(Failure(*json.loads(line)))
    return found


def note_failure(key: Key, problem: BaseException) -> Failure:
    """Note that a model could not be loaded; return the first failure, which may be another's."""
    cause = traceback.format_exception_only(type(problem), problem)[-1].strip()[:_MAX_CAUSE]
    failure = Failure(key.digest, key.title, cause, identity.test_in_hand())
    if identity.run_uid():
        with contextlib.suppress(OSError):
            add_note(identity.run_uid(), json.dumps(failure))
    return known_failure(key) or _KNOWN.setdefault(key.digest, failure)
