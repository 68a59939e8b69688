"""Files of a row that a person took away, and files of a person's in their place."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from support.command import Ran, scaffold
from support.repositories import git
from support.tinykit import DEMO_KIT
from support.tree import snapshot

TESTS = Path("tests") / "test_prices.py"


def new(tree: Path, *more: str, gap: str = "prices") -> Ran:
    return scaffold("new", "--gap", gap, "--kit", DEMO_KIT, "-C", tree, *more)


def test_a_deleted_file_of_several_stays_deleted_until_overwrite(tree: Path) -> None:
    assert new(tree, gap="labels").code == 0
    deleted = tree / "tests" / "test_labels.py"
    deleted.unlink()
    done = new(tree, gap="labels")
    assert done.code == 0
    assert "(you deleted it; --on-conflict overwrite brings it back)" in done.out
    assert not deleted.exists()
    assert new(tree, "--on-conflict", "overwrite", gap="labels").code == 0
    assert deleted.is_file()


def test_a_row_of_which_every_file_was_deleted_is_open(tree: Path) -> None:
    assert new(tree).code == 0
    (tree / TESTS).unlink()
    status = scaffold("status", "--kit", DEMO_KIT, "-C", tree)
    assert re.search(rf"prices +open .*deleted: {TESTS}", status.out)
    assert scaffold("status", "--fail-on", "open", "--kit", DEMO_KIT, "-C", tree).code == 8

    # In bulk it stays deleted, and is named; nothing of it comes back alone.
    before = snapshot(tree)
    for words in (["--all"], ["--priority", "P0"], ["--priority", "P0", "--next"]):
        done = scaffold("new", *words, "--dry-run", "--kit", DEMO_KIT, "-C", tree)
        assert "prices: you deleted its files: scaffold new --gap prices" in done.out
    assert scaffold("new", "--priority", "P0", "--kit", DEMO_KIT, "-C", tree).code == 0
    assert snapshot(tree) == before

    assert new(tree).code == 0
    assert (tree / TESTS).is_file()


def test_a_commit_that_was_taken_back_is_written_again(repository: Path) -> None:
    tree = repository
    commit = ("--commit", "--no-prove")
    assert new(tree, *commit).code == 0
    git(tree, "reset", "-q", "--hard", "HEAD~1")

    assert new(tree, *commit).code == 0

    shown = git(tree, "show", "--name-only", "--format=", "HEAD").split()
    assert TESTS.as_posix() in shown


def test_a_row_whose_every_file_is_yours_is_left_out(tree: Path) -> None:
    (tree / TESTS).parent.mkdir(exist_ok=True)
    (tree / TESTS).write_text("def test_mine():\n    assert True\n")
    before = snapshot(tree)

    done = new(tree, "--on-conflict", "skip")

    assert (done.code, snapshot(tree)) == (0, before)
    assert f"prices: {TESTS} is yours" in done.out
    gate = scaffold("status", "--fail-on", "open:P0", "--kit", DEMO_KIT, "-C", tree)
    assert gate.code == 8


def test_a_row_of_which_one_file_is_yours_is_partial(tree: Path) -> None:
    yours = tree / "tests" / "test_labels.py"
    yours.parent.mkdir(exist_ok=True)
    yours.write_text("def test_mine():\n    assert True\n")

    assert new(tree, "--on-conflict", "skip", gap="labels").code == 0

    status = scaffold("status", "--kit", DEMO_KIT, "-C", tree)
    assert re.search(r"labels +partial .*yours: tests/test_labels.py", status.out)
    gate = scaffold("status", "--fail-on", "partial", "--kit", DEMO_KIT, "-C", tree)
    assert (gate.code, gate.hint) == (8, "scaffold new --gap labels --diff")
    # Once it is ours, nothing of it is left.
    assert new(tree, "--on-conflict", "overwrite", gap="labels").code == 0
    status = scaffold("status", "--kit", DEMO_KIT, "-C", tree)
    assert re.search(r"labels +generated ", status.out)


def test_our_own_tests_are_not_told_as_a_persons(tree: Path) -> None:
    assert new(tree).code == 0
    status = scaffold("status", "--kit", DEMO_KIT, "-C", tree)
    assert "tests/test_prices.py" not in status.out


@pytest.mark.slow
def test_a_proof_is_stale_where_one_of_several_files_is_gone(tree: Path) -> None:
    assert new(tree, gap="labels").code == 0
    words = ("verify", "labels", "--python", sys.executable, "--kit", DEMO_KIT, "-C", tree)
    assert scaffold(*words).code == 0
    (tree / "tests" / "test_labels.py").unlink()
    status = scaffold("status", "--fail-on", "stale", "--kit", DEMO_KIT, "-C", tree)
    assert status.code == 8
    assert re.search(r"labels +edited +green \(stale\).*deleted: tests/test_labels.py", status.out)
