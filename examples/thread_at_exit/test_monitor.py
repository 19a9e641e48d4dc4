"""A daemon thread that is in torch while the interpreter ends aborts it, after all have passed.

A worker leaves without ending its interpreter, and the test that started the thread is named.
"""

import threading

import torch

begun = threading.Event()


def monitor():
    weights = torch.rand(256, 256)
    while True:
        weights = torch.nn.functional.normalize(weights @ weights)
        begun.set()


def test_monitor():
    threading.Thread(target=monitor, name="monitor", daemon=True).start()
    assert begun.wait(20)
