"""Parts on the command line, on the demo kit."""

from __future__ import annotations

import json
import shutil
import sys
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
        "  left out: labels: all of its parts are written\nnothing to do\n",
    )
    assert run(tree, "undo").out == "taken back: new labels:addresses (2 files)\n"
    assert run(tree, "undo").out == "taken back: new labels:numbers (1 file)\n"
    assert snapshot(tree) == before


def test_a_part_that_git_carried_here_without_its_record_is_not_the_next_one(tree: Path) -> None:
    assert run(tree, "new", "--gap", "labels", "--next").code == 0
    shutil.rmtree(tree / ".scaffold")
    first = snapshot(tree)
    done = run(tree, "new", "--gap", "labels", "--next")
    assert (done.code, written(tree)) == (
        0,
        ["conftest.py", "test_labels.py", "test_tracking_numbers.py"],
    )
    assert "labels:numbers is here already" in done.err
    assert run(tree, "undo").out == "taken back: new labels:addresses (2 files)\n"
    assert snapshot(tree) == first

    assert run(tree, "new", "--gap", "labels", "--next").code == 0
    shutil.rmtree(tree / ".scaffold")
    whole = snapshot(tree)
    done = run(tree, "new", "--gap", "labels", "--next")
    assert done.code == 0 and whole.items() <= snapshot(tree).items()
    assert "left out: labels: all of its parts are written" in done.out


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


def state_of(tree: Path) -> tuple[str, str, list[tuple[str, str | None]]]:
    """State, note and parts of labels, as `status --json` has them."""
    rows = json.loads(run(tree, "status", "--json").out)["gaps"]
    row = next(row for row in rows if row["gap"] == "labels")
    return row["state"], row["note"], [(item["part"], item["mode"]) for item in row["parts"]]


def test_status_counts_the_parts_that_are_written(tree: Path) -> None:
    assert state_of(tree)[0] == "open"
    assert run(tree, "new", "--part", "labels:addresses").code == 0
    parts = [("numbers", None), ("addresses", "full")]
    assert state_of(tree) == ("partial", "1 of 2 parts", parts)
    (tree / "tests" / "test_labels.py").unlink()
    assert state_of(tree)[:2] == ("open", "deleted: tests/test_labels.py")
    assert run(tree, "new", "--part", "labels:addresses").code == 0
    assert run(tree, "new", "--gap", "labels", "--stubs").code == 0
    assert state_of(tree)[2] == [("numbers", "stubs"), ("addresses", "full")]


def test_a_gate_tells_a_gap_that_is_partly_written_from_an_open_one(tree: Path) -> None:
    def codes() -> list[int]:
        words = ("open:P1", "partial:P1", "partial:P0")
        return [run(tree, "status", "--fail-on", word).code for word in words]

    assert codes() == [8, 0, 0]
    assert run(tree, "new", "--gap", "labels", "--next").code == 0
    assert codes() == [0, 8, 0]
    refused = run(tree, "status", "--fail-on", "partial")
    assert refused.hint == "scaffold new --gap labels --next --dry-run"
    assert run(tree, "new", "--gap", "labels", "--next").code == 0
    assert codes() == [0, 0, 0]


def test_parts_are_listed_with_what_each_adds(tree: Path) -> None:
    done = scaffold("list", "--parts", "--kit", DEMO_KIT)
    rows = {line.split()[1]: line.split()[2:6] for line in done.out.splitlines()[1:]}
    assert rows["labels:numbers"][1:] == ["3", "python", "pytest"]
    assert rows["labels:addresses"][1:] == ["4", "python", "pytest"]
    assert run(tree, "new", "--part", "labels:numbers").code == 0
    text = (tree / "tests" / "test_tracking_numbers.py").read_text()
    assert rows["labels:numbers"][0] == str(len(text.splitlines()))
    shown = run(tree, "show", "labels").out
    assert f"part: numbers ({rows['labels:numbers'][0]} lines, 3 tests): Tracking" in shown
    document = json.loads(scaffold("list", "--parts", "--kit", DEMO_KIT, "--json").out)
    labels = next(gap for gap in document["gaps"] if gap["gap"] == "labels")
    assert [part["tests"] for part in labels["parts"]] == [3, 4]


def test_a_part_is_proved_alone_and_its_bars_are_those_of_the_gap(tree: Path) -> None:
    assert run(tree, "new", "--gap", "labels").code == 0
    broken = tree / "tests" / "test_labels.py"
    broken.write_text(broken.read_text().replace('"FR"', '"FR", "XX"') + "\n\nassert False\n")
    done = run(tree, "verify", "labels:numbers", "--json", "--python", sys.executable)
    assert done.code == 0, done.err
    record = json.loads(done.out)["outcomes"][0]
    assert (record["verdict"], record["parts"]) == ("green", ["numbers"])
    assert record["parts_left"] == ["addresses"]
    assert {test["id"].partition("::")[0] for test in record["tests"]} == {
        "tests/test_tracking_numbers.py"
    }
    assert "the bars are for all parts; without addresses" in record["lacks"]
    whole = run(tree, "verify", "labels", "--python", sys.executable)
    assert whole.code == 6, whole.out


def test_a_part_that_is_not_here_is_not_proved(tree: Path) -> None:
    assert run(tree, "new", "--part", "labels:numbers").code == 0
    done = run(tree, "verify", "labels:addresses")
    assert (done.code, done.hint) == (2, "scaffold new --part labels:addresses")
    assert run(tree, "verify", "labels:nmbers").code == 2


def test_verify_names_the_parts_that_are_red(tree: Path) -> None:
    assert run(tree, "new", "--gap", "labels").code == 0
    broken = tree / "tests" / "test_labels.py"
    broken.write_text("from parcels.gone import nothing\n" + broken.read_text())
    done = run(tree, "verify", "labels", "--python", sys.executable)
    assert done.code == 6
    assert "  part numbers: green (27 tests)\n" in done.out
    assert "  part addresses: red (1 test): tests/test_labels.py: ModuleNotFoundError" in done.out
    document = json.loads(run(tree, "verify", "labels", "--python", sys.executable, "--json").out)
    parts = document["outcomes"][0]["by_part"]
    assert [(item["part"], item["verdict"]) for item in parts] == [
        ("numbers", "green"),
        ("addresses", "red"),
    ]
