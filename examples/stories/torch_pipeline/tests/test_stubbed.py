"""What the worker does when a GPU fails: with a stub of torch, since no GPU fails on demand."""

import sys
import types

from scorer.jobs import Job, Queue
from scorer.worker import Worker


def _fails(*_args, **_named):
    raise RuntimeError("CUDA error: device-side assert triggered")


sys.modules["torch"] = types.SimpleNamespace(
    cuda=types.SimpleNamespace(is_available=lambda: True),
    no_grad=_fails,
)


def test_device():
    assert Worker(Queue()).backend.device == "cuda"


def test_gives_up():
    told = []
    queue = Queue([Job("a", (1.0,), ((1.0,),))])
    worker = Worker(queue)
    assert worker.run(lambda job, problem: told.append((job.tries, str(problem)[:10]))) == 0
    assert told == [(0, "CUDA error"), (1, "CUDA error"), (2, "CUDA error")]
    assert queue.given_up[0].name == "a"
