"""How like embeddings are, by torch, as sentence-transformers computes it."""

from __future__ import annotations

from typing import Any

from pytest_bulkhead.models.arrays import numpy_for, torch_for

#: {name: the norm of the difference that it takes}
_NORMS = {"euclidean": 2.0, "manhattan": 1.0}
SIMILARITIES = ("cosine", "dot", *_NORMS)


def compare_all(name: str, one: Any, other: Any) -> Any:
    """Return how like each row of one is to each of the other, a tensor.

    Args:
        name: one of `SIMILARITIES`.
        one: of one or two dimensions: a tensor, an array, or a list of them or of numbers.
        other: as `one`.
    """
    torch = torch_for("similarity()")
    rows = [torch.atleast_2d(_tensor(torch, given)) for given in (one, other)]
    return _all_pairs(torch, name, *rows)


def compare_each(name: str, one: Any, other: Any) -> Any:
    """Return how like each row of one is to the row of the other in its place; as `compare_all`."""
    torch = torch_for("similarity_pairwise()")
    return _each_pair(torch, name, _tensor(torch, one), _tensor(torch, other))


def _cosine(torch: Any, one: Any, other: Any) -> tuple[Any, Any]:
    normalise = torch.nn.functional.normalize
    return normalise(one, dim=-1), normalise(other, dim=-1)


def _all_pairs(torch: Any, name: str, one: Any, other: Any) -> Any:
    if name == "cosine":
        one, other = _cosine(torch, one, other)
    if name in ("cosine", "dot"):
        return one @ other.T
    return -torch.cdist(one, other, p=_NORMS[name])


def _each_pair(torch: Any, name: str, one: Any, other: Any) -> Any:
    if name == "cosine":
        one, other = _cosine(torch, one, other)
    if name in ("cosine", "dot"):
        return (one * other).sum(dim=-1)
    return -torch.linalg.vector_norm(one - other, ord=_NORMS[name], dim=-1)


def _tensor(torch: Any, given: Any) -> Any:
    is_list = isinstance(given, list) and bool(given)
    if is_list and isinstance(given[0], torch.Tensor):
        return torch.stack(given).float()
    if is_list and hasattr(given[0], "dtype"):
        given = numpy_for("a list of arrays").stack(given)
    return torch.as_tensor(given).float()
