"""Texts as vectors by hashed features: texts that share words are near each other.

What a fake model computes in the place of a real one. Features are words, their character n-grams
(so that `cats` is near `cat`) and pairs of neighbours (so that order tells, a little). Each is
hashed to a few places of the vector, with signs, so that what two texts do not share cancels out,
on average.

The same in every process, on every machine and in every Python: no `hash()`, whose seed differs; no
logarithm, whose last bit differs by libc; no plain `sum`, which Python 3.12 made more exact.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import math
import re
import struct
import unicodedata
from collections.abc import Iterator, Sequence

Vector = list[float]

#: What each word weighs, what all its n-grams weigh together, and a pair of neighbours.
WORD, NGRAMS, PAIR = 1.0, 1.0, 0.25
#: Of a word that any text may have.
STOP = 0.2

_STOP_WORDS = """
a about all an and any are as at be been but by can could d did do does for from had has have he
her him his how i if in into is it its ll m me my no not of on one or our re s she should so some
such t than that the their them then there these they this those to ve was we were what when where
which who whose why will with would you your
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

#: Ids of tokens: of what begins and ends a text, and of words.
BEGIN, END, _FIRST, _VOCABULARY = 101, 102, 1000, 29000

#: Places of the vector that a feature is hashed to.
_PLACES = 8

#: Scripts without spaces: each character is a word. An underscore parts words.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")


def words_of(text: str) -> list[str]:
    """Return the words of a text, in order: case, accents and punctuation are not told apart.

    A text that has none, as `!?`, has its characters for words; white space alone has none at all.
    """
    apart = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(sign for sign in apart if not unicodedata.combining(sign))
    return _WORD.findall(plain) or [sign for sign in plain if not sign.isspace()]


def embed(words: Sequence[str], dim: int) -> Vector:
    """Return the vector of a text, of length 1.

    Args:
        words: as `words_of` has them; no words have a vector too, far from all others.
        dim: how many numbers it has, at least 1. With fewer than some hundred, unlike texts come
            near each other by chance.
    """
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    vector = [0.0] * dim
    for word, count in counts.items():
        _add_word(vector, word, math.sqrt(count))
    for pair in itertools.pairwise(words):
        _add(vector, "pair\0" + "\0".join(pair), PAIR * min(map(_weight, pair)))
    if not words:
        _add(vector, "nothing", 1.0)
    if not any(vector):  # all of it cancelled out, as it may where there are few places
        vector[0] = 1.0
    return shorten(vector, None, normalise=True)


def embed_tokens(words: Sequence[str], dim: int) -> list[Vector]:
    """Return a vector for each token: those that begin and end a text have the vector of all of it.

    A word has what it adds to that, so the mean of all of them means what the text does.
    """
    whole = embed(words, dim)
    return [whole, *(_embed_word(word, dim) for word in words), whole]


def ids_of(words: Sequence[str]) -> list[int]:
    """Return a number for each token, as tokenizers do: the same for the same word."""
    return [BEGIN, *(_FIRST + _digest(word)[0] % _VOCABULARY for word in words), END]


def shorten(vector: Vector, dim: int | None, *, normalise: bool) -> Vector:
    """Return the first numbers of a vector, all for None, and if asked of length 1 again.

    One without length stays as it is.
    """
    short = vector[:dim]
    length = _length_of(short) if normalise else 0.0
    return [number / length for number in short] if length else short


def _embed_word(word: str, dim: int) -> Vector:
    vector = [0.0] * dim
    _add_word(vector, word, 1 / math.sqrt(_PLACES))
    return vector


def _weight(word: str) -> float:
    return STOP if word in STOP_WORDS else WORD


def _add_word(vector: Vector, word: str, scale: float) -> None:
    weight = _weight(word) * scale
    _add(vector, f"word\0{word}", weight)
    ngrams = () if word in STOP_WORDS else tuple(_ngrams_of(word))
    for ngram in ngrams:
        _add(vector, f"ngram\0{ngram}", NGRAMS * weight / math.sqrt(len(ngrams)))


def _ngrams_of(word: str) -> Iterator[str]:
    """Yield three neighbouring characters each, with a mark at both ends."""
    marked = f"<{word}>"
    return (marked[start : start + 3] for start in range(len(marked) - 2))


def _add(vector: Vector, feature: str, weight: float) -> None:
    for place, sign in _places_of(feature, len(vector)):
        vector[place] += sign * weight


@functools.lru_cache(maxsize=1 << 15)
def _places_of(feature: str, dim: int) -> tuple[tuple[int, float], ...]:
    """Return where a feature stands, and with which sign."""
    return tuple((number // 2 % dim, 1.0 if number % 2 else -1.0) for number in _digest(feature))


def _digest(feature: str) -> tuple[int, ...]:
    text = feature.encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(text, digest_size=4 * _PLACES).digest()
    return struct.unpack(f"<{_PLACES}I", digest)


def _length_of(vector: Vector) -> float:
    return math.sqrt(math.fsum(number * number for number in vector))
