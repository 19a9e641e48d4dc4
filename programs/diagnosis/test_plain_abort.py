"""A plain abort."""

import os


def test_guilty():
    os.abort()
