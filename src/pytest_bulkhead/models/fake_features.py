"""A fake for transformers' pipeline of feature extraction: a vector for each token of a text.

A token is a word; one more begins a text and one ends it, both with the vector of the whole text.
So the mean of all tokens, and the first token alone, mean what the text does.
"""

from __future__ import annotations

import itertools
import types
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from pytest_bulkhead.core.models.ngrams import Vector, embed_tokens, words_of
from pytest_bulkhead.models.arrays import tensor_of, torch_for
from pytest_bulkhead.models.fake import Fake
from pytest_bulkhead.models.fake_inputs import whole


class _Call(NamedTuple):
    """How a call wants its answer."""

    #: Tokens, None for all that there are.
    limit: int | None
    #: Tokens at least.
    least: int
    #: Texts that are padded to the longest of them.
    batch_size: int
    as_tensors: bool


class FakeFeatureExtraction(Fake):
    """Called as the real one: a text gives `[1][tokens][dim]`, a list of texts a list of these."""

    _REAL = ("transformers.pipelines.feature_extraction", "FeatureExtractionPipeline")

    task = "feature-extraction"

    def __init__(self, dim: int, *, model_max_length: int, device: str) -> None:
        super().__init__(dim, device)
        if model_max_length < 2:
            raise ValueError(f"model_max_length={model_max_length!r}: a text has 2 tokens at least")
        self._longest = model_max_length

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the vectors of a text, of each in a list, or, late, of each of a generator.

        Keywords that the real one passes on to nobody are ignored, as there.

        Raises:
            TypeError: nothing is given, or a text has half a character.
            ValueError: what is given is no text, or truncation is asked for twice.
            IndexError: the list is empty, as the real one has it.
            RuntimeError: a text is longer than the model takes, and truncation is not asked for.
            NotImplementedError: something of `tokenize_kwargs` is not pretended.
        """
        if not args and "inputs" not in kwargs:
            raise TypeError("the pipeline is called without a text: missing argument 'inputs'")
        inputs = args[0] if args else kwargs.pop("inputs")
        if isinstance(inputs, list) and not inputs:
            raise IndexError("list index out of range: the pipeline refuses an empty list")
        call = self._call(**kwargs)
        if isinstance(inputs, types.GeneratorType):
            return self._features(inputs, call)
        if isinstance(inputs, list):
            return list(self._features(inputs, call))
        return next(self._features([inputs], call))

    predict = transform = __call__

    @property
    def dtype(self) -> Any:
        """The type of its numbers, torch's."""
        return torch_for("dtype").float32

    def _call(
        self,
        truncation: Any = None,
        tokenize_kwargs: dict[str, Any] | None = None,
        return_tensors: bool | None = None,
        batch_size: int | None = None,
        **_ignored: Any,
    ) -> _Call:
        asked = dict(tokenize_kwargs or {})
        if truncation is not None and "truncation" in asked:
            raise ValueError(
                "truncation parameter defined twice (given as keyword argument as well as in "
                "tokenize_kwargs)"
            )
        truncation = asked.pop("truncation", truncation)
        longest = asked.pop("max_length", None) or self._longest
        padding = asked.pop("padding", False)
        if asked:
            raise NotImplementedError(
                f"tokenize_kwargs={asked!r}: the fake knows truncation, max_length and padding"
            )
        limit = min(longest, self._longest) if truncation in (True, "longest_first") else None
        least = longest if padding == "max_length" else 0
        return _Call(limit, least, batch_size or 1, bool(return_tensors))

    def _features(self, texts: Iterable[Any], call: _Call) -> Iterator[Any]:
        """Yield the answer for each text: those of a batch are padded to the longest of them."""
        rest = iter(texts)
        while batch := list(itertools.islice(rest, call.batch_size)):
            answers = [self._tokens(_words_of(text), call) for text in batch]
            longest = max(call.least, *map(len, answers))
            for tokens in answers:
                full = tokens + [[0.0] * self._dim] * (longest - len(tokens))
                yield tensor_of([full], "cpu") if call.as_tensors else [full]

    def _tokens(self, words: list[str], call: _Call) -> list[Vector]:
        if call.limit is not None:
            words = words[: max(call.limit - 2, 0)]
        elif len(words) + 2 > self._longest:
            raise RuntimeError(
                f"a text of {len(words) + 2} tokens, and the model takes {self._longest}: "
                "call the pipeline with truncation=True"
            )
        return embed_tokens(words, self._dim)[: call.limit]


def _words_of(text: Any) -> list[str]:
    if isinstance(text, str):
        return words_of(whole(text))
    raise ValueError(
        f"text input must be of type `str`, not {type(text).__name__}: the fake takes a text, a "
        "list of texts or a generator of them"
    )
