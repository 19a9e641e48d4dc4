"""What is known and by whose word, or why it is not: no guess passes for a fact.

Knows nothing of what the facts are about. What it means that one is unknown is for those to say
who decide by it, in one place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar, Union

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Known(Generic[T_co]):
    """A fact."""

    value: T_co
    #: Who says so: a file, a library, a call. Where the user can look as well.
    source: str


@dataclass(frozen=True)
class Unknown:
    """A fact that could not be had."""

    #: What is not known and why, to be shown as it is.
    reason: str


Fact = Union[Known[T], Unknown]


def value_or(fact: Fact[T], default: T) -> T:
    """Return what is known, or a default where nothing depends on the difference."""
    return fact.value if isinstance(fact, Known) else default
