"""Which documents fit a query, and how well."""

from __future__ import annotations

import re
from collections import Counter
from math import log

_WORD = re.compile(r"\w+")


def words_of(text: str) -> Counter[str]:
    """Count the words of a text, whatever their case."""
    return Counter(_WORD.findall(text.lower()))


class Index:
    """Documents by name, ranked by words that are rare among them."""

    def __init__(self) -> None:
        self._words: dict[str, Counter[str]] = {}

    def __len__(self) -> int:
        return len(self._words)

    def put(self, name: str, text: str) -> None:
        """Add a document, or replace it."""
        self._words[name] = words_of(text)

    def drop(self, name: str) -> bool:
        """Take a document out; return whether it was there."""
        return self._words.pop(name, None) is not None

    def search(self, query: str, limit: int = 10) -> list[tuple[str, float]]:
        """Return names and scores, the best first."""
        scores = {name: self._score(words_of(query), words) for name, words in self._words.items()}
        found = [(name, round(score, 4)) for name, score in scores.items() if score > 0]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def _score(self, query: Counter[str], words: Counter[str]) -> float:
        length = sum(words.values()) or 1
        return sum(words[word] / length * self._rarity(word) for word in query)

    def _rarity(self, word: str) -> float:
        holders = sum(word in words for words in self._words.values())
        return log(1 + len(self._words) / holders) if holders else 0.0
