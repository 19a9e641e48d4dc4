"""The process leaves, successfully, in the middle of a test."""

import os


def test_guilty():
    os._exit(0)
