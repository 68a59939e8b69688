"""`new --commit` after `new`: what it put into files of the checkout, part by part."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from support.command import Ran, scaffold
from support.committing import everything, files_in, log
from support.repositories import committed, git, with_author
from support.tinykit import gap_toml, write_kit
from support.tree import write_files

PARTS = ("one", "two")


@pytest.fixture
def two_parts(tmp_path: Path) -> Path:
    """A row of two parts, each with a file of tests and its name in conftest.py."""
    edit = {"kind": "python", "path": "tests/conftest.py"}
    templates = {
        "row/gap.toml": gap_toml(
            edits=[{**edit, "payload": f"{name}.py"} for name in PARTS],
            parts=[
                {"name": name, "title": name, "files": [f"tests/test_{name}.py"],
                 "edits": [f"{name}.py"]}
                for name in PARTS
            ],
        )
    }  # fmt: skip
    for name in PARTS:
        templates[f"row/files/tests/test_{name}.py"] = f"def test_{name}(): pass\n"
        templates[f"row/files/.scaffold-edits/{name}.py"] = f'{name.upper()} = "{name}"\n'
    return write_kit(tmp_path / "kit", templates)


@pytest.fixture
def own_conftest(tmp_path: Path) -> Path:
    """A repository with a conftest.py of its own."""
    files = {"app.py": "x = 1\n", "tests/conftest.py": "MINE = 1\n", "tests/test_a.py": "a = 1\n"}
    tree = write_files(tmp_path / "app", files)
    committed(tree)
    with_author(tree)
    return tree


def new(own_conftest: Path, two_parts: Path, *more: str) -> Ran:
    return scaffold("new", "--gap", "row", *more, "--kit", two_parts, "-C", own_conftest)


def test_a_part_that_new_wrote_before_is_committed_with_what_it_shares(
    own_conftest: Path, two_parts: Path
) -> None:
    assert new(own_conftest, two_parts, "--part", "one").code == 0

    done = new(own_conftest, two_parts, "--part", "one", "--commit", "--no-prove")

    assert done.code == 0, done.err
    assert files_in(own_conftest, "HEAD") == ["tests/conftest.py", "tests/test_one.py"]
    assert new(own_conftest, two_parts, "--commit", "--no-prove").code == 0
    assert files_in(own_conftest, "HEAD") == ["tests/conftest.py", "tests/test_two.py"]
    assert len(log(own_conftest)) == 3
    assert git(own_conftest, "status", "--porcelain", "--", "tests") == ""


@pytest.mark.parametrize(
    ("written", "asked", "what", "hint"),
    [
        (["--part", "one"], ["--part", "two"], "row:one", "scaffold new --gap row --part one"),
        (["--part", "two"], [], "row:two", "scaffold new --gap row --part two"),
        ([], [], "row:one, row:two", "scaffold undo"),
    ],
)
def test_no_commit_takes_in_what_another_part_put_into_the_file(
    own_conftest: Path, two_parts: Path, written: list[str], asked: list[str], what: str, hint: str
) -> None:
    assert new(own_conftest, two_parts, *written).code == 0
    before = everything(own_conftest)

    done = new(own_conftest, two_parts, *asked, "--commit", "--no-prove")

    assert done.code == 4, done.err
    assert f"tests/conftest.py holds what {what} put into it" in done.fact
    assert done.hint.startswith(hint)
    assert everything(own_conftest) == before


def test_what_was_made_to_hold_an_entry_is_the_parts_too(
    own_conftest: Path, tmp_path: Path
) -> None:
    edit = {"kind": "json", "path": "tasks.json", "payload": "tasks.json"}
    templates = {
        "row/gap.toml": gap_toml(edits=[edit]),
        "row/files/tests/test_row.py": "def test_row(): pass\n",
        "row/files/.scaffold-edits/tasks.json": '{"tasks": {"test": {"needs": ["build"]}}}\n',
    }
    kit = write_kit(tmp_path / "other", templates)
    write_files(own_conftest, {"tasks.json": '{\n  "tasks": {\n    "build": {}\n  }\n}\n'})
    git(own_conftest, "add", "tasks.json")
    git(own_conftest, "commit", "-q", "-m", "Tasks")
    assert new(own_conftest, kit).code == 0

    done = new(own_conftest, kit, "--commit", "--no-prove")

    assert done.code == 0, done.err
    assert files_in(own_conftest, "HEAD") == ["tasks.json", "tests/test_row.py"]


def test_what_is_written_is_proved_before_it_is_committed(
    own_conftest: Path, tmp_path: Path
) -> None:
    templates = {
        "row/gap.toml": gap_toml(),
        "row/files/tests/test_row.py": "def test_row():\n    assert 1 == 2\n",
    }
    kit = write_kit(tmp_path / "other", templates)
    assert new(own_conftest, kit).code == 0
    before = everything(own_conftest)

    done = new(own_conftest, kit, "--commit", "--python", sys.executable)

    assert done.code == 6 and "nothing is as declared in this checkout" in done.fact, done.err
    assert everything(own_conftest) == before


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")
def test_packages_that_the_tests_ask_for_are_installed_after_they_are_written(
    own_conftest: Path, tmp_path: Path
) -> None:
    write_files(own_conftest, {"package.json": "{}\n", "app.ts": "export const x = 1;\n"})
    git(own_conftest, "add", "package.json", "app.ts")
    git(own_conftest, "commit", "-q", "-m", "Packages")
    templates = {
        "row/gap.toml": gap_toml(
            language="typescript",
            run={"runner": "vitest", "root": "."},
            targets=[{"name": "app", "paths": ["app.ts"]}],
            after="npm ci   # gets Vitest",
        ),
        "row/files/app.test.ts": 'import { test } from "vitest";\ntest("x", () => {});\n',
    }
    kit = write_kit(tmp_path / "other", templates)

    done = new(own_conftest, kit, "--commit")

    assert done.code == 7 and "npm ci`, then ask for row again" in done.fact, done.err
    assert done.hint.startswith("scaffold new --gap row")
    assert new(own_conftest, kit).code == 0
    assert new(own_conftest, kit, "--commit").hint.endswith("&& npm ci")


def test_a_persons_change_in_the_same_file_is_not_taken_in(
    own_conftest: Path, two_parts: Path
) -> None:
    assert new(own_conftest, two_parts, "--part", "one").code == 0
    with (own_conftest / "tests" / "conftest.py").open("a") as file:
        file.write("MORE = 2\n")
    before = everything(own_conftest)

    done = new(own_conftest, two_parts, "--part", "one", "--commit", "--no-prove")

    assert done.code == 4 and "has changes that are not committed" in done.fact, done.err
    assert everything(own_conftest) == before


def test_what_cannot_be_committed_is_refused_before_anything_runs(
    own_conftest: Path, two_parts: Path, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    test = two_parts / "templates" / "row" / "files" / "tests" / "test_one.py"
    test.write_text(f"def test_one():\n    open({str(ran)!r}, 'w').close()\n")
    assert new(own_conftest, two_parts).code == 0

    done = new(own_conftest, two_parts, "--commit", "--python", sys.executable)

    assert done.code == 4 and "which is not committed yet" in done.fact, done.err
    assert not ran.exists()
    assert done.hint.startswith("scaffold undo")
    assert scaffold("undo", "--kit", two_parts, "-C", own_conftest).code == 0
    done = new(own_conftest, two_parts, "--commit", "--python", sys.executable)
    assert done.code == 0 and ran.exists(), done.err
    assert files_in(own_conftest, "HEAD") == ["tests/conftest.py", "tests/test_two.py"]
