"""Search: the words that begin as was typed, and those whose meaning is nearest."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lexis.loading import QUESTION, get_cached_model

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

#: How near a meaning has to be, from -1 to 1.
NEAR = 0.1


@dataclasses.dataclass(frozen=True)
class Entry:
    """A word and what it means."""

    word: str
    meaning: str


@dataclasses.dataclass(frozen=True)
class Hit:
    """An entry that was found, and how well it fits: 1 is best."""

    entry: Entry
    score: float


class Lexicon:
    """Entries, with the vector of each meaning. It is built once and then only read."""

    def __init__(self, entries: Iterable[Entry], model: SentenceTransformer | None = None) -> None:
        self.entries: Sequence[Entry] = list(dict.fromkeys(entries))
        self._model = model or get_cached_model()
        self._vectors = self._encode([entry.meaning for entry in self.entries])

    def _encode(self, texts: Sequence[str], prompt: str | None = None) -> np.ndarray:
        """Return a row of length 1 for each text."""
        return self._model.encode(
            texts, prompt=prompt, batch_size=32, normalize_embeddings=True, show_progress_bar=False
        )

    def search(self, question: str, limit: int = 3) -> list[Hit]:
        """Return the entries that fit a question, the best first; raise ValueError for none."""
        if not question.strip():
            raise ValueError("an empty question")
        found = {hit.entry: hit for hit in (*self._near(question), *self._spelt(question))}
        return sorted(found.values(), key=lambda hit: -hit.score)[:limit]

    def _spelt(self, question: str) -> list[Hit]:
        start = question.strip().lower()
        words = (entry for entry in self.entries if entry.word.lower().startswith(start))
        return [Hit(entry, len(start) / len(entry.word)) for entry in words]

    def _near(self, question: str) -> list[Hit]:
        if not self.entries:
            return []
        scores = self._vectors @ self._encode([question], QUESTION)[0]
        near = zip(self.entries, scores.tolist(), strict=True)
        return [Hit(entry, score) for entry, score in near if score >= NEAR]

    async def find(self, *questions: str, limit: int = 3) -> list[list[Hit]]:
        """Search for several questions at once, outside of the event loop."""
        searches = (asyncio.to_thread(self.search, each, limit) for each in questions)
        return list(await asyncio.gather(*searches))
