"""What `undo` says of git, of edits that force throws away, and of what is set aside."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from support.command import Ran, scaffold
from support.repositories import committed, git, with_author
from support.tinykit import DEMO_KIT, gap_toml, write_kit
from support.tree import snapshot, write_files

TESTS = Path("tests") / "test_prices.py"


def run(tree: Path, *words: str) -> Ran:
    return scaffold(*words, "--kit", DEMO_KIT, "-C", tree)


def test_nothing_is_said_of_commits_where_all_is_as_committed(repository: Path) -> None:
    write_files(repository, {"tests/conftest.py": "import pytest\n"})
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Mine")
    assert run(repository, "new", "--gap", "prices").code == 0
    done = run(repository, "undo")
    assert (done.code, done.out) == (0, "taken back: new prices (2 files)\n")


def test_line_ends_are_no_difference_from_the_commit(repository: Path) -> None:
    write_files(repository, {"tests/conftest.py": "import pytest\n"})
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Mine")
    (repository / "tests/conftest.py").write_bytes(b"import pytest\r\n")
    assert run(repository, "new", "--gap", "prices").code == 0
    assert "commit" not in run(repository, "undo").out


def test_what_was_committed_is_named_with_a_command_that_commits(repository: Path) -> None:
    assert run(repository, "new", "--gap", "prices").code == 0
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Tests")
    done = run(repository, "undo")
    assert done.code == 0
    command = done.out.rpartition("with: ")[2].strip()
    assert TESTS.as_posix() in command


def test_the_command_commits_what_a_commit_moved_and_deleted(tmp_path: Path) -> None:
    """They are not in the index after the undo, and `git commit -- PATH` leaves them out."""
    row = gap_toml(moves=[{"from": "old.py", "to": "new.py"}], removes=[{"path": "gone.py"}])
    rows = {"row/gap.toml": row, "row/files/test_row.py": "def test_row(): pass\n"}
    kit = write_kit(tmp_path / "kit", rows)
    files = {"app.py": "x = 1\n", "old.py": "old = 1\n", "gone.py": "gone = 1\n"}
    app = committed(write_files(tmp_path / "app", files))
    with_author(app)
    words = ("--kit", kit, "-C", app)
    done = scaffold("new", "row", "--commit", "--no-prove", *words)
    assert done.code == 0, done.err
    typed = scaffold("undo", *words).out.rpartition("with: ")[2]
    subprocess.run(["sh", "-c", typed], cwd=tmp_path, check=True, capture_output=True)
    assert git(app, "diff", "HEAD~2", "--stat") == ""
    assert git(app, "status", "--porcelain", "--", ":!.scaffold") == ""


def test_nothing_is_said_where_a_person_staged_the_file_away(repository: Path) -> None:
    assert run(repository, "new", "--gap", "prices").code == 0
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Tests")
    git(repository, "mv", str(TESTS), "tests/test_costs.py")
    assert run(repository, "new", "--gap", "prices").code == 0
    done = run(repository, "undo")
    assert done.code == 0 and "commit" not in done.out


def test_nothing_is_said_where_the_commit_holds_a_person_s_own(repository: Path) -> None:
    write_files(repository, {TESTS.as_posix(): "mine = 1\n"})
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Mine")
    write_files(repository, {TESTS.as_posix(): "mine = 2\n"})
    assert run(repository, "new", "prices", "--on-conflict", "overwrite").code == 0
    done = run(repository, "undo")
    assert done.code == 0 and "commit" not in done.out


def test_force_takes_back_what_a_link_stands_in_the_place_of(repository: Path) -> None:
    assert run(repository, "new", "--gap", "prices").code == 0
    (repository / "mine.py").write_text("mine = 1\n")
    (repository / TESTS).unlink()
    (repository / TESTS).symlink_to("../mine.py")
    before = run(repository, "undo", "--force", "--dry-run").code
    assert run(repository, "undo", "--force").code == before
    assert (repository / "mine.py").read_text() == "mine = 1\n"


def test_force_names_each_edit_that_it_throws_away(tree: Path) -> None:
    assert run(tree, "new", "--gap", "prices").code == 0
    (tree / TESTS).write_text("mine\n")
    would = run(tree, "undo", "--force", "--dry-run")
    assert f"edited since, and would be lost: {TESTS}" in would.out
    assert json.loads(run(tree, "undo", "--force", "--dry-run", "--json").out)["lost"] == [
        TESTS.as_posix()
    ]
    assert f"edited since, and lost: {TESTS}" in run(tree, "undo", "--force").out


def test_a_record_that_can_be_taken_back_is_not_set_aside(tree: Path) -> None:
    before = snapshot(tree)
    assert run(tree, "new", "--gap", "prices").code == 0
    assert run(tree, "undo", "--set-aside").out == "nothing to do\n"
    assert run(tree, "undo").code == 0
    assert snapshot(tree) == before


def test_of_two_records_the_one_that_is_not_believed_is_set_aside(tree: Path) -> None:
    assert run(tree, "new", "--gap", "prices").code == 0
    moved = tree.with_name("moved")
    shutil.move(tree, moved)  # a record is for one folder
    assert run(moved, "new", "--gap", "labels").code == 0
    aside = run(moved, "undo", "--set-aside").out
    assert aside == "set aside: .scaffold/undo/0001 -> .scaffold/kept/0001\n"
    assert run(moved, "undo").out.startswith("taken back: new labels")


def test_records_alone_are_nothing_to_take_back(tree: Path) -> None:
    assert run(tree, "new", "--gap", "prices").code == 0
    shutil.rmtree(tree / ".scaffold")
    done = run(tree, "new", "--gap", "prices")
    assert done.code == 0
    assert "2 the same" in done.out
    assert "take it back" not in done.out
