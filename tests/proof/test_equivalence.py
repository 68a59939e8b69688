"""Mutants that no test can tell from the original are left out, and no others."""

import pytest

from scaffold.proof.equivalence import READERS
from scaffold.proof.mutants import enumerate_mutants

FUTURE = "from __future__ import annotations\n"
DEF = "def f(a: int | None = 1) -> str | None:\n    return a + 1\n"
CLASS = "class A{bases}:\n    b: int | None\n\n    def f(self) -> int | None:\n        return 1\n"


def annotated(source, *, read=False):
    """How many mutants change an annotation."""
    found = enumerate_mutants("a.py", source, annotations_read=read)
    return sum("ReplaceBinaryOperator_BitOr" in mutant.operator for mutant in found)


@pytest.mark.parametrize("source", [DEF, CLASS.format(bases="")])
def test_annotations_that_stay_text_are_left_out_where_nothing_reads_them(source):
    assert annotated(FUTURE + source) == 0
    assert annotated(FUTURE + source, read=True) > 0
    assert annotated(source) > 0


@pytest.mark.parametrize(
    "source", ["@app.command()\n" + DEF, CLASS.format(bases="(Model)"), "@reads\n" + DEF]
)
def test_annotations_that_a_decorator_or_a_base_may_read_are_kept(source):
    assert annotated(FUTURE + source) > 0


def test_annotations_of_local_variables_and_folded_code_are_left_out():
    source = "def f():\n    def g(a: int):\n        return a\n    b: int | None\n    return g\n"
    assert annotated(source, read=True) == 0
    assert enumerate_mutants("a.py", "def f():\n    if 0:\n        return 1 + 2\n") != []


def test_code_under_an_annotation_is_broken_all_the_same():
    found = enumerate_mutants("a.py", FUTURE + DEF, annotations_read=False)
    assert {m.change.split(" -> ")[0] for m in found if m.line == 3} == {"return a + 1"}


def test_readers_of_annotations_are_known_by_name():
    for text in (b"import typer", b"from pydantic import BaseModel", b"x.__annotations__"):
        assert READERS.search(text)
    assert not READERS.search(b"import os, attraction, tapestry")
