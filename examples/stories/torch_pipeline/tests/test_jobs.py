"""Jobs and their queue."""

import pytest
from scorer.jobs import BadJobError, Job, Queue


def test_decoded():
    job = Job.decoded('{"name": "a", "query": [1, 0], "rows": [[0, 1], [1, 1]]}')
    assert job == Job("a", (1, 0), ((0, 1), (1, 1)))


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("ship", id="no_json"),
        pytest.param('{"name": "a"}', id="no_rows"),
        pytest.param('{"query": [1], "rows": [[1, 2]]}', id="ragged"),
    ],
)
def test_not_a_job(line):
    with pytest.raises(BadJobError):
        Job.decoded(line)


def test_failed_jobs_come_again():
    queue = Queue([Job("a", (1,), ()), Job("b", (1,), ())], most_tries=2)
    names = []
    for job in queue:
        names.append(job.name)
        queue.again(job)
    assert names == ["a", "b", "a", "b"]
    assert [job.name for job in queue.given_up] == ["a", "b"]
