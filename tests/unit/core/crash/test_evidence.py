"""Specification of `core.crash.evidence`."""

from __future__ import annotations

import json

from pytest_bulkhead.core.crash.evidence import Evidence, as_plain
from pytest_bulkhead.core.crash.standstill import Below, Standstill
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.guards.findings import Done, Finding
from pytest_bulkhead.core.item import Phase


def test_evidence_as_json():
    """All of it, by name, however deep; what reads it knows no type of ours."""
    known = Evidence(
        "a.py::t", "gw0", Phase.CALL, "", End(signal=11), before=("a.py::s",),
        left=(Finding("environ", ("X",), "a.py::s", Done.REPORTED),),
        standstill=Standstill(0.3, 0.1, "R (running)", below=(Below(7, "sleep", "S"),)),
        extensions=(("numpy", "2.3"),),
    )  # fmt: skip
    read = json.loads(json.dumps(as_plain(known)))

    assert set(read) == set(Evidence._fields)
    assert read["end"]["signal"] == 11
    assert read["phase"] == Phase.CALL
    assert read["before"] == ["a.py::s"]
    assert read["left"][0]["done"] == "reported"
    assert read["standstill"]["below"][0] == {
        "pid": 7, "command": "sleep", "state": "S", "stacks": "",
    }  # fmt: skip
    assert read["extensions"] == [["numpy", "2.3"]]
