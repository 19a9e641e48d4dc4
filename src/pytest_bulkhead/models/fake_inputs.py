"""What may be given to a fake as texts: as measured with sentence-transformers 6.2."""

from __future__ import annotations

import sys
from typing import Any


def texts_of(inputs: Any) -> tuple[bool, list[str]]:
    """Return whether it is one text, and the texts that are given."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(inputs, numpy.ndarray) and inputs.dtype.kind in "UO":
        inputs = inputs.tolist()
    single = not isinstance(inputs, (list, tuple))
    return single, [text_of(given) for given in ([inputs] if single else inputs)]


def text_of(given: Any) -> str:
    """Return the text that is given: as one, as a pair of texts, or as a dict that has it."""
    if isinstance(given, str):
        return given
    if isinstance(given, (list, tuple)) and given and all(isinstance(part, str) for part in given):
        return " ".join(given)
    if isinstance(given, dict) and list(given) == ["text"]:
        return text_of(given["text"])
    raise ValueError(
        f"Unsupported input type: {type(given).__name__}. The fake model takes a str, a pair of "
        'them, or a dict with the one key "text"'
    )
