"""Mutants of Python sources, against a record of what cosmic-ray makes of the same sources."""

import json
from pathlib import Path

import pytest

from operator_record import digest, sources
from scaffold.proof.pytest.kill.mutants import enumerate_mutants, find_mutants
from scaffold.proof.pytest.kill.operators import edits_of

ROOT = Path(__file__).parents[4]
SOURCE = (ROOT / "tests/testdata/operators/grades.py").read_text("utf-8")
RECORD = json.loads((ROOT / "tests/testdata/operators.json").read_text("utf-8"))


@pytest.mark.parametrize("name", RECORD)
def test_every_edit_is_one_that_cosmic_ray_makes_and_none_is_missing(name: str) -> None:
    source = sources(ROOT / "tests/testdata/operators")[name]
    ours = [
        (edit.operator, source[: edit.start] + edit.text + source[edit.end :])
        for edit in edits_of(source)
    ]

    assert digest(ours) == RECORD[name]


def test_the_record_is_of_all_targets_of_the_release() -> None:
    assert sources(ROOT / "tests/testdata/operators").keys() == RECORD.keys()
    assert sum(count for count, _ in RECORD.values()) > 2000


def test_only_edits_that_change_nothing_or_do_not_compile_are_no_mutants() -> None:
    found = find_mutants("pkg/grade.py", SOURCE)
    mutants = {m.source for m in [*found.mutants, *found.annotations, *found.equal_code]}

    for edit in edits_of(SOURCE):
        mutated = SOURCE[: edit.start] + edit.text + SOURCE[edit.end :]
        assert (mutated in mutants) == (compiles(mutated) and mutated != SOURCE), edit


@pytest.mark.parametrize("caught", ["()", "a.B", "f()", "a[0]", "(a.B, C)"])
def test_whatever_an_except_names_the_rest_is_mutated(caught: str) -> None:
    source = f"try:\n    A = 1\nexcept {caught}:\n    A = 2\n"

    assert [m.change for m in enumerate_mutants("a.py", source) if m.operator == "NumberReplacer"]


def compiles(source: str) -> bool:
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def test_each_mutant_compiles_and_says_what_it_changes() -> None:
    mutants = enumerate_mutants("pkg/grade.py", SOURCE)

    assert all(compiles(mutant.source) and mutant.source != SOURCE for mutant in mutants)
    limits = [mutant.change for mutant in mutants if mutant.line == 5]
    assert limits == ["LIMIT = 10 -> LIMIT = 11", "LIMIT = 10 -> LIMIT = 9"]
    assert [m.line for m in mutants] == sorted(m.line for m in mutants)


def test_ids_are_unique_and_stay_where_lines_move() -> None:
    before = enumerate_mutants("pkg/grade.py", SOURCE)
    moved = enumerate_mutants(
        "pkg/grade.py", SOURCE.replace("import functools\n", "import functools\nimport os\n")
    )

    assert len({mutant.id for mutant in before}) == len(before)
    assert [mutant.id for mutant in moved] == [mutant.id for mutant in before]
    assert [mutant.line for mutant in moved] == [mutant.line + 1 for mutant in before]
    elsewhere = enumerate_mutants("pkg/other.py", SOURCE)
    assert not {m.id for m in elsewhere} & {m.id for m in before}


def test_what_is_no_plain_name_in_an_except_stays() -> None:
    source = "import json\n\ntry:\n    A = 1\nexcept (json.JSONDecodeError, OSError):\n    A = 2\n"

    mutants = enumerate_mutants("a.py", source)

    replaced = [m for m in mutants if m.operator == "ExceptionReplacer"]
    assert [m.change.partition(" -> ")[2] for m in replaced] == [
        "except (json.JSONDecodeError, CosmicRayTestingException):"
    ]
    assert {m.operator for m in mutants} == {"ExceptionReplacer", "NumberReplacer"}
