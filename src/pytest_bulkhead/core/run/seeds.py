"""Seeds of random streams: each process its own, all from that of the run."""

from __future__ import annotations

import hashlib

#: numpy takes seeds below this.
LIMIT = 2**32


def derive_seed(run_seed: int, *names: str) -> int:
    """Return the seed of a process, the same on every machine and in every Python.

    Args:
        run_seed: the seed of the run.
        names: what sets the process apart from the others of its run.
    """
    text = "\0".join([str(run_seed), *names])
    digest = hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=4).digest()
    return int.from_bytes(digest, "big")
