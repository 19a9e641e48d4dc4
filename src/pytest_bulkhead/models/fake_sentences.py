"""A fake for sentence-transformers' `SentenceTransformer`: its interface over `core.models.ngrams`.

What a call returns, its shape and its type, and what is an error, is as measured with
sentence-transformers 6.2; `tests/examples/test_fakes.py` compares with what is installed.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from pytest_bulkhead.core.models.ngrams import (
    Vector,
    embed,
    embed_tokens,
    ids_of,
    shorten,
    words_of,
)
from pytest_bulkhead.models.arrays import (
    PRECISIONS,
    array_of,
    name_of_device,
    quantise,
    tensor_of,
)  # fmt: skip
from pytest_bulkhead.models.fake_inputs import text_of, texts_of
from pytest_bulkhead.models.fake_module import FakeModule
from pytest_bulkhead.models.similarity import SIMILARITIES, compare_all, compare_each

_SENTENCE = "sentence_embedding"


def _by_its_old_name(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let `inputs` be given as `sentences`, which it was called before version 6."""

    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if "sentences" in kwargs:
            kwargs["inputs"] = kwargs.pop("sentences")
        return method(self, *args, **kwargs)

    return call


class FakeSentenceTransformer(FakeModule):
    """Has the parameters, the shapes and the errors of the real one, and vectors of length 1."""

    _REAL = ("sentence_transformers", "SentenceTransformer")

    backend = "torch"
    modalities = ("text",)

    def __init__(
        self,
        dim: int,
        *,
        prompts: dict[str, str],
        default_prompt_name: str | None,
        similarity_fn_name: Any,
        truncate_dim: int | None,
        max_seq_length: int | None,
        device: str,
    ) -> None:
        super().__init__(dim, device)
        self.prompts = prompts
        if default_prompt_name is not None and default_prompt_name not in prompts:
            raise ValueError(_no_prompt("Default prompt", default_prompt_name, prompts))
        self.default_prompt_name = default_prompt_name
        self.similarity_fn_name = similarity_fn_name
        self.truncate_dim = truncate_dim
        self.max_seq_length = max_seq_length

    @_by_its_old_name
    def encode(  # noqa: PLR0917 - the real one's
        self,
        inputs: Any,
        prompt_name: str | None = None,
        prompt: str | None = None,
        batch_size: int = 32,
        show_progress_bar: bool | None = None,
        output_value: str | None = _SENTENCE,
        precision: str = "float32",
        convert_to_numpy: bool = True,
        convert_to_tensor: bool = False,
        device: Any = None,
        normalize_embeddings: bool = False,
        truncate_dim: int | None = None,
        pool: dict[str, Any] | None = None,
        chunk_size: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """Return the vectors of texts, or of one text, as the real one does.

        Nothing is shown, and no process is started: `show_progress_bar`, `pool` and `chunk_size`
        change nothing, as they do not in what the real one returns.

        Raises:
            ValueError, KeyError: as the real one, of arguments that cannot be.
            ImportError: numpy or torch is needed for what is asked, and not installed.
        """
        self._refuse(batch_size, precision, kwargs)
        single, texts = texts_of(inputs)
        if isinstance(device, (str, int)) or hasattr(device, "type"):
            self._device = name_of_device(device)
        before = self._resolve_prompt(prompt, prompt_name) or ""
        words = [self._words_of(before + text) for text in texts]
        short = self.truncate_dim if truncate_dim is None else truncate_dim
        again = normalize_embeddings
        rows = [shorten(embed(some, self._dim), short, normalise=again) for some in words]
        answers: Any
        if output_value != _SENTENCE:
            answers = [self._features(*one, output_value) for one in zip(words, rows, strict=True)]
        else:
            answers = self._converted(rows, precision, convert_to_numpy, convert_to_tensor)
        return answers[0] if single else answers

    def encode_query(
        self,
        inputs: Any,
        prompt_name: str | None = None,
        prompt: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """Return what `encode` does, with the prompt `query` where no other is given."""
        prompt_name = self._named(prompt_name, prompt, "query")
        return self.encode(inputs, prompt_name, prompt, *args, **kwargs)

    def encode_document(
        self,
        inputs: Any,
        prompt_name: str | None = None,
        prompt: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """Return what `encode` does, with the prompt for documents where no other is given."""
        prompt_name = self._named(prompt_name, prompt, "document", "passage", "corpus")
        return self.encode(inputs, prompt_name, prompt, *args, **kwargs)

    for _method in encode_query, encode_document:
        _method.__signature__ = inspect.signature(encode)  # type: ignore[attr-defined]

    def similarity(self, embeddings1: Any, embeddings2: Any) -> Any:
        """Return a tensor: how like each of the one is to each of the other."""
        return compare_all(self.similarity_fn_name, embeddings1, embeddings2)

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> Any:
        """Return a tensor: how like each of the one is to that in the same place of the other."""
        return compare_each(self.similarity_fn_name, embeddings1, embeddings2)

    @property
    def similarity_fn_name(self) -> str:
        """By which function embeddings are compared; `cosine` unless it is set."""
        return self._similarity_fn_name

    @similarity_fn_name.setter
    def similarity_fn_name(self, value: Any) -> None:
        name = getattr(value, "value", value) or "cosine"
        if name not in SIMILARITIES:
            raise ValueError(f"similarity_fn_name={name!r}: one of {SIMILARITIES}")
        self._similarity_fn_name = name

    def get_embedding_dimension(self) -> int:
        """Return how many numbers `encode` returns for a text."""
        return self._dim if self.truncate_dim is None else min(self._dim, self.truncate_dim)

    get_sentence_embedding_dimension = get_embedding_dimension

    def get_max_seq_length(self) -> int | None:
        """Return how many tokens of a text count: its words, and two more."""
        return self.max_seq_length

    def get_model_kwargs(self) -> list[str]:
        """Return the keywords that `encode` takes beside its own: none."""
        return []

    @contextlib.contextmanager
    def truncate_embeddings(self, truncate_dim: int | None) -> Iterator[None]:
        """Have `encode` return so many numbers for a text, within this context."""
        before, self.truncate_dim = self.truncate_dim, truncate_dim
        try:
            yield
        finally:
            self.truncate_dim = before

    truncate_sentence_embeddings = truncate_embeddings

    def preprocess(self, inputs: Any, prompt: str | None = None, **kwargs: Any) -> dict[str, Any]:
        """Return ids of tokens, one for each word, and their mask, of texts in a list: tensors."""
        self._refuse(1, "float32", kwargs)
        texts = [text_of(given) for given in inputs]
        ids = [ids_of(self._words_of((prompt or "") + text)) for text in texts]
        longest = max(map(len, ids), default=0)
        padded = [some + [0] * (longest - len(some)) for some in ids]
        mask = [[1] * len(some) + [0] * (longest - len(some)) for some in ids]
        rows = {"input_ids": padded, "attention_mask": mask}
        return {name: tensor_of(row, self._device, "int64") for name, row in rows.items()}

    def tokenize(self, texts: Any, **kwargs: Any) -> dict[str, Any]:
        """Do as `preprocess`, which took its place."""
        return self.preprocess(texts, **kwargs)

    def start_multi_process_pool(self, target_devices: list[str] | None = None) -> dict[str, Any]:
        """Return a pool for `encode`: no process is in it."""
        return {"input": None, "output": None, "processes": []}

    @staticmethod
    def stop_multi_process_pool(pool: dict[str, Any]) -> None:
        """End the pool: nothing was started."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse: a call is the forward pass, or was meant for what loads a model.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(
            "the fake model was called, and has no forward pass: call its encode(), or, if it "
            "stands in for an object that loads a model when called, patch its class's __call__"
        )

    def _refuse(self, batch_size: int, precision: str | None, keywords: dict[str, Any]) -> None:
        if batch_size <= 0:
            raise ValueError(f"batch_size must be a positive integer, got {batch_size}.")
        unused = set(keywords) - {"task", "processing_kwargs"}
        if unused:
            raise ValueError(
                "encode() has been called with additional keyword arguments that this model does "
                f"not use: {sorted(unused)}."
            )
        if precision is not None and precision not in PRECISIONS:
            raise ValueError(f"Precision {precision!r} is not supported: one of {PRECISIONS}")

    def _named(self, prompt_name: str | None, prompt: str | None, *candidates: str) -> str | None:
        if prompt_name is not None or prompt is not None:
            return prompt_name
        return next((name for name in candidates if name in self.prompts), None)

    def _resolve_prompt(self, prompt: str | None, prompt_name: str | None) -> str | None:
        name = self.default_prompt_name if prompt_name is None else prompt_name
        if prompt is not None or name is None:
            return prompt
        if name not in self.prompts:
            raise ValueError(_no_prompt("Prompt", name, self.prompts))
        return self.prompts[name]

    def _words_of(self, text: str) -> list[str]:
        words = words_of(text)
        return words if self.max_seq_length is None else words[: max(self.max_seq_length - 2, 0)]

    def _converted(
        self, rows: list[Vector], precision: str, as_array: bool, as_tensor: bool
    ) -> Any:
        given: Any = rows
        if rows and precision not in (None, "float32"):
            given = quantise(array_of(rows, self._dtype), precision)
        dtype = self._dtype if given is rows else str(given.dtype)
        if as_array and not as_tensor:
            return array_of(rows, dtype) if given is rows else given
        tensor = tensor_of(given, self._device, dtype)
        return tensor if as_tensor else list(tensor)

    def _features(self, words: list[str], row: Vector, output_value: str | None) -> Any:
        """Return what a model knows of a text by the time it has a vector: one thing, or all."""
        ids = ids_of(words)
        found: dict[str, tuple[Any, str]] = {
            "input_ids": (ids, "int64"),
            "attention_mask": ([1] * len(ids), "int64"),
            "token_embeddings": (embed_tokens(words, self._dim), self._dtype),
            _SENTENCE: (row, self._dtype),
        }
        if output_value is not None:
            return tensor_of(found[output_value][0], self._device, found[output_value][1])
        return {
            name: tensor_of(value, self._device, dtype) for name, (value, dtype) in found.items()
        }


def _no_prompt(what: str, name: str, prompts: dict[str, str]) -> str:
    return (
        f"{what} name {name!r} not found in the configured prompts dictionary with keys "
        f"{list(prompts)!r}."
    )
