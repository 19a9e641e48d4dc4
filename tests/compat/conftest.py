"""What the tests with the real plugins of others share.

Everything that is installed beside the plugin under test stays switched on, as in real life, save
pytest-randomly, which shuffles, and hypothesis, which takes half a second to start.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable

import pytest

#: Writes what the controller hears, which is all that any reporter of a run can know.
LISTENER = """
import json

def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Ears())

class Ears:
    def __init__(self):
        self.reports = []

    def pytest_runtest_logreport(self, report):
        self.reports.append((report.nodeid, report.when, report.outcome))

    def pytest_unconfigure(self):
        with open("reports.json", "w") as file:
            json.dump(self.reports, file)
"""

HOWS = {
    "session": ("--isolate=session",),
    "module, two at a time": ("--isolate=module", "-n", "2"),
    "function": ("--isolate=function",),
    "module, spawned": ("--isolate=module", "-o", "isolate_start=spawn"),
}


@dataclasses.dataclass(frozen=True)
class Heard:
    """A run that is over, and what its controller heard."""

    result: pytest.RunResult
    #: (node id, phase, outcome) of each report that the controller heard, in order.
    reports: list[tuple[str, str, str]]

    @property
    def outcomes(self) -> Counter[tuple[str, str, str]]:
        """How often each report came: once, if all is well."""
        return Counter(self.reports)

    @property
    def text(self) -> str:
        """What the user saw."""
        return self.result.stdout.str()

    def failed(self) -> list[str]:
        """Return the node ids of the tests that failed in any phase, in order."""
        return [nodeid for nodeid, _, outcome in self.reports if outcome == "failed"]

    def passed(self) -> list[str]:
        """Return the node ids of the tests whose body passed, in order."""
        return [nodeid for nodeid, when, outcome in self.reports if (when, outcome) == PASSED]


PASSED = ("call", "passed")


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    """Keep what surrounds our own tests from what they start."""
    for name in (
        "PYTEST_ADDOPTS",
        "PYTEST_XDIST_WORKER",
        "PYTEST_XDIST_WORKER_COUNT",
        "PYTEST_XDIST_TESTRUNUID",
        "TEAMCITY_VERSION",
        "COVERAGE_PROCESS_START",
        # hypothesis keeps no examples where one of these tells it that nobody will look at them.
        "CI",
        "GITHUB_ACTIONS",
        "GITLAB_CI",
        "TF_BUILD",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def heard(pytester, monkeypatch) -> Callable[..., Heard]:
    """Return a function that runs pytest with these arguments in a process of its own."""
    pytester.makepyfile(listener=LISTENER)
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))

    def start(*args: str, on: str = "") -> Heard:
        off = {"randomly", "hypothesispytest"} - {on}
        (pytester.path / "reports.json").unlink(missing_ok=True)
        result = pytester.runpytest_subprocess(
            "-p", "listener", *(f"-pno:{name}" for name in sorted(off)), *args, timeout=60
        )
        heard = pytester.path / "reports.json"
        assert heard.exists(), f"the run ended with {result.ret} before its controller's end"
        return Heard(result, [tuple(report) for report in json.loads(heard.read_text())])

    return start


@pytest.fixture(params=HOWS.values(), ids=HOWS)
def how(request) -> tuple[str, ...]:
    """Return the options of one way to isolate."""
    return request.param
