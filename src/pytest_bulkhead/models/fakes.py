"""Fake models for unit tests: the interface of the real ones, quick, deterministic, and meaningful.

Texts that share words have vectors near each other (`core.models.ngrams`), so what is built on a
model, as a ranking, can be tested without one. Nothing is imported for a fake until an array or a
tensor is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping

from pytest_bulkhead.models.fake_features import FakeFeatureExtraction
from pytest_bulkhead.models.fake_sentences import FakeSentenceTransformer


def fake_sentence_transformer(
    dim: int = 384,
    *,
    prompts: Mapping[str, str] | None = None,
    default_prompt_name: str | None = None,
    similarity_fn_name: str | None = None,
    truncate_dim: int | None = None,
    max_seq_length: int | None = 256,
    device: str = "cpu",
) -> FakeSentenceTransformer:
    """Return what passes for a `sentence_transformers.SentenceTransformer`.

    Args:
        dim: numbers in each vector.
        prompts, default_prompt_name, similarity_fn_name, truncate_dim: as of the real one.
        max_seq_length: words of a text that count, and two more; None for all.
        device: where tensors are made.

    Raises:
        ValueError: one of them cannot be.
    """
    return FakeSentenceTransformer(
        dim,
        prompts={"query": "", "document": "", **(prompts or {})},
        default_prompt_name=default_prompt_name,
        similarity_fn_name=similarity_fn_name,
        truncate_dim=truncate_dim,
        max_seq_length=max_seq_length,
        device=device,
    )


def fake_feature_extraction(
    dim: int = 384, *, model_max_length: int = 512, device: str = "cpu"
) -> FakeFeatureExtraction:
    """Return what passes for a `transformers.pipeline("feature-extraction")`.

    Args:
        dim: numbers in each vector.
        model_max_length: tokens that a text may have: its words, and two more.
        device: what its attribute of that name says; what it returns is on the CPU, as the real.

    Raises:
        ValueError: one of them cannot be.
    """
    return FakeFeatureExtraction(dim, model_max_length=model_max_length, device=device)
