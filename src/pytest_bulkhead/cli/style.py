"""Bold and red on a terminal, nothing elsewhere. Colour repeats what words say, never replaces it.

It knows no verb and no text of its own.
"""

from __future__ import annotations

import os
import sys

BOLD = "1"
RED = "31;1"


def wants_colour() -> bool:
    """Whether stdout is a terminal, and nobody forbade colour (https://no-color.org)."""
    return not os.environ.get("NO_COLOR") and sys.stdout.isatty()


def paint(text: str, code: str, *, colour: bool) -> str:
    """Return a text in a colour."""
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text
