"""Takes jobs from a queue and scores them, until none is left."""

from __future__ import annotations

from collections.abc import Callable

from scorer.backends import Backend, best_backend
from scorer.jobs import Job, Queue


class Worker:
    """Works with one backend, which is chosen when the first job comes."""

    def __init__(self, queue: Queue, backend: Backend | None = None) -> None:
        self._queue = queue
        self._backend = backend
        self.done: dict[str, list[float]] = {}

    @property
    def backend(self) -> Backend:
        """The backend, which may take seconds to load."""
        if self._backend is None:
            self._backend = best_backend()
        return self._backend

    def run(self, report: Callable[[Job, Exception], None] | None = None) -> int:
        """Work until the queue is empty; return how many jobs were done."""
        for job in self._queue:
            try:
                self.done[job.name] = self.backend.scores(job.query, job.rows)
            except (RuntimeError, ValueError) as problem:
                self._queue.again(job)
                if report is not None:
                    report(job, problem)
        return len(self.done)

    def best(self, name: str) -> int:
        """Return the number of the row that fits best."""
        scores = self.done[name]
        return scores.index(max(scores))
