"""Crashes as annotations of GitHub Actions: a line on stdout that is shown beside the test's code.

The format is GitHub's, "Workflow commands for GitHub Actions", and so are the escapes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_IN_TEXT = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY = {**_IN_TEXT, **str.maketrans({":": "%3A", ",": "%2C"})}


def write_annotations(
    reporter: Any,  # noqa: ANN401 - TerminalReporter
    reports: Iterable[Any],
    environ: Mapping[str, str],
) -> None:
    """Write an annotation for each report of a death, where GitHub runs this.

    Args:
        reporter: pytest's.
        reports: any; those that are of no death are left alone.
        environ: the environment.
    """
    if environ.get("GITHUB_ACTIONS") != "true":
        return
    root, workspace = reporter.config.rootpath, environ.get("GITHUB_WORKSPACE", "")
    for report in reports:
        if hasattr(report, "isolate_headline"):
            file, line, _name = report.location
            place = place_in(workspace, root / file)
            told = annotation(place, line, report.nodeid, report.isolate_headline)
            reporter.write_line(told)


def place_in(workspace: str, file: Path) -> str:
    """Return a file as GitHub knows it: from the root of the repository, if it is in there."""
    if not workspace or not file.is_relative_to(workspace):
        return os.fspath(file)
    return os.fspath(file.relative_to(workspace))


def annotation(file: str, line: int | None, title: str, text: str) -> str:
    """Return the annotation.

    Args:
        file: where the test is.
        line: its line, counted from 0; None for not known.
        title: the annotation's first line.
        text: what it says.
    """
    properties = {"file": file, "line": "" if line is None else str(line + 1), "title": title}
    shown = ",".join(f"{k}={v.translate(_IN_PROPERTY)}" for k, v in properties.items() if v)
    return f"::error {shown}::{text.translate(_IN_TEXT)}"
