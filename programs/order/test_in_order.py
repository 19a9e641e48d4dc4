"""Three tests, in this order and no other, bring a state machine to where the victim fails."""

STEPS = []


def test_opens():
    STEPS[:] = ["open"]


def test_harmless():
    assert len(STEPS) < 9


def test_pauses():
    STEPS.append("paused") if STEPS == ["open"] else STEPS.clear()


def test_resumes():
    STEPS.append("resumed") if STEPS == ["open", "paused"] else STEPS.clear()


def test_victim():
    assert STEPS != ["open", "paused", "resumed"]
