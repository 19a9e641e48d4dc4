"""Two tests together: one registers what is bad, another one turns on its use."""

import ctypes

STATE = {"address": 0, "on": False}


def test_before():
    STATE["other"] = True


def test_registers():
    STATE["address"] = 8


def test_between():
    assert STATE["on"] in (True, False)


def test_turns_on():
    STATE["on"] = True


def test_victim():
    if STATE["on"] and STATE["address"]:
        ctypes.string_at(STATE["address"])
