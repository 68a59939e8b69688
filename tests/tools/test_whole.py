"""All finished gaps in one go: tools/whole.py."""

from __future__ import annotations

import whole

ROW = {"gap": "limits", "verdict": "green", "passed": 3, "known_defects": 1, "todo": 0}
ENTRY = {"machine": "M", "files": 7, "new_s": 1.25, "verify_s": 90, "rows": [ROW]}


def test_a_gap_that_is_not_as_declared_is_named() -> None:
    rows = [ROW, {**ROW, "gap": "todos", "verdict": "todo"}, {**ROW, "verdict": "proved"}]
    assert whole.red({**ENTRY, "rows": rows}) == ["todos"]


def test_a_commit_has_the_sums_of_its_rows() -> None:
    text = "\n".join(whole.document({"c1": {**ENTRY, "rows": [ROW, {**ROW, "gap": "other"}]}}))
    assert "| c1 | 2 | 7 | 1.25 s | 90 s | 6 | 2 | none |" in text
    assert "- c1: M." in text


def test_the_document_is_the_one_that_the_results_give() -> None:
    text = "\n".join(whole.document(whole.read_results())) + "\n"
    assert whole.TABLE.read_text("utf-8") == text, "run: python tools/whole.py table"
