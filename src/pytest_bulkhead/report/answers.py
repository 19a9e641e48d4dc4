"""What running a test once more has shown of it, in words."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.core.inquiry import Answer, Verdict
from pytest_bulkhead.report.crash import bisect_command

#: The section of a report that has it.
TITLE = "isolate: run once more"

#: More node ids than this are not written on one line.
_MAX_NAMED = 8


def answer_lines(
    answer: Answer, nodeid: str, culprits: Sequence[str], before: Sequence[str], journal: str
) -> Iterator[str]:
    """Yield what an answer means.

    Args:
        answer: what was shown.
        nodeid: of the test.
        culprits: node ids of `answer.culprits`.
        before: those of the tests that ran before it in its process.
        journal: the file that has all of them; empty where none is written.
    """
    yield from _WORDS[answer.verdict](answer, nodeid, culprits, before)
    if answer.verdict is Verdict.NEEDS and not culprits:
        yield f"which of them: {bisect_command(nodeid, journal)}"
        yield 'keep it apart meanwhile: @pytest.mark.isolate("function")'
    if culprits:
        yield from _culprit_lines(answer, nodeid, culprits)


def short_words(answer: Answer, culprits: Sequence[str]) -> str:
    """Return the same for one line of a list; empty when there is nothing to say so shortly."""
    if answer.verdict is Verdict.ALONE or answer.verdict is Verdict.UNCLEAR:
        return ""
    named = " and ".join(culprits) if culprits and len(culprits) <= 2 else ""
    if answer.verdict is Verdict.NEEDS:
        return f"only after {named}" if named else f"{answer.state.word} alone"
    return f"passes only after {named}" if named else _passes_at(answer)


def _alone(
    answer: Answer, _nodeid: str, _culprits: Sequence[str], _before: Sequence[str]
) -> Iterator[str]:
    if answer.state is State.FAILED:
        yield "run once more, it failed again: no other test is to blame"
    else:
        verb = _verb(answer.state)
        yield f"run alone in a fresh process, it {verb} again: no other test is needed"


def _needs(
    answer: Answer, _nodeid: str, culprits: Sequence[str], before: Sequence[str]
) -> Iterator[str]:
    yield f"run alone in a fresh process, it {_verb(answer.state)}: it breaks only after others"
    if not culprits:
        shown = ", ".join(before[-_MAX_NAMED:])
        more = f" (and {len(before) - _MAX_NAMED} earlier ones)" if len(before) > _MAX_NAMED else ""
        yield f"one or several of these have to run before it: {shown}{more}"


def _hidden(
    answer: Answer, _nodeid: str, culprits: Sequence[str], _before: Sequence[str]
) -> Iterator[str]:
    assert answer.level is not None, "a hidden dependency is one at a level"
    after = ", ".join(culprits[-_MAX_NAMED:]) or "tests before it"
    yield f"passes only after {after}: hidden dependency"
    yield f"it would pass at {answer.level.word} level; let it do itself what those do for it"


def _unclear(
    answer: Answer, _nodeid: str, _culprits: Sequence[str], _before: Sequence[str]
) -> Iterator[str]:
    if answer.state is State.NOT_RUN:
        yield "run once more, it did not come to run: nothing can be said of the tests before it"
    else:
        yield f"run once more, it {_verb(answer.state)}: it does not end the same way each time"


def _culprit_lines(answer: Answer, nodeid: str, culprits: Sequence[str]) -> Iterator[str]:
    if answer.verdict is Verdict.NEEDS:
        fewer = "perhaps fewer, for time was over" if answer.unfinished else "and no fewer"
        yield f"it breaks after {', '.join(culprits)} ({fewer})"
        yield 'keep them apart: @pytest.mark.isolate("function") on one of them'
    if len(culprits) <= _MAX_NAMED:
        ids = shlex.join([*culprits, nodeid])
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
