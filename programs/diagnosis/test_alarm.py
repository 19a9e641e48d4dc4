"""A test leaves an alarm armed."""

import signal
import time


def test_culprit():
    signal.setitimer(signal.ITIMER_REAL, 0.1)


def test_victim():
    time.sleep(10)
