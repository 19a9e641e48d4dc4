"""The environment that the user asked for: profiles, merged, with `isolate_env` on top."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pytest_bulkhead.core.environment.profiles import PROFILES, Act, Profile
from pytest_bulkhead.errors import UsageProblem

#: What turns an ini key off again.
NONE = "no"

#: The profile of a build, and the variable that asks for it. `CI` is not it: every hosted runner
#: sets that, and pytest and many a plugin have it mean something else.
_OF_BUILDS = "ci"
BUILD_VARIABLE = "CICD"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Environment(NamedTuple):
    """What is to be in force before anything is imported."""

    #: The names of the profiles, in the order in which they were merged.
    profiles: tuple[str, ...] = ()
    #: {variable: its value, None for unset}
    variables: Mapping[str, str | None] = {}
    acts: tuple[Act, ...] = ()
    #: What `isolate_start` and `isolate_mp_start` are unless the user says; empty for their own.
    start: str = ""
    mp_start: str = ""
    #: {profile: the mark whose tests it deselects}
    deselected: Mapping[str, str] = {}

    @property
    def empty(self) -> bool:
        """Whether nothing was asked for."""
        return not self.profiles and not self.variables

    def number(self, variable: str) -> int | None:
        """Return how many threads a variable asks for, None when it asks for no number."""
        value = self.variables.get(variable) or ""
        return int(value) if value.isdecimal() and int(value) > 0 else None

    def deselects(self, markexpr: str) -> list[str]:
        """Return the marks whose tests are deselected; not those of which `-m` speaks."""
        return [mark for mark in self.deselected.values() if mark not in markexpr]

    def shown_profiles(self, markexpr: str) -> tuple[str, ...]:
        """Return the profiles as people read them."""
        gone = {name: mark for name, mark in self.deselected.items() if mark not in markexpr}
        return tuple(f"{p} (no {gone[p]} tests)" if p in gone else p for p in self.profiles)


def read_profiles(words: str, where: str) -> list[str]:
    """Return names of profiles.

    Args:
        words: what the user wrote, divided by spaces or commas.
        where: the option or ini key at which it stands, for the message.

    Raises:
        UsageProblem: one is no profile.
    """
    names = words.replace(",", " ").split()
    if names == [NONE]:
        return []
    for name in names:
        if name not in PROFILES:
            known = ", ".join(PROFILES)
            raise UsageProblem(f"{where}: {name!r} is no profile; write some of {known}")
    return list(dict.fromkeys(names))


def with_build_profile(names: Sequence[str], words: str, variable: str) -> list[str]:
    """Return the profiles, with that of a build where its variable is 1 and profiles are not off.

    Args:
        names: of profiles.
        words: by which the user asked for them.
        variable: the value of `BUILD_VARIABLE`.
    """
    wanted = variable == "1" and words.strip() != NONE and _OF_BUILDS not in names
    return [*names, _OF_BUILDS] if wanted else list(names)


def read_lines(lines: Sequence[str], where: str) -> dict[str, str | None]:
    """Return the variables of lines `NAME=value`, and `-NAME` for one that is to be unset.

    Raises:
        UsageProblem: a line is neither.
    """
    variables: dict[str, str | None] = {}
    for line in map(str.strip, lines):
        name, equals, value = line.partition("=")
        unset = not equals and line.startswith("-")
        name = (line[1:] if unset else name).strip()
        if not (equals or unset) or not _NAME.fullmatch(name) or "\0" in value:
            raise UsageProblem(
                f"{where}: {line!r} sets no variable\nhint: write NAME=value, or -NAME to unset it"
            )
        variables[name] = None if unset else value.strip()
    return variables


def merge(
    names: Sequence[str],
    own: Mapping[str, str | None],
    known: Mapping[str, Profile] = PROFILES,
) -> Environment:
    """Merge profiles, where later ones win, and the user's own variables, which win over all.

    Args:
        names: of profiles.
        own: {variable: value, None for unset}.
        known: all profiles.
    """
    profiles = [known[name] for name in names]
    variables = {line.name: line.value for profile in profiles for line in profile.lines}
    return Environment(
        profiles=tuple(names),
        variables={**variables, **own},
        acts=tuple(dict.fromkeys(act for profile in profiles for act in profile.acts)),
        start=_last(profiles, "start"),
        mp_start=_last(profiles, "mp_start"),
        deselected={name: known[name].deselected for name in names if known[name].deselected},
    )


def _last(profiles: Sequence[Profile], field: str) -> str:
    return next((value for p in reversed(profiles) if (value := getattr(p, field))), "")
