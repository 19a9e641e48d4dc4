"""Specification of `core.environment.profiles`, and the table in docs/profiles.md, which is made from it.

`python tests/unit/core/environment/test_profiles.py` writes the table.
"""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_bulkhead.core.environment.merged import read_lines
from pytest_bulkhead.core.environment.profiles import DOUBTFUL, PROFILES, Profile
from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.core.start.start_methods import METHODS
from pytest_bulkhead.environment.acts import DEEDS

PAGE = Path(__file__).parents[4] / "docs" / "profiles.md"
BEGIN, END = "<!-- made by tests/unit/core/environment/test_profiles.py -->\n", "<!-- end -->\n"


def written() -> str:
    """Return all profiles as they are documented."""
    return "\n".join(line for name in PROFILES for line in _section(name, PROFILES[name])) + "\n"


def _section(name: str, profile: Profile) -> Iterator[str]:
    yield from (f"### {name}", "", profile.about, "", "| sets or does | because |", "|---|---|")
    for line in profile.lines:
        yield f"| `{line.name}={line.value}` | {line.why} |"
    for act in profile.acts:
        when = f", when `{act.module}` is imported" if act.module else ""
        yield f"| {act.what}{when} | {act.why} |"
    if profile.start:
        yield f"| `isolate_start = {profile.start}` | unless you say otherwise |"
    if profile.mp_start:
        yield f"| `isolate_mp_start = {profile.mp_start}` | unless you say otherwise |"
    if profile.deselected:
        mark = profile.deselected
        yield f"| tests with the mark `{mark}` are deselected | unless `-m` speaks of `{mark}` |"
    yield ""


def test_the_table_is_as_the_code():
    """Every line of every profile is documented, with its reason."""
    assert written() == PAGE.read_text().partition(BEGIN)[2].partition(END)[0]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_every_line_has_a_reason(profile):
    """A sentence, for every variable and for every act; each variable stands once."""
    names = [line.name for line in profile.lines]
    reasons = [profile.about, *(one.why for one in (*profile.lines, *profile.acts))]

    assert len(names) == len(set(names))
    assert [] == [why for why in reasons if not why.endswith(".") or "|" in why]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_what_profiles_ask_for_can_be(profile):
    """Lines that `isolate_env` takes, acts that somebody does, words that options know."""
    lines = [f"{line.name}={line.value}" for line in profile.lines]

    assert {line.name: line.value for line in profile.lines} == read_lines(lines, "")
    assert all(act.name in DEEDS for act in profile.acts if act.module)
    assert profile.start in ("", "spawn")
    assert profile.mp_start in ("", *METHODS)


def test_no_profile_sets_what_should_not_be_set():
    """Nor does one have the name of a level, which `--isolate` takes."""
    assert not {line.name for profile in PROFILES.values() for line in profile.lines} & set(
        DOUBTFUL
    )
    assert not {level.word for level in Level} & set(PROFILES)


if __name__ == "__main__":
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}{written()}{END}{rest.partition(END)[2]}")
