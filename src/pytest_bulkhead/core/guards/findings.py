"""What a test left behind: findings, what is to be done about them, and who accepts which.

A **guard** watches one resource of the process (`guards`). It is given a policy:

- `off`: nobody looks.
- `report`: what is found is told; nothing else changes.
- `restore`: it is put back, and told.
- `fail`: it is an error at the test's teardown.

What a test declares by `@pytest.mark.leaves("threads", reason="...")` is accepted: it is noted in
the journal and nowhere else.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from pytest_bulkhead.core.marks import Mark
from pytest_bulkhead.errors import UsageProblem

#: The mark that accepts findings.
LEAVES = "leaves"


class Policy(enum.Enum):
    """What is done about a finding."""

    OFF = "off"
    REPORT = "report"
    RESTORE = "restore"
    FAIL = "fail"


class Done(enum.Enum):
    """What was done about a finding."""

    REPORTED = "reported"
    RESTORED = "restored"
    #: It was to be restored, and could not be.
    STUCK = "stuck"
    FAILED = "failed"
    ACCEPTED = "accepted"


class Finding(NamedTuple):
    """What was left of one resource by one test, fixture or module."""

    guard: str
    #: Each thing that was left, in a few words.
    texts: tuple[str, ...]
    #: The node id of a test or module, or a fixture as the black box names it.
    blamed: str
    done: Done


_EXAMPLE = "hint: isolate_guards = report threads=fail environ=restore"


def parse_policies(
    words: Iterable[str], names: Sequence[str], unasked: Collection[str]
) -> dict[str, Policy]:
    """Return the policy of each guard.

    Args:
        words: of the ini key `isolate_guards`: a policy for all guards, or `guard=policy`; of two
            that contradict, the later one counts.
        names: the guards that there are.
        unasked: those of them that are off until they are asked for by name.

    Raises:
        UsageProblem: no such policy, or no such guard.
    """
    general, named = Policy.REPORT, dict[str, Policy]()
    for word in (part for line in words for part in line.split()):
        name, is_named, value = word.rpartition("=")
        policy = _parse_policy(word, value)
        if not is_named:
            general = policy
        elif name in names:
            named[name] = policy
        else:
            known = ", ".join(names)
            raise _refuse(f"{word!r}: there is no guard {name!r}, there are {known}")
    rest = {name: Policy.OFF if name in unasked else general for name in names}
    return {**rest, **named}


def _parse_policy(word: str, value: str) -> Policy:
    try:
        return Policy(value)
    except ValueError:
        known = ", ".join(policy.value for policy in Policy)
        raise _refuse(f"{word!r}: {value!r} is none of {known}") from None


def _refuse(what: str) -> UsageProblem:
    return UsageProblem(f"ini key isolate_guards: {what}\n{_EXAMPLE}")


def read_leaves(nodeid: str, marks: Iterable[Mark], names: Collection[str]) -> Mapping[str, str]:
    """Return {guard whose findings a test accepts: the reason}.

    Args:
        nodeid: the test, for messages.
        marks: its marks `leaves`, closest first.
        names: the guards that there are.

    Raises:
        UsageProblem: a mark names no guard, or one that there is not.
    """
    accepted: dict[str, str] = {}
    for mark in marks:
        unknown = [name for name in mark.args if name not in names]
        if not mark.args:
            raise _refuse_mark(nodeid, "names no guard")
        if unknown:
            known = ", ".join(names)
            raise _refuse_mark(nodeid, f"there is no guard {unknown[0]!r}, there are {known}")
        reason = _read_reason(nodeid, mark)
        for name in map(str, mark.args):
            accepted.setdefault(name, reason)
    return accepted


def _read_reason(nodeid: str, mark: Mark) -> str:
    unknown = sorted(set(mark.kwargs) - {"reason"})
    if unknown:
        raise _refuse_mark(nodeid, f"it has no argument {unknown[0]!r}")
    reason = mark.kwargs.get("reason", "")
    if not isinstance(reason, str):
        raise _refuse_mark(nodeid, f"a reason is a text, not {reason!r}")
    return reason


def _refuse_mark(nodeid: str, what: str) -> UsageProblem:
    return UsageProblem(
        f'{nodeid}: mark leaves: {what}\nhint: write @pytest.mark.leaves("threads", reason="...")'
    )


def what_is_done(policy: Policy, *, accepted: bool) -> Done:
    """Return what is to be done about a finding of a guard that is not off.

    What is to be restored may turn out stuck.
    """
    if accepted:
        return Done.ACCEPTED
    return _DONE[policy]


_DONE = {
    Policy.REPORT: Done.REPORTED,
    Policy.RESTORE: Done.RESTORED,
    Policy.FAIL: Done.FAILED,
}
