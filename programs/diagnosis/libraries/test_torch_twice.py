"""torch is taken out of `sys.modules` and imported again, by a test that does not give up."""

import sys


def evict():
    for name in list(sys.modules):
        if name.partition(".")[0] == "torch":
            del sys.modules[name]


def test_culprit():
    import torch  # noqa: F401

    evict()


def test_victim():
    # The first time may end in an exception, as `bad call flags`: it reads what has been freed.
    for _ in range(100):
        try:
            import torch  # noqa: F401
        except Exception:
            evict()
