"""`scaffold new` and `undo`: one plan, one transaction, one step back."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.command import scaffold
from support.tinykit import DEMO_KIT, gap_toml, write_kit
from support.tree import snapshot, write_files

KIT = ["--kit", str(DEMO_KIT)]
TESTS = Path("tests", "test_prices.py")
LABELS = ["test_labels.py", "test_tracking_numbers.py"]
BOTH = ["test_labels.py", "test_prices.py", "test_tracking_numbers.py"]


def git(tree: Path, *arguments: str) -> str:
    """What git says in the tree."""
    done = subprocess.run(
        ["git", "-c", "user.name=n", "-c", "user.email=e@example.org", *arguments],
        cwd=tree,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_bulk_is_one_plan_and_tells_what_it_leaves_out(tree: Path) -> None:
    done = scaffold("new", "--all", *KIT, "-C", tree)
    assert done.code == 0
    assert done.out == (
        "  + tests/test_prices.py\n"
        "  + tests/test_labels.py\n"
        "  + tests/test_tracking_numbers.py\n"
        "  + tests/conftest.py  (shared by prices, labels)\n"
        "  left out: tracking: its targets are not in this checkout\n"
        "  left out: routes: its template is not built yet\n"
        "done: 4 created\n"
        f"prove it with: scaffold verify prices labels -C {tree} --kit {DEMO_KIT}\n"
        f"take it back with: scaffold undo -C {tree} --kit {DEMO_KIT}\n"
    )
    assert [line.split("] ")[1] for line in done.err.splitlines()] == [
        "render prices",
        "render labels",
    ]


def test_an_edit_that_renders_blank_changes_nothing_in_a_second_run(tmp_path: Path) -> None:
    tree = write_files(tmp_path / "tree", {"app.py": "ONE = 1\n", "conftest.py": "A = 1\n"})
    edits = [
        {"kind": "python", "path": "conftest.py", "payload": name} for name in ("a.py", "b.py")
    ]
    payloads = {"row/files/.scaffold-edits/a.py": "B = 2\n", "row/files/.scaffold-edits/b.py": "\n"}
    kit = write_kit(tmp_path / "kit", {"row/gap.toml": gap_toml(edits=edits), **payloads})
    assert scaffold("new", "--gap", "row", "--kit", kit, "-C", tree).code == 0
    before = snapshot(tree)
    again = scaffold("new", "--gap", "row", "--kit", kit, "-C", tree)
    assert again.out.endswith("nothing to do\n"), again.out
    assert snapshot(tree) == before


def test_what_a_person_has_to_run_afterwards_is_printed_and_not_run(tmp_path: Path) -> None:
    tree = write_files(tmp_path / "tree", {"app.py": "ONE = 1\n"})
    toml = gap_toml(after="touch done")
    kit = write_kit(tmp_path / "kit", {"row/gap.toml": toml, "row/files/test_one.py": "ONE = 1\n"})
    written = scaffold("new", "--gap", "row", "--kit", kit, "-C", tree)
    assert "then run: touch done" in written.out.splitlines()
    assert not (tree / "done").exists()
    again = scaffold("new", "--gap", "row", "--kit", kit, "-C", tree)
    assert "then run" not in again.out


@pytest.mark.parametrize(
    ("selection", "written"),
    [
        (["--priority", "P0"], ["test_prices.py"]),
        (["--priority", "p1"], LABELS),
        (["--gap", "labels", "--gap", "prices"], BOTH),
        (["--priority", "P0", "--gap", "labels"], BOTH),
        (["--all", "--language", "rust"], []),
        (["--all", "--kind", "proposal"], []),
    ],
    ids=" ".join,
)
def test_a_selection_writes_its_gaps_and_no_other(
    tree: Path, selection: list[str], written: list[str]
) -> None:
    done = scaffold("new", *selection, *KIT, "-C", tree)
    assert done.code == 0
    found = {path.name for path in (tree / "tests").glob("test_*.py")} - {"test_package.py"}
    assert sorted(found) == written
    assert done.out.endswith("nothing to do\n") == (not written)


def test_a_second_run_changes_no_byte(tree: Path) -> None:
    assert scaffold("new", "--all", *KIT, "-C", tree).code == 0
    before = snapshot(tree)
    done = scaffold("new", "--all", *KIT, "-C", tree)
    assert (done.code, done.out.splitlines()[-1]) == (0, "4 the same; nothing to do")
    assert snapshot(tree) == before


def test_it_works_from_a_folder_inside_of_the_checkout(tree: Path) -> None:
    assert scaffold("new", "--gap", "prices", *KIT, cwd=tree / "parcels").code == 0
    assert (tree / TESTS).is_file()
    assert scaffold("undo", *KIT, cwd=tree / "tests").code == 0
    assert not (tree / TESTS).exists()


@pytest.mark.parametrize(
    "conftest",
    [
        b"",
        b"import os\n\nHERE = os.sep",
        b'"""Windows."""\r\n\r\nimport os\r\n\r\nHERE = os.sep\r\n',
        b"\xef\xbb\xbfimport os\n\n\n\nHERE = os.sep\n\n\n",
        b"#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n",
    ],
    ids=["empty", "no final newline", "CRLF", "byte order mark", "comments alone"],
)
def test_undo_gives_the_first_tree_byte_for_byte(tree: Path, conftest: bytes) -> None:
    (tree / "tests" / "conftest.py").write_bytes(conftest)
    (tree / "tests" / "conftest.py").chmod(0o755)
    (tree / "tests").chmod(0o750)
    (tree / "empty").mkdir()
    before = snapshot(tree)
    assert scaffold("new", "--all", *KIT, "-C", tree).code == 0
    edited = (tree / "tests" / "conftest.py").read_bytes()
    assert b"def address" in edited
    assert (b"\r\n" in edited) == (b"\r\n" in conftest)
    assert (tree / "tests" / "conftest.py").stat().st_mode & 0o777 == 0o755
    done = scaffold("undo", *KIT, "-C", tree)
    assert (done.code, done.out) == (0, "taken back: new prices labels (4 files)\n")
    assert snapshot(tree) == before


def test_each_undo_takes_one_transaction_back(tree: Path) -> None:
    trees = [snapshot(tree)]
    for slug in ("labels", "prices"):
        assert scaffold("new", "--gap", slug, *KIT, "-C", tree).code == 0
        trees.append(snapshot(tree))
    for wanted in (trees[1], trees[0]):
        assert scaffold("undo", *KIT, "-C", tree).code == 0
        assert snapshot(tree) == wanted
    done = scaffold("undo", *KIT, "-C", tree)
    assert (done.code, done.out) == (0, "nothing to undo\n")


def test_undo_removes_what_a_test_run_left_of_our_files_and_nothing_else(tree: Path) -> None:
    before = snapshot(tree)
    assert scaffold("new", "--all", *KIT, "-C", tree).code == 0
    write_files(tree, {"tests/__pycache__/test_prices.cpython-311-pytest-8.pyc": b"compiled"})
    assert scaffold("undo", *KIT, "-C", tree).code == 0
    assert snapshot(tree) == before


def test_undo_keeps_what_a_person_put_into_a_folder_of_ours(tmp_path: Path) -> None:
    app = write_files(tmp_path / "app", {"app.py": "x = 1\n"})
    kit = write_kit(
        tmp_path / "kit",
        {"row/gap.toml": gap_toml(), "row/files/checks/test_app.py": "# Generated by scaffold.\n"},
    )
    assert scaffold("new", "--all", "--kit", kit, "-C", app).code == 0
    write_files(app, {"checks/mine.txt": "mine"})
    assert scaffold("undo", "--kit", kit, "-C", app).code == 0
    assert set(snapshot(app)) == {"app.py", "checks", "checks/mine.txt"}


def test_an_executable_file_stays_executable(tmp_path: Path) -> None:
    app = write_files(tmp_path / "app", {"app.py": "x = 1\n"})
    kit = write_kit(
        tmp_path / "kit", {"row/gap.toml": gap_toml(), "row/files/run.sh": "#!/bin/sh\n"}
    )
    (kit / "templates" / "row" / "files" / "run.sh").chmod(0o755)
    assert scaffold("new", "--all", "--kit", kit, "-C", app).code == 0
    assert (app / "run.sh").stat().st_mode & 0o111
    assert scaffold("status", "--kit", kit, "-C", app).out.count("generated") == 1


@pytest.mark.parametrize("option", ["--dry-run", "--diff"])
def test_looking_writes_nothing(tree: Path, option: str) -> None:
    before = snapshot(tree)
    done = scaffold("new", "--all", option, *KIT, "-C", tree)
    assert done.code == 0
    assert snapshot(tree) == before


def test_a_dry_run_says_so(tree: Path) -> None:
    done = scaffold("new", "--all", "--dry-run", *KIT, "-C", tree)
    assert done.out.endswith("4 to create; nothing was written (--dry-run)\n")


def test_the_diff_applies_with_git_and_gives_the_same_files(tree: Path, tmp_path: Path) -> None:
    (tree / "tests" / "conftest.py").write_bytes(b"import os\n\nHERE = os.sep")
    git(tree, "init", "-q")
    git(tree, "add", "-A")
    git(tree, "commit", "-q", "-m", "first")
    patch = tmp_path / "patch"
    patch.write_text(scaffold("new", "--all", "--diff", *KIT, "-C", tree).out)
    git(tree, "apply", "--whitespace=nowarn", str(patch))
    applied = snapshot(tree)
    git(tree, "add", "-A")
    git(tree, "stash")
    assert scaffold("new", "--all", *KIT, "-C", tree).code == 0
    shutil.rmtree(tree / ".scaffold")
    assert snapshot(tree) == applied


def test_a_file_that_is_not_utf_8_keeps_its_bytes_in_the_diff(tree: Path, tmp_path: Path) -> None:
    (tree / TESTS).write_bytes(b"# caf\xe9\n")
    words = ["new", "--gap", "prices", "--diff", "--on-conflict", "overwrite", *KIT, "-C", tree]
    done = subprocess.run(
        [sys.executable, "-m", "scaffold", *map(str, words)], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert b"-# caf\xe9\n" in done.stdout


def test_stubs_are_todos_and_a_later_full_run_keeps_what_was_written(tree: Path) -> None:
    first = snapshot(tree)
    assert scaffold("new", "--all", "--stubs", *KIT, "-C", tree).code == 0
    stub = (tree / TESTS).read_text()
    tests = [node for node in ast.parse(stub).body if isinstance(node, ast.FunctionDef)]
    assert len(tests) == 9
    assert all("TODO: " in ast.unparse(test) for test in tests)
    status = scaffold("status", *KIT, "-C", tree)
    assert status.out.count("stubs") == 2

    mine = "def test_home_is_the_default_zone():\n    assert price(1) == price(1, 'home')\n"
    start = stub.index("def test_home_is_the_default_zone")
    end = stub.index("\n\n\n", start) + 1
    (tree / TESTS).write_text(stub[:start] + mine + stub[end:])
    done = scaffold("new", "--all", *KIT, "-C", tree)
    assert done.code == 0
    assert "(filled; yours is kept: test_home_is_the_default_zone)" in done.out
    full = (tree / TESTS).read_text()
    assert mine in full and "TODO" not in full
    assert "def test_unknown_zone_is_refused():\n    with pytest.raises(KeyError" in full

    for _ in range(2):
        assert scaffold("undo", "--force", *KIT, "-C", tree).code == 0
    assert snapshot(tree) == first


def test_stubs_after_the_full_tests_change_nothing(tree: Path) -> None:
    assert scaffold("new", "--gap", "prices", *KIT, "-C", tree).code == 0
    before = snapshot(tree)
    assert scaffold("new", "--gap", "prices", "--stubs", *KIT, "-C", tree).code == 0
    assert snapshot(tree) == before


def test_answers_come_from_a_file_and_set_goes_before_it(tree: Path, tmp_path: Path) -> None:
    answers = tmp_path / "answers.toml"
    answers.write_text('prices_currency = "pence"\nprices_heaviest = 9100\n')
    done = scaffold(
        "new", "--gap", "prices", "--answers", answers, "--set", "prices_heaviest=9200",
        *KIT, "-C", tree,
    )  # fmt: skip
    assert done.code == 0
    text = (tree / TESTS).read_text()
    assert '("grams", "pence")' in text and "(9200, 990)" in text


def test_what_was_answered_once_holds_for_the_next_run(tree: Path) -> None:
    first = ["new", "--gap", "prices", "--set", "prices_currency=pence"]
    assert scaffold(*first, *KIT, "-C", tree).code == 0
    before = snapshot(tree)
    assert scaffold("new", "--gap", "prices", *KIT, "-C", tree).code == 0
    assert snapshot(tree) == before


def test_a_symbol_that_this_checkout_lacks_is_left_out_and_named(tree: Path) -> None:
    prices = tree / "parcels" / "prices.py"
    text = prices.read_text()
    prices.write_text(text[: text.index("def price(")])
    done = scaffold("new", "--gap", "prices", *KIT, "-C", tree)
    assert "  left out of prices: parcels/prices.py: no price\n" in done.out
    written = (tree / TESTS).read_text()
    assert "import base_price, premium\n" in written and "test_zone" not in written


def test_what_python_compiled_in_a_kit_is_not_written(tmp_path: Path) -> None:
    tree = write_files(tmp_path / "tree", {"app.py": "ONE = 1\n"})
    part = {"name": "one", "title": "one", "files": ["test_one.py"]}
    files: dict[str, str | bytes] = {
        "row/gap.toml": gap_toml(parts=[part]),
        "row/files/test_one.py": "ONE = 1\n",
        "row/files/__pycache__/test_one.cpython-311.pyc": b"\x00\x01",
    }
    done = scaffold("new", "--gap", "row", "--kit", write_kit(tmp_path / "kit", files), "-C", tree)
    assert done.code == 0, done.err
    assert (tree / "test_one.py").is_file() and not (tree / "__pycache__").exists()
