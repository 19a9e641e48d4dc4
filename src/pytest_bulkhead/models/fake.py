"""What all fakes share: for whom they pass, what they say they cannot do, how they are copied."""

from __future__ import annotations

import operator
import sys
from typing import Any, ClassVar, SupportsIndex

from pytest_bulkhead.core.models.ngrams import Vector, embed, words_of
from pytest_bulkhead.models.arrays import device_of, name_of_device


class Fake:
    """Stands in for an object of a library, and does what it does, or says that it does not."""

    #: The module and the name of the class that it stands in for.
    _REAL: ClassVar[tuple[str, str]]

    def __init__(self, dim: int, device: str) -> None:
        # What counts is an integer to Python: numpy's are, which no `isinstance` says.
        if not isinstance(dim, SupportsIndex) or isinstance(dim, bool) or operator.index(dim) < 1:
            raise ValueError(f"dim={dim!r}: a fake model has so many dimensions, at least 1")
        self._dim = operator.index(dim)
        self._device = name_of_device(device)

    def _real_class(self) -> type:
        """Return the real class once its module is imported: before that nobody can ask for it.

        So `isinstance` holds, as for a mock with a spec, and a fake imports nothing for it. A
        subclass of the real one would import that, and each method that it lacks would be the real.
        """
        module, name = self._REAL
        real = vars(sys.modules[module]).get(name) if module in sys.modules else None
        return real if isinstance(real, type) else type(self)

    __class__ = property(_real_class)

    @property
    def device(self) -> Any:
        """Where its tensors are: torch's device once torch is imported, a text like it before."""
        return device_of(self._device)

    def vectors(self, texts: list[str]) -> list[Vector]:
        """Return lists of floats, one for each text: needs no numpy, and is the fake's own."""
        return [embed(words_of(text), self._dim) for text in texts]

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"the fake model has no {name!r}, for it does not pretend what it cannot do: set it "
            f"(fake.{name} = ...), or test this with a real model",
            name=name,
            obj=self,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # By itself pickle compares `__class__` with the type, and refuses.
        return _again, (type(self),), vars(self)

    def __repr__(self) -> str:
        return f"<fake {self._REAL[1]}, {self._dim} dimensions>"


def _again(kind: type) -> Any:
    return object.__new__(kind)
