"""Sphinx's configuration: `nox -s docs` builds the site into `build/site`.

The source is the whole repository and the pages are its own Markdown files, so that one link holds
both on GitHub and on the site. What only Sphinx understands, the tables of contents, is added here
while it reads, and stands in no page.
"""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx

from pytest_bulkhead import __version__

ROOT = Path(__file__).parent.parent
#: Title of a part of the site: its pages, in order.
PARTS = {
    "Overview": ["README </README>"],
    "Guides": ["guides/crashes", "guides/*"],
    "In depth": ["How it works <architecture>", "*"],
    "Reference": ["reference/options", "reference/*"],
    "Examples": ["/examples/stories/*/README"],
    "Project": ["/CHANGELOG", "/CONTRIBUTING"],
}

project = "pytest-bulkhead"
version = release = __version__
extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/*.md", "docs/*/*.md", "examples/stories/*/README.md"]
#: Sphinx walks through every other folder, of which some have a hundred thousand files.
exclude_patterns = [".*", "bench", "build", "dist", "programs", "src", "tests"]
myst_heading_anchors = 4
#: They would make one dash of the two of an option.
smartquotes = False
html_theme = "furo"
html_title = project
html_extra_path = ["site"]
html_copy_source = False


def add_contents(_app: Sphinx, page: str, source: list[str]) -> None:
    """Put the tables of contents below the first page."""
    if page == root_doc:
        source[0] += "".join(_contents(title) for title in PARTS if _is_there(title))


def _contents(title: str) -> str:
    pages = "\n".join(PARTS[title])
    return f"\n```{{toctree}}\n:hidden:\n:glob:\n:caption: {title}\n\n{pages}\n```\n"


def _is_there(title: str) -> bool:
    """Return whether a part has pages: to Sphinx, one that matches none is a mistake."""
    patterns = [page.rpartition("<")[2].rstrip(">") for page in PARTS[title]]
    files = [f"{it[1:]}.md" if it.startswith("/") else f"docs/{it}.md" for it in patterns]
    return any(next(ROOT.glob(file), None) for file in files)


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", add_contents)
