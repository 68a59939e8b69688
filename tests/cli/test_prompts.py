"""`scaffold new` on a real terminal: pick, answer, see the diff, say yes or no."""

from __future__ import annotations

import json
import re
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from support.command import scaffold
from support.repositories import git
from support.terminal import CTRL_C, DOWN, ENTER, SPACE, UP, Terminal, terminal
from support.tinykit import DEMO_KIT, gap_toml, write_kit
from support.tree import snapshot, write_files

PICK = "Which gaps do you want to close?"
DEFECT = "Write the known defect of prices.py as a strict expected failure?"
COIN = "What do the names of the tests call the smallest coin?"
HEAVIEST = "Which is the heaviest parcel to try, in grams?"
SERIALS = "How many serials shall have their check digit checked?"
WRITE = "Write this?"
LAST = "(template not built yet)"


def new(tree: Path, *more: str, rows: int = 200) -> AbstractContextManager[Terminal]:
    return terminal("new", "--kit", DEMO_KIT, *more, cwd=tree, rows=rows)


def answer_prices(screen: Terminal) -> None:
    """Each question of `prices` with its default."""
    for question in (DEFECT, COIN, HEAVIEST):
        screen.until(question)
        screen.type(ENTER)


def test_gaps_stand_by_priority_with_p0_picked_and_closed_ones_not_selectable(tree: Path) -> None:
    with new(tree) as screen:
        screen.until(PICK)
        shown = screen.until(LAST).splitlines()
        assert [line.strip() for line in shown if line.strip().startswith("── ")] == [
            "── P0 ──",
            "── P1 ──",
            "── P2 ──",
        ]
        rows = [line.split() for line in shown]
        assert ["»", "●", "prices"] in [row[:3] for row in rows]
        assert ["○", "labels:numbers"] in [row[:2] for row in rows]
        assert ["○", "labels:addresses"] in [row[:2] for row in rows]
        assert "labels: labels.py: addresses and tracking numbers" in " ".join(map(" ".join, rows))
        entry = next(" ".join(row) for row in rows if row[1:2] == ["labels:numbers"])
        assert re.search(r"\[\d+ lines, \d+ tests, python, pytest\]$", entry)
        closed = {row[1]: " ".join(row[-5:]) for row in rows if row[:1] == ["-"]}
        assert closed["tracking"].endswith("(retired)")
        assert closed["routes"].endswith("(template not built yet)")
        assert "fax" not in closed
        screen.type(CTRL_C)
        assert screen.end() == 130


def test_what_was_picked_and_answered_is_shown_and_written(tree: Path) -> None:
    before = snapshot(tree)
    with new(tree) as screen:
        screen.until(LAST)
        screen.type(DOWN, SPACE, DOWN, SPACE, ENTER)
        screen.until(DEFECT)
        screen.type("n")
        screen.until(COIN)
        screen.type(DOWN, ENTER)
        screen.until(HEAVIEST)
        screen.type("\b" * 4, "9500", ENTER)
        screen.until(SERIALS)
        screen.type(ENTER)
        table = screen.until(WRITE)
        screen.type("d")
        shown = screen.until("9500, 990)],")
        screen.until(WRITE)
        screen.type("y")
        assert screen.end() == 0
    assert re.search(r"^new file +lines +tests +subject$", table, re.MULTILINE)
    assert re.search(r"^tests/test_prices.py +\d+ +\d+$", table, re.MULTILINE)
    assert "4 new, 0 edited; " in table and "left out (l lists them)" not in table
    assert (
        "+    [(1, 290), (499, 290), (501, 490), (1999, 490), (2001, 990), (9500, 990)]," in shown
    )
    assert "done: 4 created" in screen.seen
    written = (tree / "tests" / "test_prices.py").read_text()
    assert '("grams", "pence")' in written and "xfail" not in written
    assert scaffold("undo", "--kit", DEMO_KIT, "-C", tree).code == 0
    assert snapshot(tree) == before


def test_no_writes_nothing(tree: Path) -> None:
    before = snapshot(tree)
    with new(tree) as screen:
        screen.until(LAST)
        screen.type(ENTER)
        answer_prices(screen)
        screen.until(WRITE)
        screen.type("n")
        assert screen.end() == 0
    assert screen.seen.rstrip().endswith("nothing was written")
    assert snapshot(tree) == before


@pytest.mark.parametrize("at", [PICK, COIN, WRITE])
def test_ctrl_c_at_any_question_ends_with_130_and_writes_nothing(tree: Path, at: str) -> None:
    before = snapshot(tree)
    with new(tree) as screen:
        for question in (PICK, DEFECT, COIN, HEAVIEST, WRITE):
            screen.until(question)
            if question == PICK:
                screen.until(LAST)
            if question == at:
                screen.type(CTRL_C)
                break
            screen.type(ENTER)
        assert screen.end() == 130
    assert "interrupted; nothing is left half written" in screen.seen
    assert snapshot(tree) == before


def test_all_picks_only_what_can_be_picked(tree: Path) -> None:
    with new(tree) as screen:
        screen.until(LAST)
        screen.type("a", ENTER)
        answer_prices(screen)
        screen.until(SERIALS)
        screen.type(ENTER)
        screen.until(WRITE)
        screen.type("y")
        assert screen.end() == 0
    assert sorted(json.loads((tree / ".scaffold" / "state.json").read_text())["gaps"]) == [
        "labels",
        "prices",
    ]


def row_with_parts(root: Path) -> Path:
    """A kit of one P0 row with three parts; the third needs the second."""
    parts = [
        {"name": "one", "title": "First", "files": ["test_one.py"]},
        {"name": "two", "title": "Second", "files": ["test_two.py"]},
        {"name": "three", "title": "Third", "files": ["test_three.py"], "needs": ["two"]},
    ]
    test = "def test_it():\n    assert 1\n"
    files = {f"row/files/test_{part['name']}.py": test for part in parts}
    return write_kit(root / "kit", {"row/gap.toml": gap_toml(priority="P0", parts=parts), **files})


def test_the_next_part_of_a_p0_gap_is_picked_and_its_needs_come_along(tmp_path: Path) -> None:
    kit = row_with_parts(tmp_path)
    app = write_files(tmp_path / "app", {"app.py": "x = 1\n"})

    def pick(*keys: str) -> str:
        with terminal("new", "--kit", kit, cwd=app) as screen:
            shown = screen.until("row:three")
            screen.type(*keys)
            screen.until(WRITE)
            screen.type("y")
            assert screen.end() == 0
        return shown

    shown = pick(ENTER)
    assert "● row:one" in shown and "○ row:two" in shown
    assert sorted(path.name for path in app.glob("test_*")) == ["test_one.py"]
    shown = pick(SPACE, DOWN, SPACE, ENTER)
    assert "● row:two" in shown and re.search(r"- row:one .* \(written\)", shown)
    assert (app / "test_three.py").is_file() and (app / "test_two.py").is_file()


def test_nothing_picked_is_reported(tree: Path) -> None:
    before = snapshot(tree)
    with new(tree) as screen:
        screen.until(LAST)
        screen.type(SPACE, ENTER)
        assert screen.end() == 2
    assert "error: no gap was picked; nothing was written" in screen.seen
    assert snapshot(tree) == before


def test_an_answer_that_does_not_fit_is_asked_again(tree: Path) -> None:
    with new(tree) as screen:
        screen.until(LAST)
        screen.type(ENTER)
        for question in (DEFECT, COIN):
            screen.until(question)
            screen.type(ENTER)
        screen.until(HEAVIEST)
        screen.type("kg", ENTER)
        screen.until("prices_heaviest = '9999kg' is not of the form int")
        screen.type("\b\b", ENTER)
        screen.until(WRITE)
        screen.type("n")
        assert screen.end() == 0


def test_what_is_generated_is_not_offered_again(tree: Path) -> None:
    assert scaffold("new", "--gap", "prices", "--kit", DEMO_KIT, "-C", tree).code == 0
    with new(tree) as screen:
        shown = screen.until(LAST)
        assert "prices.py: what a parcel costs (generated)" in shown
        screen.type("a", ENTER)
        screen.until(SERIALS)
        screen.type(CTRL_C)
        assert screen.end() == 130
    assert DEFECT not in screen.seen


def test_where_nothing_is_open_nothing_is_asked(tree: Path) -> None:
    assert scaffold("new", "--all", "--kit", DEMO_KIT, "-C", tree).code == 0
    with new(tree) as screen:
        assert screen.end() == 2
    assert "error: nothing is open in this checkout" in screen.seen


def test_a_gap_by_name_is_confirmed_and_not_picked_or_asked(tree: Path) -> None:
    with new(tree, "--gap", "prices") as screen:
        shown = screen.until(WRITE)
        screen.type("y")
        assert screen.end() == 0
    assert PICK not in shown and DEFECT not in shown
    assert (tree / "tests" / "test_prices.py").is_file()


def test_yes_asks_nothing(tree: Path) -> None:
    with new(tree, "--gap", "prices", "--yes") as screen:
        assert screen.end() == 0
    assert WRITE not in screen.seen and "done: 2 created" in screen.seen


def test_a_diff_longer_than_the_screen_is_paged_when_wanted(tree: Path) -> None:
    with new(tree, "--gap", "labels", rows=24) as screen:
        assert "weighted_sum" not in screen.until(WRITE)
        screen.type("d")
        screen.until("+def weighted_sum(number):")
        screen.until(WRITE)
        screen.type("n")
        assert screen.end() == 0


def test_one_file_can_be_looked_at(tree: Path) -> None:
    with new(tree, "--gap", "labels") as screen:
        screen.until(WRITE)
        screen.type("f")
        screen.until("Which file?")
        screen.until("tests/conftest.py")
        screen.type(DOWN, ENTER)
        shown = screen.until("+def weighted_sum(number):") + screen.until(WRITE)
        assert "+def weighted_sum(number):" in shown and "test_labels.py b/" not in shown
        screen.type("n")
        assert screen.end() == 0


def test_edits_of_a_persons_file_come_first_with_their_diff(tree: Path) -> None:
    write_files(tree, {"tests/conftest.py": "MINE = 1\n"})
    with new(tree, "--gap", "labels") as screen:
        shown = screen.until(WRITE)
        screen.type("n")
        assert screen.end() == 0
    assert shown.index("edits tests/conftest.py  +") < shown.index("new file ")
    assert " MINE = 1\n" in shown and "+def weighted_sum" not in shown
    assert "2 new, 1 edited; " in shown


def test_what_is_left_out_is_a_count_until_it_is_asked_for(tree: Path) -> None:
    labels = tree / "parcels" / "labels.py"
    labels.write_text(labels.read_text("utf-8").replace("def customs", "def no_customs"), "utf-8")
    with new(tree, "--all") as screen:
        shown = screen.until(WRITE)
        assert "left out (l lists them)" in shown and "left out: " not in shown
        screen.type("l")
        screen.until("  left out: routes: its template is not built yet")
        screen.until(WRITE)
        screen.type("N")
        assert screen.end() == 0


def test_colours_are_left_out_where_they_are_not_wanted(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wanted in (True, False):
        if not wanted:
            monkeypatch.setenv("NO_COLOR", "1")
        with new(tree, "--gap", "labels") as screen:
            screen.until(WRITE)
            screen.type("d")
            screen.until("+def weighted_sum(number):")
            screen.until(WRITE)
            screen.type("n")
            assert screen.end() == 0
        assert ("\x1b[32m+def weighted_sum(number):\x1b[0m" in screen.raw) is wanted


def test_other_keys_and_enter_write_nothing(tree: Path) -> None:
    before = snapshot(tree)
    with new(tree, "--gap", "labels") as screen:
        screen.until(WRITE)
        screen.type("q", "x", "7", UP, ENTER)
        assert screen.end() == 0
    assert "nothing was written" in screen.seen
    assert snapshot(tree) == before


def deleting(root: Path) -> tuple[Path, Path]:
    """A kit whose one row deletes a file, and a checkout that has it."""
    row = gap_toml(removes=[{"path": "old.py", "holds": ["test_old"]}])
    kit = write_kit(root / "kit", {"mover/gap.toml": row, "mover/files/new.txt": "new\n"})
    tree = write_files(root / "app", {"app.py": "x = 1\n", "old.py": "def test_old(): ...\n"})
    return kit, tree


@pytest.mark.parametrize(("key", "gone"), [("y", True), ("n", False), (ENTER, False)])
def test_a_file_of_a_person_goes_only_when_asked_once_more(
    tmp_path: Path, key: str, gone: bool
) -> None:
    kit, tree = deleting(tmp_path)
    with terminal("new", "--kit", kit, "--gap", "mover", cwd=tree) as screen:
        screen.until(WRITE)
        screen.type("y")
        screen.until("This deletes old.py. Go on?")
        screen.type(key)
        assert screen.end() == 0
    assert (tree / "old.py").exists() is not gone
    assert (tree / "new.txt").exists() is gone
    assert ("nothing was written" in screen.seen) is not gone


def test_keys_typed_ahead_and_enter_alone_write_nothing(tree: Path) -> None:
    before = snapshot(tree)
    with new(tree, "--gap", "prices", rows=24) as screen:
        screen.type("y", "y", ENTER)
        assert "2 new, 0 edited; 9 tests in them; " in screen.until(WRITE)
        screen.type(f"dy{ENTER}")  # two of them while the diff is on its way
        screen.until("diff --git")
        screen.until(WRITE)
        screen.type(ENTER)
        assert screen.end() == 0
    assert "nothing was written" in screen.seen
    assert snapshot(tree) == before


def test_commits_are_named_in_the_question_and_no_makes_none(repository: Path) -> None:
    with new(repository, "--gap", "labels", "--commit") as screen:
        screen.until("Write and commit this?")
        screen.type("n")
        assert screen.end() == 0
    assert git(repository, "log", "--format=%s") == "One"
    assert git(repository, "status", "--porcelain") == ""


def test_a_file_saved_while_the_question_stands_is_kept(tree: Path) -> None:
    with new(tree, "--gap", "prices") as screen:
        screen.until(WRITE)
        mine = write_files(tree, {"tests/test_prices.py": "mine = 1\n"}) / "tests/test_prices.py"
        before = snapshot(tree)
        screen.type("y", ENTER)
        assert screen.end() == 4
    assert "somebody changed tests/test_prices.py since it was planned" in screen.seen
    assert mine.read_text() == "mine = 1\n"
    assert snapshot(tree) == before
