"""A child waits for the threads of tokenizers, which its fork did not copy; see conftest.py.

The profile single-thread keeps tokenizers from having a pool.
"""

import multiprocessing

from tokenizers import Tokenizer, models, pre_tokenizers

tokenizer = Tokenizer(models.WordLevel({"a": 0, "b": 1}, unk_token="a"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()


def encode(texts):
    return [encoding.ids for encoding in tokenizer.encode_batch(texts)]


def test_encode():
    assert encode(["a b"] * 64) == [[0, 1]] * 64


def test_encode_in_parallel():
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(encode, [["a b"] * 64] * 2) == [[[0, 1]] * 64] * 2
