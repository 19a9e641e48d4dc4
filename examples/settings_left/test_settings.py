"""What one test configures is configured for all tests after it.

`isolate_reset` sets it after each test, without a fixture that somebody may forget.
"""

import settings


def test_large():
    settings.configure(model="large")
    assert settings.current.model == "large"


def test_small_is_the_default():
    assert settings.current.model == "small"
