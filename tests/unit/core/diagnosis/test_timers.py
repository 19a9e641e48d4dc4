"""Specification of `core.diagnosis.timers`."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core.diagnosis.timers import ALARM, CPU, LIMIT, WATCHDOG

from .crashes import certainty, crash, left

TIMEOUT = "Timeout (0:00:10)!\n"
ARMED = left("faulthandler", "the watchdog of faulthandler (dump_traceback_later) is armed")


@pytest.mark.parametrize(
    ("sure", "evidence"),
    [
        ("certain", crash(code=1, output=TIMEOUT)),
        ("certain", crash(code=1, output=f"text\n{TIMEOUT}Thread 0x1", left=ARMED)),
        ("likely", crash(code=1, left=ARMED)),
        ("", crash(code=1)),
        ("", crash(code=2, output=TIMEOUT, left=ARMED)),
        ("", crash(11, output=TIMEOUT, left=ARMED)),
    ],
)
def test_the_watchdog_of_faulthandler(sure, evidence):
    """It leaves with exit code 1, and says so, or was left armed."""
    assert certainty(WATCHDOG.judge(evidence)) == sure


@pytest.mark.parametrize(("signal", "timer"), [(14, "real"), (26, "virtual"), (27, "profiling")])
def test_an_alarm_is_known_by_its_signal(signal, timer):
    """Who left that very timer armed makes it certain."""
    armed = left("signals", f"the {timer} timer is armed (signal.alarm or setitimer)")

    assert certainty(ALARM.judge(crash(signal, left=armed))) == "certain"
    assert certainty(ALARM.judge(crash(signal))) == "likely"
    assert certainty(ALARM.judge(crash(signal, left=left("signals", "x")))) == "likely"
    assert ALARM.judge(crash(11, left=armed)) is None


def test_the_limit_of_cpu_time_is_known_by_its_signal():
    """Who lowered it makes it certain."""
    lowered = left("limits", "RLIMIT_CPU: (1, -1), was (-1, -1)")

    assert certainty(CPU.judge(crash(24, left=lowered))) == "certain"
    assert certainty(CPU.judge(crash(24))) == "likely"
    assert CPU.judge(crash(9, left=lowered)) is None


def test_our_own_limit_is_certain():
    """We ended it, and know when."""
    grounds = LIMIT.judge(crash(9, timed_out=True, seconds=2.0))

    assert certainty(grounds) == "certain"
    assert "after 2.0 s" in grounds.reasons[0]
    assert LIMIT.judge(crash(9)) is None
