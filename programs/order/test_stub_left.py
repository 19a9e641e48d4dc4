"""A stub stays in sys.modules; a later test needs the real module."""

import sys
import types


def test_before():
    pass


def test_leaves_a_stub():
    sys.modules["colorsys"] = types.ModuleType("colorsys")


def test_between():
    pass


def test_victim():
    import colorsys

    assert colorsys.rgb_to_hsv(0, 0, 0) == (0, 0, 0)
