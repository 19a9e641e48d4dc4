"""What running a test once more has shown of it, in words."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.core.again.inquiry import Answer, Verdict
from pytest_bulkhead.core.guards.findings import Finding
from pytest_bulkhead.report.crash import bisect_command

#: The section of a report that has it.
TITLE = "isolate: run once more"

#: More node ids than this are not written on one line.
_MAX_NAMED = 8


class Involved(NamedTuple):
    """Node ids of the test that an answer is about, and of those it may need."""

    nodeid: str
    #: Of `Answer.culprits`.
    culprits: Sequence[str] = ()
    #: Of the tests that ran before it in its process.
    before: Sequence[str] = ()
    #: The file that has all of them; empty where none is written.
    journal: str = ""


def answer_lines(answer: Answer, involved: Involved, left: Sequence[Finding] = ()) -> Iterator[str]:
    """Yield what an answer means.

    Args:
        answer: what was shown.
        involved: of whom.
        left: what guards found that the culprits had left behind.
    """
    yield from _WORDS[answer.verdict](answer, involved)
    if involved.culprits:
        yield from _culprit_lines(answer, involved, left)


def short_words(answer: Answer, culprits: Sequence[str]) -> str:
    """Return the same for one line of a list; empty when there is nothing to say so shortly."""
    if answer.verdict is Verdict.ALONE or answer.verdict is Verdict.UNCLEAR:
        return ""
    named = " and ".join(culprits) if culprits and len(culprits) <= 2 else ""
    if answer.verdict is Verdict.NEEDS:
        return f"only after {named}" if named else f"{answer.state.word} alone"
    return f"passes only after {named}" if named else _passes_at(answer)


def _alone(answer: Answer, _involved: Involved) -> Iterator[str]:
    if answer.state is State.FAILED:
        yield "run once more, it failed again: no other test is to blame"
    else:
        verb = _verb(answer.state)
        yield f"run alone in a fresh process, it {verb} again: no other test is needed"


def _needs(answer: Answer, involved: Involved) -> Iterator[str]:
    yield f"run alone in a fresh process, it {_verb(answer.state)}: it breaks only after others"
    if not involved.culprits:
        more = len(involved.before) - _MAX_NAMED
        shown = ", ".join(involved.before[-_MAX_NAMED:])
        earlier = f" (and {more} earlier ones)" if more > 0 else ""
        yield f"one or several of these have to run before it: {shown}{earlier}"
        yield f"which of them: {bisect_command(involved.nodeid, involved.journal)}"
        yield 'keep it apart meanwhile: @pytest.mark.isolate("function")'


def _hidden(answer: Answer, involved: Involved) -> Iterator[str]:
    assert answer.level is not None, "a hidden dependency is one at a level"
    after = ", ".join(involved.culprits[-_MAX_NAMED:]) or "tests before it"
    yield f"passes only after {after}: hidden dependency"
    yield f"it would pass at {answer.level.word} level; let it do itself what those do for it"


def _unclear(answer: Answer, _involved: Involved) -> Iterator[str]:
    if answer.state is State.NOT_RUN:
        yield "run once more, it did not come to run: nothing can be said of the tests before it"
    else:
        yield f"run once more, it {_verb(answer.state)}: it does not end the same way each time"


def _culprit_lines(answer: Answer, involved: Involved, left: Sequence[Finding]) -> Iterator[str]:
    if answer.verdict is Verdict.NEEDS:
        fewer = "perhaps fewer: the search was cut off" if answer.unfinished else "and no fewer"
        yield f"it breaks after {', '.join(involved.culprits)} ({fewer})"
        for finding in left:
            yield f"what {finding.blamed} left there: {finding.guard}: {'; '.join(finding.texts)}"
        yield 'keep them apart: @pytest.mark.isolate("function") on one of them'
    if len(involved.culprits) <= _MAX_NAMED:
        ids = shlex.join([*involved.culprits, involved.nodeid])
        yield f"run it again: pytest -n0 --isolate=session -p no:randomly {ids}"


def _passes_at(answer: Answer) -> str:
    return f"passes at {answer.level.word} level" if answer.level else ""


def _verb(state: State) -> str:
    return "was skipped" if state is State.SKIPPED else state.word


_WORDS = {
    Verdict.ALONE: _alone,
    Verdict.NEEDS: _needs,
    Verdict.HIDDEN: _hidden,
    Verdict.UNCLEAR: _unclear,
}
