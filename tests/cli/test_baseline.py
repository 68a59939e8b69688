"""A red baseline: the template is not blamed for it, and what was red is named."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.command import scaffold
from support.tinykit import DEMO_KIT
from support.tree import snapshot, write_files

WHERE = ["--kit", str(DEMO_KIT), "--python", sys.executable]
RED = "def test_it_was_red_before():\n    assert 1 == 2\n"


@pytest.mark.slow
def test_verify_stops_with_5_and_names_the_failing_tests(tree: Path) -> None:
    assert scaffold("new", "--gap", "prices", "--kit", DEMO_KIT, "-C", tree).code == 0
    write_files(tree, {"tests/test_red.py": RED})
    before = snapshot(tree)
    done = scaffold("verify", *WHERE, "-C", tree)
    assert done.code == 5
    assert "tests/test_red.py::test_it_was_red_before" in done.err
    assert snapshot(tree) == before


@pytest.mark.slow
def test_new_with_verify_keeps_what_it_wrote_and_undo_takes_it_back(tree: Path) -> None:
    write_files(tree, {"tests/test_red.py": RED})
    before = snapshot(tree)
    done = scaffold("new", "--gap", "prices", "--verify", *WHERE, "-C", tree)
    assert done.code == 5
    assert "tests/test_red.py::test_it_was_red_before" in done.err
    assert scaffold("undo", "--kit", DEMO_KIT, "-C", tree).code == 0
    assert snapshot(tree) == before


@pytest.mark.slow
def test_a_generated_test_that_is_red_ends_with_6(tree: Path) -> None:
    assert scaffold("new", "--gap", "prices", "--kit", DEMO_KIT, "-C", tree).code == 0
    prices = tree / "parcels" / "prices.py"
    prices.write_text(prices.read_text().replace("value // 100", "value // 50"))
    done = scaffold("verify", *WHERE, "-C", tree)
    assert done.code == 6
    assert "test_each_full_hundred_of_the_value_costs_one" in done.out + done.err


def test_a_defect_that_was_mended_is_reported(tree: Path) -> None:
    assert scaffold("new", "--gap", "prices", "--kit", DEMO_KIT, "-C", tree).code == 0
    prices = tree / "parcels" / "prices.py"
    prices.write_text(prices.read_text().replace("grams < limit", "grams <= limit"))
    done = scaffold("verify", *WHERE, "-C", tree)
    assert done.code == 6
    assert "test_the_limit_belongs_to_its_step" in done.out + done.err
