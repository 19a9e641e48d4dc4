"""A test leaves the watchdog of faulthandler armed."""

import faulthandler
import time


def test_culprit():
    faulthandler.dump_traceback_later(0.2, exit=True)


def test_victim():
    time.sleep(10)
