"""A timer is left armed, and goes off in whichever test works longest."""

import signal
import time


def test_before():
    pass


def test_arms_a_timer():
    # In seconds of work, not of the clock: how busy the machine is does not matter.
    signal.setitimer(signal.ITIMER_PROF, 0.2)


def test_between():
    pass


def test_victim():
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass
