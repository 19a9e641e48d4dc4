"""What is kept of a crash in a folder: the folder's name, and the text of each file.

A node id is no name of a folder: it has slashes, may be longer than one may be, and two of them may
differ only in what cannot be written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Mapping, Sequence

from pytest_bulkhead.core.crash.evidence import Evidence, as_plain

#: Characters of a name; file systems allow 255 bytes, and CI systems put long paths before it.
MAX_NAME = 100


def folder_name(nodeid: str, taken: Container[str]) -> str:
    """Return a name that any file system takes, and that is not taken, also where case is ignored.

    Args:
        nodeid: of the test, or the name of a process.
        taken: names that were given, in small letters.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", nodeid).strip("._") or "test"
    name, number = plain[:MAX_NAME], 1
    while name.lower() in taken:
        number += 1
        ending = f"-{number}"
        name = plain[: MAX_NAME - len(ending)] + ending
    return name


def file_texts(
    evidence: Evidence, report: str, sections: Sequence[tuple[str, str]]
) -> Mapping[str, str]:
    """Return {file: text} of a crash, those left out that would be empty.

    Args:
        evidence: all of it.
        report: as the terminal has it.
        sections: of the report, what was captured among them.
    """
    texts = {
        "report.txt": report,
        "stacks.txt": _stacks(evidence),
        "native.txt": evidence.native,
        "stdout.txt": _captured(sections, "stdout"),
        "stderr.txt": _captured(sections, "stderr"),
        "evidence.json": json.dumps(as_plain(evidence), indent=1),
    }
    return {name: f"{text.rstrip()}\n" for name, text in texts.items() if text.strip()}


def _captured(sections: Sequence[tuple[str, str]], stream: str) -> str:
    """Return what was written to a stream in all phases."""
    found = [(title, text) for title, text in sections if title.startswith(f"Captured {stream}")]
    if len(found) == 1:
        return found[0][1]
    return "\n".join(f"--- {title}\n{text}" for title, text in found)


def _stacks(evidence: Evidence) -> str:
    parts, seen = [evidence.stacks], evidence.standstill
    if seen is not None:
        parts += [f"--- {seen.seconds:.2f} s later\n{seen.again}"] if seen.again else []
        parts += [f"--- process {one.pid}: {one.command}\n{one.stacks}" for one in seen.below]
    return "\n".join(parts)
