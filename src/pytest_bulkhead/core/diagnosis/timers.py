"""Time ran out: a watchdog, an alarm, a limit of the kernel's or of ours."""

from __future__ import annotations

import re

from pytest_bulkhead.core.crash.evidence import Evidence
from pytest_bulkhead.core.diagnosis.rule import Grounds, Rule, certain, left_by, likely, said
from pytest_bulkhead.core.ends import SIGNAL_NAMES

#: Which timer sends which signal.
_TIMERS = {14: "real", 26: "virtual", 27: "profiling"}
_CPU = 24
#: What the watchdog of faulthandler writes before it leaves with exit code 1.
_TIMEOUT = re.compile(r"^Timeout \(\d+:\d\d:\d\d(?:\.\d+)?\)!$", re.M)


def _watchdog(evidence: Evidence) -> Grounds | None:
    if evidence.end.code != 1:
        return None
    left = left_by(evidence, "faulthandler", "watchdog")
    line = said(evidence, _TIMEOUT)
    if line:
        return certain(f"its words are on stderr: {line}", *filter(None, [left]))
    return likely(left, "exit code 1, with which it leaves") if left else None


def _alarm(evidence: Evidence) -> Grounds | None:
    timer = _TIMERS.get(evidence.end.signal or 0)
    if timer is None:
        return None
    left = left_by(evidence, "signals", f"the {timer} timer is armed")
    sent = f"the {timer} timer sends {SIGNAL_NAMES[evidence.end.signal or 0]}"
    return certain(left) if left else likely(f"{sent}, and no earlier test left it armed")


def _cpu(evidence: Evidence) -> Grounds | None:
    if evidence.end.signal != _CPU:
        return None
    left = left_by(evidence, "limits", "RLIMIT_CPU")
    return certain(left) if left else likely("the kernel sends SIGXCPU when RLIMIT_CPU is used up")


def _limit(evidence: Evidence) -> Grounds | None:
    if not evidence.timed_out:
        return None
    return certain(f"it was ended by this plugin, after {evidence.seconds:.1f} s")


WATCHDOG = Rule(
    "watchdog",
    "the watchdog of faulthandler has ended the process",
    "have the test that armed it call faulthandler.cancel_dump_traceback_later()",
    ("Timeout (0:00:10)!", "crashed with exit code 1, in a test that calls no exit"),
    "exit code 1 and its words on stderr: certain; exit code 1 and the guard `faulthandler`, which "
    "saw it left armed: likely. pytest's `faulthandler_exit_on_timeout` is the same watchdog.",
    "https://docs.python.org/3/library/faulthandler.html#faulthandler.dump_traceback_later",
    _watchdog,
)
ALARM = Rule(
    "alarm",
    "an alarm or interval timer went off, and nobody took its signal",
    "call signal.alarm(0), or signal.setitimer(..., 0), in a teardown of the test that armed it",
    ("crashed with SIGALRM", "Alarm clock", "crashed with SIGPROF"),
    "the signal, and the guard `signals`, which saw who left it armed: certain; the signal alone: "
    "likely.",
    "https://docs.python.org/3/library/signal.html#signal.setitimer",
    _alarm,
)
CPU = Rule(
    "cpu_limit",
    "the limit of CPU time (RLIMIT_CPU) was used up",
    "set limits in a child process: what is used counts for all tests of a process",
    ("crashed with SIGXCPU", "CPU time limit exceeded"),
    "the signal, and the guard `limits`, which saw who lowered it: certain; the signal alone: "
    "likely.",
    "https://docs.python.org/3/library/resource.html#resource.RLIMIT_CPU",
    _cpu,
)
LIMIT = Rule(
    "time_limit",
    "it took longer than it may",
    "see in the stacks what it waited for; if it needs the time: @pytest.mark.timeout(seconds)",
    ("timed out in call after 30.0 s",),
    "we ended it: certain. It is a verdict for want of one that says what it hung in.",
    "",
    _limit,
)
