"""One of our files was edited, and the template says otherwise now: the four --on-conflict."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.command import Ran, scaffold
from support.tinykit import DEMO_KIT
from support.tree import snapshot

TESTS = Path("tests") / "test_prices.py"


def new(tree: Path, *more: str) -> Ran:
    return scaffold("new", "--gap", "prices", "--kit", DEMO_KIT, "-C", tree, *more)


@pytest.fixture
def mine(tree: Path) -> str:
    """The tests with an edit of a person's at their end; the first tree is generated."""
    assert new(tree).code == 0
    text = (tree / TESTS).read_text() + "\n\ndef test_mine():\n    assert premium(300) == 3\n"
    (tree / TESTS).write_text(text)
    return text


def test_an_edit_is_kept_while_the_template_says_the_same(tree: Path, mine: str) -> None:
    before = snapshot(tree)
    done = new(tree)
    assert done.code == 0
    assert "tests/test_prices.py  (your edit is kept; nothing new to write)" in done.out
    assert done.out.endswith("nothing to do\n")
    assert snapshot(tree) == before


def test_refuse_is_the_default_and_writes_nothing(tree: Path, mine: str) -> None:
    before = snapshot(tree)
    done = new(tree, "--set", "prices_heaviest=9000")
    assert (done.code, done.fact) == (
        4,
        "tests/test_prices.py edited since it was generated; nothing was written",
    )
    assert done.hint == "scaffold new --gap prices --on-conflict skip"
    assert snapshot(tree) == before


def test_skip_leaves_the_file_as_it_is(tree: Path, mine: str) -> None:
    done = new(tree, "--set", "prices_heaviest=9000", "--on-conflict", "skip")
    assert done.code == 0
    assert ". tests/test_prices.py  (skipped as told)" in done.out
    assert (tree / TESTS).read_text() == mine


def test_merge_brings_both_together_and_undo_takes_it_back(tree: Path, mine: str) -> None:
    before = snapshot(tree)
    done = new(tree, "--set", "prices_heaviest=9000", "--on-conflict", "merge")
    assert done.code == 0
    assert "~ tests/test_prices.py  (merged with your edit)" in done.out
    assert (tree / TESTS).read_text() == mine.replace("(9999, 990)", "(9000, 990)")
    assert scaffold("undo", "--kit", DEMO_KIT, "-C", tree).code == 0
    assert snapshot(tree) == before


def test_a_merge_of_the_same_line_is_a_conflict(tree: Path, mine: str) -> None:
    edited = mine.replace("(9999, 990)", "(7777, 990)")
    (tree / TESTS).write_text(edited)
    line = edited[: edited.index("(7777, 990)")].count("\n") + 1
    before = snapshot(tree)
    done = new(tree, "--set", "prices_heaviest=9000", "--on-conflict", "merge")
    assert (done.code, done.fact) == (
        4,
        f"tests/test_prices.py edited since; these lines do not merge: line {line}; "
        "nothing was written",
    )
    assert "--on-conflict skip" in done.hint and "merge" not in done.hint
    assert snapshot(tree) == before


def test_overwrite_writes_ours_and_undo_gives_the_edit_back(tree: Path, mine: str) -> None:
    before = snapshot(tree)
    done = new(tree, "--set", "prices_heaviest=9000", "--on-conflict", "overwrite")
    assert done.code == 0
    assert "~ tests/test_prices.py  (overwritten as told)" in done.out
    assert "test_mine" not in (tree / TESTS).read_text()
    assert scaffold("undo", "--kit", DEMO_KIT, "-C", tree).code == 0
    assert snapshot(tree) == before


def test_a_file_that_is_not_ours_is_overwritten_only_when_told(tree: Path) -> None:
    (tree / TESTS).write_text("# not ours\n")
    before = snapshot(tree)
    for way in ("refuse", "merge"):
        done = new(tree, "--on-conflict", way)
        assert (done.code, done.fact) == (
            4,
            "tests/test_prices.py exists and is not ours; nothing was written",
        )
        assert snapshot(tree) == before
    assert new(tree, "--on-conflict", "overwrite").code == 0
    assert "def test_zone" in (tree / TESTS).read_text()
    assert scaffold("undo", "--kit", DEMO_KIT, "-C", tree).code == 0
    assert snapshot(tree) == before


def test_a_deleted_file_stays_deleted_until_overwrite(tree: Path, mine: str) -> None:
    (tree / TESTS).unlink()
    done = new(tree)
    assert done.code == 0
    assert "(you deleted it; --on-conflict overwrite brings it back)" in done.out
    assert not (tree / TESTS).exists()
    assert new(tree, "--on-conflict", "overwrite").code == 0
    assert (tree / TESTS).is_file()


def test_undo_with_force_throws_the_edit_away(tree: Path, mine: str) -> None:
    done = scaffold("undo", "--force", "--kit", DEMO_KIT, "-C", tree)
    assert (done.code, done.out) == (0, "taken back: new prices (2 files)\n")
    assert not (tree / TESTS).exists()
    assert not (tree / ".scaffold").exists()


def test_a_diff_shows_what_is_in_the_way(tree: Path, mine: str) -> None:
    before = snapshot(tree)
    done = new(tree, "--set", "prices_heaviest=9000", "--diff")
    assert done.code == 4
    assert done.out.startswith("conflict: tests/test_prices.py edited since it was generated\n")
    assert "-def test_mine():" in done.out
    assert snapshot(tree) == before


def test_overwrite_takes_an_edit_back_where_nothing_is_new(tree: Path, mine: str) -> None:
    assert new(tree, "--on-conflict", "overwrite").code == 0
    assert "test_mine" not in (tree / TESTS).read_text()
