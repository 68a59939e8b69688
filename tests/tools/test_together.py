"""All rows at once: what is counted of clippy's and the tests' words, and what is a problem."""

from __future__ import annotations

import json
from collections import Counter

import together

FINE = {
    "rows": 7,
    "formatted": True,
    "warnings": 1,
    "new_warnings": [],
    "passed": 3,
    "ignored": 1,
    "failed": 0,
    "green": True,
    "second_run_same": True,
    "undo_exact": True,
}


def told(file: str, line: int, words: str, level: str = "warning") -> str:
    span = {"is_primary": True, "file_name": file, "line_start": line}
    message = {"message": words, "level": level, "spans": [span]}
    return json.dumps({"reason": "compiler-message", "message": message})


def test_a_warning_counts_once_a_place_and_is_the_same_where_lines_moved() -> None:
    before = together.warnings(
        [told("a.rs", 3, "unused"), told("a.rs", 3, "unused"), told("a.rs", 9, "unused"), "noise"]
    )
    after = together.warnings([told("a.rs", 5, "unused"), told("a.rs", 11, "unused")])
    assert before == after == Counter({"a.rs: unused": 2})
    more = together.warnings([told("a.rs", line, "unused") for line in (5, 11, 20)])
    assert list((more - before).elements()) == ["a.rs: unused"]
    assert together.warnings([told("a.rs", 1, "a note", "note")]) == Counter()


def test_the_tests_of_all_programs_are_counted() -> None:
    one = ["running 2 tests", "test a ... ok", "test b ... FAILED", "test result: FAILED. 1 passed"]
    two = ["running 2 tests", "test a ... ok", "test c ... ignored, later", "test result: ok."]
    assert together.outcomes([*one, *two]) == {"ok": 2, "FAILED": 1, "ignored": 1}


def test_what_is_not_as_it_must_be_is_named() -> None:
    assert together.problems(FINE) == []
    broken = {**FINE, "formatted": False, "green": False, "failed": 2, "undo_exact": False}
    assert together.problems(broken) == [
        "cargo fmt finds something",
        "2 tests are red",
        "undo leaves something",
    ]
    assert together.problems({**FINE, "new_warnings": ["a.rs: unused"]}) == [
        "new warnings: ['a.rs: unused']"
    ]


def test_the_table_has_a_line_for_each_commit() -> None:
    line = together.document({"aaaa": FINE})[-1]
    assert line == "| aaaa | 7 | clean | 1, 0 new | 3 | 1 | 0 | same | exact |"
