"""The model: seven gigabytes, so it is loaded once, and when it is needed."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MODEL = "Alibaba-NLP/gte-Qwen2-1.5B-instruct"

#: What it wants before a question, and no other text.
QUESTION = "Instruct: Find the word that is meant\nQuery: "


def load_model() -> SentenceTransformer:
    """Load the model; raise OSError where it is neither here nor to be had."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(MODEL)


@functools.cache
def get_cached_model() -> SentenceTransformer:
    """Return the model of this process."""
    return load_model()
