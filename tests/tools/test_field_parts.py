"""The ledger by part: what a part adds, which tests add nothing, and what is not measured."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import field_parts
import kill_matrix
from entries import Entry, read_entries
from groups import Matrix
from scaffold import workflow
from scaffold.checkout.find import Checkout
from scaffold.checkout.state import read_state
from scaffold.kit.catalog import Gap, Kit
from scaffold.kit.cuts import Part
from scaffold.plan.model import Request
from scaffold.proof.runner import VerifyOptions

PARTS = (Part("core", "c", ("test_a.py",)), Part("more", "m", ("test_b.py",), needs=("core",)))


def reached(**by: str) -> dict[str, frozenset[str]]:
    """What each of these is reached by; `u` is upstream."""
    names = {"u": "", "a": "test_a.py::a", "b": "test_b.py::b", "c": "test_b.py::c"}
    return {name: frozenset(names[letter] for letter in letters) for name, letters in by.items()}


def matrix_of(kills: dict[str, frozenset[str]], *defects: str) -> Matrix:
    files = {"": "", "test_a.py::a": "test_a.py", "test_b.py::b": "test_b.py",
             "test_b.py::c": "test_b.py"}  # fmt: skip
    own = {name: path for name, path in files.items() if path}
    return Matrix(files, kills, {}, own, frozenset(defects))


@pytest.fixture
def gap(kit: Kit) -> Gap:
    return replace(kit.gap("labels"), parts=PARTS)


def test_a_part_adds_what_neither_its_needs_nor_upstream_reach(kit: Kit, gap: Gap) -> None:
    kit = replace(kit, gaps={**kit.gaps, "labels": gap})
    found = matrix_of(reached(m1="ua", m2="a", m3="ab", m4="bc", m5="ub", m6=""))
    entry = field_parts.added(kit, gap, found)
    assert (entry["viable"], entry["upstream"]["killed"]) == (6, 2)
    told = [(part["part"], part["over"], part["killed"]) for part in entry["parts"]]
    assert told == [("core", [], 2), ("more", ["core"], 1)]


def test_of_two_tests_that_do_the_same_one_adds_nothing() -> None:
    assert field_parts.idle(matrix_of(reached(m1="bc", m2="a"))) == ["test_b.py::b"]
    assert field_parts.idle(matrix_of(reached(m1="bc", m2="b", m3="ac"))) == ["test_a.py::a"]


def test_what_upstream_does_already_adds_nothing_and_a_defect_does() -> None:
    found = reached(m1="ua", m2="b", m3="c")
    assert field_parts.idle(matrix_of(found)) == ["test_a.py::a"]
    assert field_parts.idle(matrix_of(found, "test_a.py::a")) == []


@pytest.mark.parametrize(("digest", "said"), [("now", ""), ("earlier", "stale: parts of labels")])
def test_a_row_that_renders_otherwise_is_stale(
    kit: Kit, digest: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = {"gap": "labels", "commit": "aaaa", "digest": "now"}
    parts = [{"part": part.name} for part in kit.gap("labels").parts]
    code = field_parts.check(kit, [entry], [{**entry, "digest": digest, "parts": parts}])
    assert code == 0
    assert capsys.readouterr().out.startswith(said)


@pytest.mark.parametrize(
    ("test", "code"), [("test_an_address_stays_as_it_is", 1), ("test_of_an_earlier_name", 0)]
)
def test_only_a_test_that_is_still_written_needs_a_reason(kit: Kit, test: str, code: int) -> None:
    entry = {"gap": "labels", "commit": "aaaa", "digest": "now"}
    parts = [{"part": part.name} for part in kit.gap("labels").parts]
    found = {**entry, "parts": parts, "idle": [f"tests/test_labels.py::{test}"]}
    assert field_parts.check(kit, [entry], [found]) == code


@pytest.mark.parametrize("known", [[], [{"parts": [{"part": "old"}]}]])
def test_a_row_that_was_never_measured_by_its_parts_is_named(
    kit: Kit, known: list[Entry], capsys: pytest.CaptureFixture[str]
) -> None:
    entry = {"gap": "labels", "commit": "aaaa", "digest": "now"}
    field_parts.check(kit, [entry], [{**entry, **one} for one in known])
    assert "parts: labels aaaa was" in capsys.readouterr().out


def test_nothing_is_measured_at_first(tmp_path: Path) -> None:
    assert read_entries(tmp_path / "parts.json") == []


@pytest.mark.slow
def test_the_matrix_of_the_demo_names_who_notices_each_mutant(kit: Kit, checkout: Checkout) -> None:
    gap = kit.gap("prices")
    request = Request((gap,), {}, frozenset(["prices"]))
    workflow.apply(workflow.plan_new(kit, checkout, request, {}, lambda line: None))
    twin = (checkout.root / "tests" / "test_prices.py").with_name("test_twin.py")
    shutil.copy(checkout.root / "tests" / "test_prices.py", twin)
    subject = workflow.subject_of(kit, checkout, read_state(checkout.root, kit.name), "prices")
    options = VerifyOptions(mutants="all", python=sys.executable)
    found = kill_matrix.matrix(subject, options, lambda line: None)
    killed = [names for names in found.kills.values() if names]
    assert len(killed) > len(found.kills) / 2
    assert all("" in names and len(names) > 1 for names in killed), "upstream's copy kills less"
    assert len({name for names in killed for name in names}) > 2
    by_file = kill_matrix.matrix(subject, options, lambda line: None, by_file=True)
    assert by_file.files == {"": "", "tests/test_prices.py": "tests/test_prices.py"}
    assert [bool(names) for names in by_file.kills.values()] == [
        bool(names) for names in found.kills.values()
    ]
    assert field_parts.idle(found) == sorted(set(found.tests) - found.defects)
