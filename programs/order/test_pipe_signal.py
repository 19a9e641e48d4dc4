"""SIGPIPE kills again, as it does in C programs; a later test writes to a closed pipe."""

import os
import signal


def test_before():
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def test_restores_the_default():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def test_between():
    signal.signal(signal.SIGUSR2, signal.SIG_DFL)


def test_victim():
    reader, writer = os.pipe()
    os.close(reader)
    try:
        os.write(writer, b"x")
    except BrokenPipeError:
        pass
    finally:
        os.close(writer)
