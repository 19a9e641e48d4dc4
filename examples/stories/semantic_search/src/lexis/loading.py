"""The model: seven gigabytes in production, so it is loaded once, and when it is needed."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

#: What is in production; who installs the product may choose another one.
PRODUCTION = "Alibaba-NLP/gte-Qwen2-1.5B-instruct"
MODEL = os.environ.get("LEXIS_MODEL", PRODUCTION)

#: What such a model wants before a question, and no other text.
QUESTION = "Instruct: Find the word that is meant\nQuery: "


def load_model(name: str) -> SentenceTransformer:
    """Load a model; raise OSError where it is neither here nor to be had."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(name)


@functools.cache
def get_cached_model() -> SentenceTransformer:
    """Return the model of this process."""
    return load_model(MODEL)
