"""What agents were told, by user, and what of it is nearest to a question."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import posthog
from tqdm import tqdm

from desk.encoders import Encoder, get_encoder


class Memory:
    """Facts of users. It is written and searched from several threads, and counts its uses."""

    def __init__(
        self, encoder: Encoder | None = None, telemetry: str = "http://127.0.0.1:9"
    ) -> None:
        self.encoder = encoder or get_encoder()
        self._facts: dict[str, list[str]] = {}
        self._lock = threading.Lock()
        self._telemetry = posthog.Posthog("phc_desk", host=telemetry)

    def add(self, texts: Iterable[str], user: str) -> int:
        """Keep the texts that are new of this user; return how many there are now."""
        for text in tqdm(list(texts), desc="remember", mininterval=0, leave=False):
            with self._lock:
                facts = self._facts.setdefault(user, [])
                if text not in facts:
                    facts.append(text)
        return len(self._facts.get(user, ()))

    def search(self, query: str, user: str, limit: int = 3) -> list[str]:
        """Return the facts of a user that are nearest to a query, the nearest first."""
        wanted = self.encoder.encode(query)
        with self._lock:
            facts = list(self._facts.get(user, ()))
        facts.sort(key=lambda fact: -float(self.encoder.encode(fact) @ wanted))
        return facts[:limit]

    def forget(self, text: str, user: str) -> None:
        """Drop one fact of a user; raise ValueError where there is none."""
        with self._lock:
            self._facts.get(user, []).remove(text)

    def compact(self, user: str, keep: int) -> None:
        """Drop the oldest facts of a user until so many are left."""
        with self._lock:
            for text in self._facts.get(user, [])[:-keep]:
                self.forget(text, user)

    def close(self) -> None:
        """End the telemetry."""
        self._telemetry.shutdown()
