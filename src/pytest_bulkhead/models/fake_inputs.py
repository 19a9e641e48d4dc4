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
        return whole(given)
    if _is_pair(given):
        return " ".join(map(whole, given))
    if isinstance(given, dict) and list(given) == ["text"]:
        return text_of(given["text"])
    raise ValueError(
        f"Unsupported input type: {type(given).__name__}. The fake model takes a str, a pair of "
        'them, or a dict with the one key "text"'
    )


def _is_pair(given: Any) -> bool:
    is_two = isinstance(given, (list, tuple)) and len(given) == 2
    return is_two and all(isinstance(part, str) for part in given)


def whole(text: str) -> str:
    """Return a text that can be encoded: half a character is none, and tokenizers refuse it."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise TypeError(f"a text with half a character, which tokenizers refuse: {error}") from None
    return text
