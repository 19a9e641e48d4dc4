"""Sizes of memory as people write them: `80GB` as things are sold, `80GiB` exact."""

from __future__ import annotations

import math
import re

#: Of the decimal units, for what is sold is not what can be used: an "80 GB" card has 79.2 GiB,
#: a "24 GB" one 22.05 GiB, and a machine keeps some of its memory for itself.
TOLERANCE = 0.05

_DECIMAL = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
_BINARY = {"MiB": 2**20, "GiB": 2**30, "TiB": 2**40}

_FORM = re.compile(r"(\d{1,9}(?:\.\d{1,9})?) ?([MGT]i?B)")


def parse_size(text: str) -> int | None:
    """Return the fewest bytes that are as much as this, None when it is no size.

    Args:
        text: as `48GB`, `1.5 TB` or `44GiB`; no other units.
    """
    match = _FORM.fullmatch(text)
    if match is None or not float(match[1]):
        return None
    number, unit = float(match[1]), match[2]
    if unit in _BINARY:
        return math.ceil(number * _BINARY[unit])
    return math.ceil(number * _DECIMAL[unit] * (1 - TOLERANCE))


def show_size(size: float) -> str:
    """Return a number of bytes as text, rounded down: it is never shown as more than it is."""
    unit = next((unit for unit in ("TiB", "GiB") if size >= _BINARY[unit]), "MiB")
    return f"{math.floor(size / _BINARY[unit] * 100) / 100:.2f} {unit}"


def write_size(least: float) -> str:
    """Return a size as it was written whose fewest bytes these are: `8GB`, `44GiB`."""
    for units, part in ((_DECIMAL, 1 - TOLERANCE), (_BINARY, 1.0)):
        for unit in reversed(units):
            number = round(least / part / units[unit], 2)
            # What was read was rounded up, by less than a byte.
            if number >= 1 and abs(number * units[unit] - least / part) < 2:
                return f"{number:.2f}".rstrip("0").rstrip(".") + unit  # `g` has exponents
    return f"{math.ceil(least / _BINARY['MiB'])}MiB"
