"""A descriptor is closed under its owner."""

import fcntl
import os

#: High, so that nothing that is opened meanwhile gets its number.
OWNED = fcntl.fcntl(os.open(os.devnull, os.O_WRONLY), fcntl.F_DUPFD, 500)


def test_before():
    assert os.write(OWNED, b"x") == 1


def test_closes_what_is_not_its_own():
    os.close(OWNED)


def test_between():
    os.close(os.open(os.devnull, os.O_RDONLY))


def test_victim():
    assert os.write(OWNED, b"x") == 1
