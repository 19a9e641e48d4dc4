"""What was captured in several processes for one phase of a test, joined as if it had been one.

Knows nothing of reports: sections are tuples.
"""

from __future__ import annotations

from collections.abc import Iterable

#: (phase, stream, text), as an item keeps what was captured; no phase when somebody else added it.
Section = tuple[str, str, str]

#: The order in which pytest shows what it has captured in a phase.
_STREAMS = ("stdout", "stderr", "log")
_CAPTURED = "Captured "


def join_sections(earlier: Iterable[Section], later: Iterable[Section]) -> list[Section]:
    """Return all sections, those of the same phase and stream joined."""
    joined = list(earlier)
    for phase, stream, text in later:
        same = [at for at, section in enumerate(joined) if section[:2] == (phase, stream)]
        if same:
            before = joined[same[-1]][2]
            # Pytest strips what was logged.
            gap = "\n" if stream == "log" and not before.endswith("\n") else ""
            joined[same[-1]] = (phase, stream, f"{before}{gap}{text}")
        else:
            joined.insert(_place(joined, phase, stream), (phase, stream, text))
    return joined


def _place(sections: list[Section], phase: str, stream: str) -> int:
    """Return where a section has to stand so that the streams of its phase are in order."""
    following = _STREAMS[_STREAMS.index(stream) + 1 :] if stream in _STREAMS else ()
    places = (at for at, one in enumerate(sections) if one[0] == phase and one[1] in following)
    return next(places, len(sections))


def from_titles(sections: Iterable[tuple[str, str]]) -> list[Section]:
    """Return the sections of a report, which have titles: `Captured stdout call`."""
    found = []
    for title, text in sections:
        stream, _, phase = title.removeprefix(_CAPTURED).partition(" ")
        captured = title.startswith(_CAPTURED) and stream in _STREAMS
        found.append((phase, stream, text) if captured else ("", title, text))
    return found


def to_titles(sections: Iterable[Section]) -> list[tuple[str, str]]:
    """Return sections as a report has them."""
    return [
        (f"{_CAPTURED}{stream} {phase}" if phase else stream, text)
        for phase, stream, text in sections
    ]
