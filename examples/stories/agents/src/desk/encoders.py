"""Encoders turn texts into vectors. They take long to load, so each is loaded once and kept."""

from __future__ import annotations

import re
import zlib

import numpy as np

#: Names of encoders, and how many words each knows.
WORDS = {"words-small": 4_096, "words-large": 65_536}

_cache: dict[str, Encoder] = {}


class Encoder:
    """A vector for each word that it knows; a text is the sum of its words."""

    def __init__(self, vectors: np.ndarray) -> None:
        self.vectors = vectors

    def encode(self, text: str) -> np.ndarray:
        """Return a vector of length 1, or of zeros for a text without words."""
        words = re.findall(r"\w+", text.lower())
        rows = [zlib.crc32(word.encode()) % len(self.vectors) for word in words]
        total = self.vectors[rows].sum(axis=0)
        return total / (np.linalg.norm(total) or 1.0)


def load_encoder(name: str) -> Encoder:
    """Load an encoder; raise KeyError where there is none of that name."""
    return Encoder(np.random.default_rng(7).normal(size=(WORDS[name], 64)))


def get_encoder(name: str = "words-small") -> Encoder:
    """Return the encoder of a name, which is loaded when it is first asked for."""
    if name not in _cache:
        _cache[name] = load_encoder(name)
    return _cache[name]
