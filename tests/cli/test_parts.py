"""Parts on the command line, on the demo kit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.command import Ran, scaffold
from support.tinykit import DEMO_KIT
from support.tree import snapshot


def run(tree: Path, *arguments: str) -> Ran:
    """A command on the copy of the miniature code base."""
    return scaffold(*arguments, "--kit", DEMO_KIT, "-C", tree)


def written(tree: Path) -> list[str]:
    """The test files that are not the code base's own."""
    found = {path.name for path in (tree / "tests").glob("*.py")}
    return sorted(found - {"__init__.py", "test_package.py"})


def test_parts_are_written_one_after_the_other(tree: Path) -> None:
    before = snapshot(tree)
    done = run(tree, "new", "--gap", "labels", "--next")
    assert (done.code, written(tree)) == (0, ["test_tracking_numbers.py"])
    done = run(tree, "new", "--gap", "labels", "--next")
    assert done.code == 0
    assert written(tree) == ["conftest.py", "test_labels.py", "test_tracking_numbers.py"]
    done = run(tree, "new", "--gap", "labels", "--next")
    assert (done.code, done.out) == (
        0,
        "  left out: labels: all of its parts are written\nnothing to do; nothing to do\n",
    )
    assert run(tree, "undo").out == "taken back: new labels:addresses (2 files)\n"
    assert run(tree, "undo").out == "taken back: new labels:numbers (1 files)\n"
    assert snapshot(tree) == before


@pytest.mark.parametrize("how", [["--gap", "labels", "--part", "addresses"],
                                 ["--part", "labels:addresses"]])  # fmt: skip
def test_a_part_is_named_with_its_gap(tree: Path, how: list[str]) -> None:
    done = run(tree, "new", *how, "--json")
    assert done.code == 0
    document = json.loads(done.out)
    assert [(item["gap"], item["parts"]) for item in document["gaps"]] == [
        ("labels", ["addresses"])
    ]
    assert written(tree) == ["conftest.py", "test_labels.py"]


def test_an_unknown_part_is_refused_with_the_closest_one(tree: Path) -> None:
    before = snapshot(tree)
    done = run(tree, "new", "--gap", "labels", "--part", "adresses")
    assert (done.code, done.fact, done.hint) == (
        2,
        "'labels' has no part 'adresses'; the closest match is 'addresses'",
        "scaffold new --gap labels --part addresses",
    )
    assert snapshot(tree) == before


def test_the_next_part_of_a_bulk_is_one_of_each_gap(tree: Path) -> None:
    assert run(tree, "new", "--all", "--next").code == 0
    assert written(tree) == ["conftest.py", "test_prices.py", "test_tracking_numbers.py"]
    assert run(tree, "new", "--all", "--next").code == 0
    assert "test_labels.py" in written(tree)
