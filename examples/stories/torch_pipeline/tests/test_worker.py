"""The worker with the backend that it has in production."""

import pytest
from scorer.jobs import Job, Queue
from scorer.worker import Worker

JOBS = [
    Job("ships", (1.0, 0.0), ((0.0, 1.0), (1.0, 0.1))),
    Job("planes", (0.0, 1.0), ((0.0, 1.0), (1.0, 0.1))),
]


@pytest.fixture
def worker():
    return Worker(Queue(JOBS))


def test_works_with_torch(worker):
    import torch

    assert worker.backend.name == "torch"
    assert torch.is_grad_enabled()


def test_all_are_done(worker):
    assert worker.run() == 2


@pytest.mark.qualitative
def test_best(worker):
    worker.run()
    assert (worker.best("ships"), worker.best("planes")) == (1, 0)
