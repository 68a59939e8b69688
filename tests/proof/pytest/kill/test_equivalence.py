"""Mutants that no test can tell from the original are left out, and no others."""

from __future__ import annotations

from typing import Literal

import pytest

from scaffold.proof.mutants import Found
from scaffold.proof.pytest.kill.equivalence import READERS
from scaffold.proof.pytest.kill.mutants import enumerate_mutants, find_mutants

FUTURE = "from __future__ import annotations\n"
DEF = "def f(a: int | None = 1) -> str | None:\n    return a + 1\n"
CLASS = "class A{bases}:\n    b: int | None\n\n    def f(self) -> int | None:\n        return 1\n"


def annotated(source: str, *, read: bool = False) -> int:
    """How many mutants change an annotation."""
    found = enumerate_mutants("a.py", source, annotations_read=read)
    return sum("ReplaceBinaryOperator_BitOr" in mutant.operator for mutant in found)


@pytest.mark.parametrize("source", [DEF, CLASS.format(bases="")])
def test_annotations_that_stay_text_are_left_out_where_nothing_reads_them(source: str) -> None:
    assert annotated(FUTURE + source) == 0
    assert annotated(FUTURE + source, read=True) > 0
    assert annotated(source) > 0


@pytest.mark.parametrize(
    "source", ["@app.command()\n" + DEF, CLASS.format(bases="(Model)"), "@reads\n" + DEF]
)
def test_annotations_that_a_decorator_or_a_base_may_read_are_kept(source: str) -> None:
    assert annotated(FUTURE + source) > 0


def test_annotations_of_local_variables_and_folded_code_are_left_out() -> None:
    source = "def f():\n    def g(a: int):\n        return a\n    b: int | None\n    return g\n"
    assert annotated(source, read=True) == 0
    assert enumerate_mutants("a.py", "def f():\n    if 0:\n        return 1 + 2\n") != []


def test_code_under_an_annotation_is_broken_all_the_same() -> None:
    found = enumerate_mutants("a.py", FUTURE + DEF, annotations_read=False)
    assert {m.change.split(" -> ")[0] for m in found if m.line == 3} == {"return a + 1"}


def test_readers_of_annotations_are_known_by_name() -> None:
    for text in (b"import typer", b"from pydantic import BaseModel", b"x.__annotations__"):
        assert READERS.search(text)
    assert not READERS.search(b"import os, attraction, tapestry")


SOURCES = {
    "a.py": FUTURE + DEF + CLASS.format(bases=""),
    "b.py": FUTURE + "def g(a: int | str):\n    return a + (2 + 2) - (-0)\n",
}


def choose(count: Literal["all"] | int, cut: tuple[int, int] | None, *, read: bool) -> Found:
    each = [find_mutants(path, text, annotations_read=read) for path, text in SOURCES.items()]
    kinds = ("mutants", "annotations", "equal_code")
    every = Found(*([m for found in each for m in getattr(found, kind)] for kind in kinds))
    return every.chosen(count, cut)


def counts(found: Found) -> tuple[int, int, int]:
    return len(found.mutants), len(found.annotations), len(found.equal_code)


@pytest.mark.parametrize("mutants", ["all", 3])
@pytest.mark.parametrize("read", [True, False])
def test_what_is_left_out_is_counted_once_over_all_cuts_and_whatever_the_sample(
    mutants: Literal["all"] | int, read: bool
) -> None:
    whole = choose(mutants, None, read=read)
    cuts = [choose(mutants, (n, 3), read=read) for n in (1, 2, 3)]

    assert [sum(column) for column in zip(*map(counts, cuts), strict=True)] == [*counts(whole)]
    assert counts(whole)[1] > 0 or read
    assert counts(whole)[2] > 0
    every = choose("all", None, read=read)
    assert counts(whole)[1:] == counts(every)[1:]


def test_what_is_left_out_changes_no_id_of_what_is_tried() -> None:
    kept = {m.id for m in find_mutants("a.py", SOURCES["a.py"], annotations_read=False).mutants}
    assert kept < {m.id for m in find_mutants("a.py", SOURCES["a.py"]).mutants}
