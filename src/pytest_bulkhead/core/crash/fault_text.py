"""What faulthandler's text tells beside the stacks: how many threads, which extension modules."""

from __future__ import annotations

import re

_THREAD = re.compile(r"^(?:Current thread|Thread) 0x[0-9a-f]+", re.M)
#: A fatal error ends with them, Python's own left out; it lists them as `a.b, c.d (total: 2)`.
_EXTENSIONS = re.compile(r"^Extension modules: (.+) \(total: \d+\)$", re.M)


def thread_count(stacks: str) -> int:
    """Return how many threads of Python there were; of very many, faulthandler writes a hundred."""
    return len(_THREAD.findall(stacks))


def extension_packages(stacks: str) -> tuple[str, ...]:
    """Return the packages whose extension modules were loaded, each once, in that order."""
    found = _EXTENSIONS.search(stacks)
    names = found[1].split(", ") if found else []
    return tuple(dict.fromkeys(name.partition(".")[0] for name in names))
