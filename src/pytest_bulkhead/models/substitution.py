"""Which model is loaded in the place of another, in this process and now.

Theory of operation: whoever loads a model by its name asks `STANDING.stand_in(name)`
(`entrances`). Libraries load by way of each other; what an outer call has put in is left alone by
the calls within it, for a stand-in has none (`rules`). The plugin says when a test wants the real
ones.

Each use is noted where all processes of the run can be heard (`system.notes`).
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
from collections.abc import Sequence

from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.identity import test_in_hand
from pytest_bulkhead.models.rules import PACKAGE, Rule, Use, rule_for
from pytest_bulkhead.system.notes import add_note, read_notes

#: By which processes that the run starts know it.
RUN_VARIABLE = "BULKHEAD_MODELS_RUN"

_PATH_STARTS = (".", "/", "~")


class Standing:
    """The rules of this process."""

    def __init__(self) -> None:
        self.rules: tuple[Rule, ...] = ()
        #: Whether a model's own code may be run.
        self.trusts = True
        #: A test asks for real models.
        self.real = False
        #: By which name processes of the run hear of each other: a test may clear its environment.
        self.run = ""
        #: What was loaded in place of what, while fixtures are watched.
        self.heard: list[Use] = []

    @property
    def text(self) -> str:
        """What is in force, for who must tell one load from another."""
        return "" if self.real else "; ".join(map(str, self.rules))

    def stand_in(self, name: object) -> Rule | None:
        """Return the rule for a model that is about to be loaded, None to load just that."""
        if self.real or not isinstance(name, (str, os.PathLike)) or os.path.isdir(name):
            return None
        asked = os.fspath(name)
        return None if isinstance(asked, bytes) else rule_for(self.rules, asked)

    def note(self, name: str, rule: Rule) -> None:
        """Note that a model is loaded by a rule."""
        use = Use(name, rule.given, str(rule), test_in_hand())
        self.heard.append(use)
        with contextlib.suppress(OSError):
            add_note(self.run, json.dumps(use))


#: Of this process.
STANDING = Standing()


def uses_of_run() -> list[Use]:
    """Return what all processes of this run have loaded in the place of something else."""
    return [Use(*json.loads(line)) for line in read_notes(STANDING.run)]


def located(rules: Sequence[Rule], root: str) -> tuple[Rule, ...]:
    """Return rules whose stand-ins can be handed to a library: hub names, or folders that exist.

    Args:
        rules: as they were read.
        root: the folder that relative ones start from.

    Raises:
        UsageProblem: a folder is not there.
    """
    return tuple(rule._replace(given=_locate(rule, root), written=rule.given) for rule in rules)


def _locate(rule: Rule, root: str) -> str:
    given = os.path.expanduser(os.path.expandvars(rule.given))
    if given.startswith(PACKAGE):
        folder = _folder_of_package(given.removeprefix(PACKAGE))
    else:
        folder = os.path.join(root, given)
        if not os.path.isdir(folder) and not given.startswith(_PATH_STARTS):
            return given
    if not os.path.isdir(folder):
        raise UsageProblem(
            f"{rule.source}: {rule}: there is no folder {folder or given!r}\n"
            "hint: a folder with the model's files, package:NAME/FOLDER, or a hub name"
        )
    return os.path.abspath(folder)


def _folder_of_package(text: str) -> str:
    name, _slash, below = text.partition("/")
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return ""
    places = list(spec.submodule_search_locations or ()) if spec else []
    return os.path.join(places[0], below) if places else ""
