"""Ways to score rows. Each imports what it needs when it is made, since few have all of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol


class Backend(Protocol):
    """Scores rows against a query."""

    name: str

    def scores(self, query: Sequence[float], rows: Sequence[Sequence[float]]) -> list[float]:
        """Return the cosine of each row and the query."""


class Plain:
    """Needs nothing."""

    name = "plain"

    def scores(self, query: Sequence[float], rows: Sequence[Sequence[float]]) -> list[float]:
        return [self._cosine(query, row) for row in rows]

    def _cosine(self, left: Sequence[float], right: Sequence[float]) -> float:
        length = math.hypot(*left) * math.hypot(*right)
        return sum(map(math.prod, zip(left, right, strict=True))) / length if length else 0.0


class Torch:
    """Needs torch."""

    name = "torch"

    def __init__(self) -> None:
        import torch

        self._torch = torch
        self.device = "cuda" if torch.cuda.is_available() else "cpu"

    def scores(self, query: Sequence[float], rows: Sequence[Sequence[float]]) -> list[float]:
        torch = self._torch
        with torch.no_grad():
            left = torch.tensor([query], device=self.device)
            right = torch.tensor(rows, device=self.device)
            return torch.nn.functional.cosine_similarity(left, right).tolist()


def best_backend() -> Backend:
    """Return the quickest backend that this machine has."""
    try:
        return Torch()
    except ImportError:
        return Plain()
