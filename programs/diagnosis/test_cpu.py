"""A limit of CPU time is left low."""

import resource
import time


def test_culprit():
    used = int(time.process_time())
    resource.setrlimit(resource.RLIMIT_CPU, (used + 1, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def test_victim():
    while True:
        pass
