"""A test sets an alarm that it does not await."""

import signal
import time


def test_guilty():
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    time.sleep(10)
