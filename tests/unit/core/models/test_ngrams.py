"""Specification of `core.models.ngrams`."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_bulkhead.core.models.ngrams import (
    STOP_WORDS,
    embed,
    embed_tokens,
    ids_of,
    shorten,
    words_of,
)

#: Words that share next to nothing but letters.
WORDS = [
    "apple", "bridge", "copper", "dragon", "engine", "falcon", "garden", "hammer", "island", "jungle",
    "kettle", "lemon", "mirror", "needle", "orchid", "pepper", "quartz", "ribbon", "saddle", "tunnel",
    "umbrella", "violin", "walnut", "xylophone", "yogurt", "zebra",
]  # fmt: skip


def vector(text, dim=384):
    return embed(words_of(text), dim)


def likeness(one, other):
    return math.fsum(a * b for a, b in zip(vector(one), vector(other), strict=True))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The quick, BROWN fox!", ["the", "quick", "brown", "fox"]),
        ("get_cached_model(dim=384)", ["get", "cached", "model", "dim", "384"]),
        ("Café, naïve, STRASSE, straße", ["cafe", "naive", "strasse", "strasse"]),
        ("cafe\u0301", ["cafe"]),
        ("東京 tower", ["東", "京", "tower"]),
        ("!? ...", ["!", "?", ".", ".", "."]),
        (" \n\t", []),
        ("", []),
        ("\ud800", ["\ud800"]),
    ],
)
def test_a_text_has_words(text, words):
    """Case, accents and punctuation are not told apart; what has no word has its characters."""
    assert words_of(text) == words


@settings(deadline=None)
@given(st.text(), st.integers(1, 400))
def test_each_text_has_a_vector_of_length_1(text, dim):
    """Of any text, the empty one and what is no valid Unicode too, in any number of dimensions."""
    found = vector(text, dim)

    assert len(found) == dim
    assert math.isclose(math.fsum(number * number for number in found), 1)


@settings(deadline=None)
@given(st.permutations(WORDS), st.integers(1, 6), st.integers(0, 5))
def test_texts_that_share_words_are_nearer(words, shared, own):
    """Than texts that share none, whatever else is in them: half of the words is enough."""
    own = min(own, shared)
    common, mine, yours = words[:shared], words[6 : 6 + own], words[12 : 12 + own]
    others = words[18 : 18 + shared + own]
    near = likeness(" ".join(common + mine), " ".join(common + yours))

    assert near > likeness(" ".join(common + mine), " ".join(others)) + 0.05


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("the capital of France", "Paris is France's capital", "the price of the bread"),
        ("cats", "cat", "car park"),
        ("connection refused", "the server refuses connections", "the garden of the house"),
        ("dog bites man", "dog bites man!", "man bites dog"),
        ("naive cafe", "NAÏVE CAFÉ", "native cape"),
        ("日本の首都", "首都は東京", "犬が好き"),
        ("Московский вокзал", "вокзал в Москве", "кошка и собака"),
    ],
)
def test_ranking_means_something(text, near, far):
    """Stop words do not dominate, plurals and inflections are near, and so in other scripts."""
    assert likeness(text, near) > likeness(text, far) + 0.01


def test_stop_words_alone_are_a_text_too():
    """They weigh less beside others, and are told apart among themselves."""
    assert likeness("to be or not to be", "to be or not to be") == pytest.approx(1)
    assert likeness("to be or not to be", "which of these") < 0.3
    assert all(words_of(word) == [word] for word in STOP_WORDS)


def test_case_and_punctuation_change_nothing():
    """The vector is the same, to the last bit."""
    assert vector("The cat sat.") == vector("the CAT, sat")


def test_the_empty_text_is_near_nothing():
    """It has a vector of its own, as a real model gives it one."""
    assert vector("") == vector("  \n")
    assert abs(likeness("", "the cat sat on the mat")) < 0.2


def test_a_golden_vector():
    """The same on every platform and in every process, whose seed of hashes differs, to the last bit."""
    assert [number.hex() for number in vector("Two naïve cats, and a dog.", 4)] == [
        "-0x1.8a62915c7c216p-3",
        "0x1.140e2eb9f3d58p-1",
        "0x1.06afa362c20b5p-1",
        "0x1.476ec97d9ec6fp-1",
    ]
    assert ids_of(["cat", "dog"]) == [101, 26930, 16021, 102]


def test_tokens_mean_what_the_text_does():
    """Their first is the vector of the text, and their mean is near it."""
    words = words_of("the capital of France")
    tokens = embed_tokens(words, 384)
    mean = [math.fsum(column) / len(tokens) for column in zip(*tokens, strict=True)]

    assert len(tokens) == len(words) + 2 == len(ids_of(words))
    assert tokens[0] == tokens[-1] == embed(words, 384)
    like = math.fsum(
        a * b for a, b in zip(shorten(mean, None, normalise=True), tokens[0], strict=True)
    )
    assert like > 0.9


@pytest.mark.parametrize(
    ("dim", "normalise", "short"),
    [
        (None, False, [3.0, 4.0, 0.0]),
        (2, True, [0.6, 0.8]),
        (5, False, [3.0, 4.0, 0.0]),
        (0, True, []),
        (-1, False, [3.0, 4.0]),
    ],
)
def test_a_vector_is_shortened(dim, normalise, short):
    """As a slice, and of length 1 again if asked."""
    assert shorten([3.0, 4.0, 0.0], dim, normalise=normalise) == short
    assert shorten([0.0, 0.0], dim, normalise=True) == [0.0, 0.0][:dim]
