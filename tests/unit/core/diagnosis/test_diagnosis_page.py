"""The table in docs/diagnosis.md is made from the rules.

`python tests/unit/core/diagnosis/test_diagnosis_page.py` writes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pytest_bulkhead.core.diagnosis.table import RULES

PAGE = Path(__file__).parents[4] / "docs" / "diagnosis.md"
BEGIN, END = "<!-- made by tests/unit/core/diagnosis/test_diagnosis_page.py -->\n", "<!-- end -->\n"


def written() -> str:
    """Return all rules as they are documented."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "| name | what you see | what it means | proof, and how sure it is | what to do |"
    yield "|---|---|---|---|---|"
    for rule in RULES:
        seen = "<br>".join(f"`{symptom}`" for symptom in rule.symptoms)
        link = f" ([more]({rule.link}))" if rule.link else ""
        yield f"| `{rule.name}` | {seen} | {rule.verdict}{link} | {rule.proof} | {rule.mend} |"


def test_the_table_is_as_the_code():
    """Every rule has its row: symptoms, cause, proof, mend and link."""
    assert written() == PAGE.read_text().partition(BEGIN)[2].partition(END)[0]


if __name__ == "__main__":
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}{written()}{END}{rest.partition(END)[2]}")
