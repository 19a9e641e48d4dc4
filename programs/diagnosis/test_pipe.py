"""The default action of SIGPIPE is left in force; a later test writes to a pipe nobody reads."""

import os
import signal


def test_culprit():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def test_victim():
    reading, writing = os.pipe()
    os.close(reading)
    os.write(writing, b"x")
