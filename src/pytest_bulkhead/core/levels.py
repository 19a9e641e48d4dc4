"""Isolation levels: the fixture scope whose tests share one process."""

from __future__ import annotations

import enum

from pytest_bulkhead.errors import UsageProblem


class Level(enum.IntEnum):
    """How tightly tests are isolated; a greater value is tighter."""

    SESSION = 0
    PACKAGE = 1
    MODULE = 2
    CLASS = 3
    FUNCTION = 4

    @property
    def word(self) -> str:
        """The scope's name as pytest writes it."""
        return self.name.lower()

    @property
    def narrow(self) -> bool:
        """Whether stages can set up, for many of its processes, what is wider than they are."""
        return self >= Level.CLASS


WORDS = tuple(level.word for level in Level)


def parse_level(word: object, where: str) -> Level:
    """Read a level.

    Args:
        word: what the user wrote.
        where: the option, ini key or test at which it stands, for the message.

    Raises:
        UsageProblem: the word is no scope.
    """
    if isinstance(word, str) and word in WORDS:
        return Level[word.upper()]
    raise UsageProblem(f"{where}: {word!r} is no isolation level; write one of {', '.join(WORDS)}")


def tighter(one: Level, other: Level) -> Level:
    """Return the tighter of two levels: marks tighten, they never loosen."""
    return max(one, other)
