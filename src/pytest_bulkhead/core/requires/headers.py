"""The comments at the top of a script that say what marks say of a test.

# requires: gpu=1 gpu_memory=24GB module=vllm>=0.9
# timeout: 120
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import NamedTuple

from pytest_bulkhead.core.requires.mark_lines import read_keys
from pytest_bulkhead.errors import UsageProblem

_HEADER = re.compile(r"#\s*(requires|timeout):(.*)")


class Header(NamedTuple):
    """A mark, as a comment has it."""

    name: str
    args: tuple[object, ...]
    kwargs: Mapping[str, object]


def read_headers(source: str, where: str) -> Iterator[Header]:
    """Yield the marks of a script, as far as there are but comments and empty lines.

    Args:
        source: of the script.
        where: it is, for messages.

    Raises:
        UsageProblem: a comment that begins as one of ours does not go on so.
    """
    lines = (line.strip() for line in source.splitlines())
    top = takewhile(lambda line: not line or line.startswith("#"), lines)
    for number, line in enumerate(top, 1):
        match = _HEADER.match(line)
        if match and match[1] == "requires":
            yield Header("requires", (), read_keys(match[2], f"{where}:{number}"))
        elif match:
            yield Header("timeout", (_read_seconds(match[2], f"{where}:{number}"),), {})


def _read_seconds(text: str, where: str) -> float:
    if re.fullmatch(r"\s*\d+(\.\d*)?\s*", text) is None:
        what = f"{text.strip()!r} is no number of seconds"
        raise UsageProblem(f"{where}: {what}\nhint: write # timeout: 120, or 0 for never")
    return float(text)
