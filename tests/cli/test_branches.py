"""One branch a part: what is on another branch of git is not here, and is not deleted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.committing import ADDRESSES, NUMBERS, log, run
from support.repositories import git
from support.tree import write_files

QUICK = ("--commit", "--no-prove")


def row(tree: Path) -> dict[str, Any]:
    """Where `labels` stands."""
    done = run(tree, "status", "--json")
    assert done.code == 0, done.err
    return next(row for row in json.loads(done.out)["gaps"] if row["gap"] == "labels")


def modes(tree: Path) -> dict[str, str | None]:
    """Its parts and how they are written."""
    return {one["part"]: one["mode"] for one in row(tree)["parts"]}


@pytest.fixture
def branches(repository: Path) -> Path:
    """The parts of `labels` on a branch each, both from main."""
    for part, branch in (("numbers", "one"), ("addresses", "two")):
        git(repository, "switch", "-q", "main")
        done = run(repository, "new", "--part", f"labels:{part}", *QUICK, "--branch", branch)
        assert done.code == 0, done.err
    return repository


def test_a_branch_without_the_tests_is_one_where_the_gap_is_open(branches: Path) -> None:
    git(branches, "switch", "-q", "main")
    assert (row(branches)["state"], row(branches)["note"]) == ("open", "")


@pytest.mark.parametrize(("branch", "there"), [("one", "numbers"), ("two", "addresses")])
def test_each_branch_has_its_own_part(branches: Path, branch: str, there: str) -> None:
    git(branches, "switch", "-q", branch)
    assert row(branches)["state"] == "partial"
    assert [part for part, mode in modes(branches).items() if mode] == [there]
    assert "deleted" not in row(branches)["note"]
    assert "edited" not in row(branches)["note"]


def test_what_is_not_on_a_branch_is_written_there_again(branches: Path) -> None:
    git(branches, "switch", "-q", "main")
    done = run(branches, "new", "--gap", "labels", "--next", *QUICK, "--branch", "three")
    assert done.code == 0, done.err
    assert log(branches)[1:] == [NUMBERS]
    done = run(branches, "new", "--gap", "labels", "--next", *QUICK)
    assert done.code == 0, done.err
    assert log(branches)[1:] == [NUMBERS, ADDRESSES]


def test_branches_that_were_merged_hold_the_whole_row(branches: Path) -> None:
    git(branches, "switch", "-q", "main")
    git(branches, "merge", "-q", "--no-edit", "one")
    git(branches, "merge", "-q", "--no-edit", "two")
    assert row(branches)["state"] == "generated"
    assert set(modes(branches).values()) == {"full"}


def test_an_edit_on_one_branch_is_still_known_after_another(branches: Path) -> None:
    git(branches, "switch", "-q", "one")
    place = branches / "tests" / "test_tracking_numbers.py"
    text = place.read_text()
    write_files(branches, {"tests/test_tracking_numbers.py": f"{text}\n\nMINE = 1\n"})
    git(branches, "commit", "-qam", "Mine")
    git(branches, "switch", "-q", "two")
    assert run(branches, "new", "--gap", "labels", "--next", *QUICK).code == 0
    git(branches, "switch", "-q", "one")
    assert row(branches)["state"] == "edited"
    done = run(branches, "new", "--part", "labels:numbers", "--on-conflict", "merge")
    assert done.code == 0, done.err
    assert place.read_text().endswith("MINE = 1\n")


def test_a_file_that_this_branch_deleted_is_deleted(branches: Path) -> None:
    git(branches, "switch", "-q", "one")
    git(branches, "branch", "copy")
    git(branches, "rm", "-q", "tests/test_tracking_numbers.py")
    git(branches, "commit", "-qm", "Gone")
    assert row(branches)["state"] == "open"
    assert row(branches)["note"].startswith("deleted: tests/test_tracking_numbers.py")


def test_a_file_that_was_never_committed_is_deleted(repository: Path) -> None:
    assert run(repository, "new", "--part", "labels:numbers").code == 0
    git(repository, "branch", "other")
    (repository / "tests" / "test_tracking_numbers.py").unlink()
    assert "deleted: tests/test_tracking_numbers.py" in row(repository)["note"]
