"""What is worked on: jobs, and the queue that they come from."""

from __future__ import annotations

import dataclasses
import json
from collections import deque
from collections.abc import Iterable, Iterator


class BadJobError(Exception):
    """A job that nobody can work on."""


@dataclasses.dataclass(frozen=True)
class Job:
    """Rows of numbers that are to be scored against one another."""

    name: str
    query: tuple[float, ...]
    rows: tuple[tuple[float, ...], ...]
    tries: int = 0

    @classmethod
    def decoded(cls, line: str) -> Job:
        """Read a job from a line of JSON; raise BadJobError for anything else."""
        try:
            read = json.loads(line)
            query, rows = tuple(read["query"]), tuple(map(tuple, read["rows"]))
        except (ValueError, KeyError, TypeError) as problem:
            raise BadJobError(f"not a job: {line[:60]}") from problem
        if any(len(row) != len(query) for row in rows):
            raise BadJobError(f"job {read.get('name')}: rows are not as wide as its query")
        return cls(str(read.get("name", "")), query, rows)


class Queue:
    """Jobs in the order in which they came; one that failed comes again, at the end."""

    def __init__(self, jobs: Iterable[Job] = (), most_tries: int = 3) -> None:
        self._jobs = deque(jobs)
        self._most = most_tries
        self.given_up: list[Job] = []

    def __iter__(self) -> Iterator[Job]:
        while self._jobs:
            yield self._jobs.popleft()

    def again(self, job: Job) -> None:
        """Put back a job that failed, or give it up."""
        tried = dataclasses.replace(job, tries=job.tries + 1)
        if tried.tries < self._most:
            self._jobs.append(tried)
        else:
            self.given_up.append(tried)
