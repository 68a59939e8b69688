"""Line ends that git turns and the layout of the checkout's own formatter are no edits."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import black
import pytest

from scaffold.checkout.files import HOOKS
from scaffold.languages import same_text
from support.command import Ran, scaffold
from support.old_black import HOOK, OLD_BLACK, put_old_black
from support.tinykit import DEMO_KIT
from support.tree import snapshot, write_files

TESTS = Path("tests") / "test_prices.py"
NARROW = black.Mode(line_length=50, string_normalization=False)


def git(tree: Path, *arguments: str) -> str:
    """What git says in the tree."""
    who = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    done = subprocess.run(
        ["git", *who, *arguments], cwd=tree, capture_output=True, text=True, check=True
    )
    return done.stdout


def new(tree: Path, *more: str) -> Ran:
    return scaffold("new", "--all", "--kit", DEMO_KIT, "-C", tree, *more)


def state_of(tree: Path, gap: str = "prices") -> str:
    done = scaffold("status", "--json", "--kit", DEMO_KIT, "-C", tree)
    rows = {row["gap"]: row for row in json.loads(done.out)["gaps"]}
    return str(rows[gap]["state"])


def reformat(tree: Path) -> bytes:
    """Every generated file as a formatter with other settings leaves it."""
    for name in ("test_prices.py", "test_labels.py", "conftest.py"):
        path = tree / "tests" / name
        text = path.read_text(encoding="utf-8")
        path.write_text(black.format_str(text, mode=NARROW), encoding="utf-8")
    return (tree / TESTS).read_bytes()


@pytest.fixture
def turned(tree: Path) -> Path:
    """The generated tests, committed, and checked out again by a git that turns line ends."""
    git(tree, "init", "-q")
    git(tree, "config", "core.autocrlf", "true")
    git(tree, "add", "-A")
    git(tree, "commit", "-qm", "before")
    assert new(tree, "--state", "tracked").code == 0
    git(tree, "add", "-A")
    git(tree, "commit", "-qm", "tests")
    for name in git(tree, "ls-files").splitlines():
        (tree / name).unlink()
    git(tree, "checkout", "-q", "--", ".")
    assert b"\r\n" in (tree / TESTS).read_bytes()
    assert b"\r\n" in (tree / ".scaffold" / "state.json").read_bytes()
    return tree


def test_new_writes_nothing_where_git_turned_line_ends(turned: Path) -> None:
    before = snapshot(turned)
    again = new(turned)
    assert again.code == 0, again.err
    assert again.out.endswith("nothing to do\n")
    assert snapshot(turned) == before
    assert state_of(turned) == "generated"


def test_an_update_keeps_the_line_ends_that_git_turned(turned: Path) -> None:
    assert new(turned, "--set", "prices_heaviest=9000").code == 0
    written = (turned / TESTS).read_bytes()
    assert b"9000" in written and written.count(b"\n") == written.count(b"\r\n")


def test_undo_works_where_git_turned_line_ends(turned: Path) -> None:
    done = scaffold("undo", "--kit", DEMO_KIT, "-C", turned)
    assert done.code == 0, done.err
    assert not (turned / TESTS).exists()
    assert state_of(turned) == "open"


def test_a_reformatted_file_is_as_generated_and_stays(tree: Path) -> None:
    assert new(tree).code == 0
    first = (tree / TESTS).read_bytes()
    assert reformat(tree) != first
    before = snapshot(tree)
    again = new(tree)
    assert again.code == 0, again.err
    assert again.out.endswith("nothing to do\n")
    assert snapshot(tree) == before
    assert (state_of(tree), state_of(tree, "labels")) == ("generated", "generated")


def test_an_update_of_a_reformatted_file_is_no_conflict(tree: Path) -> None:
    assert new(tree).code == 0
    laid_out = reformat(tree)
    done = new(tree, "--set", "prices_heaviest=9000")
    assert done.code == 0, done.err
    written = (tree / TESTS).read_bytes()
    assert same_text(str(TESTS), written, laid_out.replace(b"9999", b"9000"))
    assert not same_text(str(TESTS), written, laid_out)
    assert state_of(tree) == "generated"


def test_an_edit_beside_a_reformat_is_still_one(tree: Path) -> None:
    assert new(tree).code == 0
    mine = reformat(tree) + b"\n\ndef test_mine():\n    pass\n"
    (tree / TESTS).write_bytes(mine)
    assert state_of(tree) == "edited"
    assert new(tree, "--set", "prices_heaviest=9000").code == 4
    assert (tree / TESTS).read_bytes() == mine


def test_undo_leaves_a_reformatted_file_unless_forced(tree: Path) -> None:
    before = snapshot(tree)
    assert new(tree).code == 0
    laid_out = reformat(tree)
    undo = ("undo", "--kit", DEMO_KIT, "-C", tree)
    refused = scaffold(*undo)
    assert refused.code == 4 and str(TESTS) in refused.fact
    assert (tree / TESTS).read_bytes() == laid_out
    assert scaffold(*undo, "--force").code == 0
    assert snapshot(tree) == before


def set_up(tree: Path, table: str) -> None:
    """Add a table to the checkout's pyproject.toml."""
    page = tree / "pyproject.toml"
    page.write_text(f"{page.read_text('utf-8')}\n[tool.black]\n{table}\n", encoding="utf-8")


def test_new_lays_out_as_the_checkouts_own_settings_of_black_want(tree: Path) -> None:
    set_up(tree, "line-length = 50\nskip-string-normalization = true")
    assert new(tree).code == 0
    for name in ("test_prices.py", "test_labels.py", "conftest.py"):
        text = (tree / "tests" / name).read_text(encoding="utf-8")
        assert text == black.format_str(text, mode=NARROW), name
    assert state_of(tree) == "generated"
    assert new(tree).out.endswith("nothing to do\n")


def test_stubs_are_laid_out_as_the_checkouts_own_settings_of_black_want(tree: Path) -> None:
    set_up(tree, "line-length = 50")
    assert new(tree, "--stubs").code == 0
    text = (tree / TESTS).read_text(encoding="utf-8")
    assert text == black.format_str(text, mode=black.Mode(line_length=50))


def test_a_pinned_black_that_comes_later_changes_nothing_that_is_there(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    write_files(tree, {HOOKS: HOOK.format("0.1")})
    fresh = shutil.copytree(tree, tmp_path / "fresh")
    assert new(tree).code == 0
    before = snapshot(tree)
    airy = OLD_BLACK.replace('f"# {mode.line_length}', 'text.replace("\\n", "\\n\\n") or f"')
    write_files(put_old_black(tmp_path), {"__init__.py": airy})
    again = new(tree)
    assert again.code == 0, again.err
    assert again.out.endswith("nothing to do\n")
    assert snapshot(tree) == before
    assert new(fresh).code == 0
    laid_out = (fresh / TESTS).read_bytes()
    assert laid_out != (tree / TESTS).read_bytes()
    assert same_text(str(TESTS), laid_out, (tree / TESTS).read_bytes())
