"""A dictionary that is searched by meaning: words, and what they stand for."""

from lexis.search import Entry, Hit, Lexicon

__all__ = ["Entry", "Hit", "Lexicon"]
