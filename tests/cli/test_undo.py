"""`scaffold undo` where the generated files are not here: in a stash, on a branch, deleted."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from support.command import scaffold
from support.tinykit import DEMO_KIT
from support.tree import snapshot

KIT = ["--kit", str(DEMO_KIT)]


def git(tree: Path, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    done = subprocess.run(
        ["git", *who, *words], cwd=tree, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("where", ["a stash", "another branch"])
def test_undo_finds_files_that_git_holds_elsewhere(tree: Path, where: str) -> None:
    git(tree, "init", "-q", "-b", "main")
    git(tree, "add", "-A")
    git(tree, "commit", "-q", "-m", "first")
    first = snapshot(tree)
    assert scaffold("new", "--gap", "prices", *KIT, "-C", tree).code == 0
    if where == "a stash":
        git(tree, "stash", "-q", "--include-untracked", "--", "tests")
    else:
        git(tree, "switch", "-q", "-c", "side")
        git(tree, "add", "tests")
        git(tree, "commit", "-q", "-m", "side")
        git(tree, "switch", "-q", "main")
    away = {path: what for path, what in snapshot(tree).items() if not path.startswith(".git/")}
    done = scaffold("undo", *KIT, "-C", tree)
    assert done.code == 4
    assert re.match(r"not here as it was generated: tests/.*; nothing was undone", done.fact)
    now = {path: what for path, what in snapshot(tree).items() if not path.startswith(".git/")}
    assert now == away
    # The hint is a command, and finds them.
    found = subprocess.run(["sh", "-c", done.pasted], capture_output=True, text=True, check=True)
    assert found.stdout.strip(), done.hint
    git(tree, *(["stash", "pop", "-q"] if where == "a stash" else ["switch", "-q", "side"]))
    assert scaffold("undo", *KIT, "-C", tree).code == 0
    assert {path for path in snapshot(tree) if not path.startswith(".git/")} == {
        path for path in first if not path.startswith(".git/")
    }


def test_undo_of_deleted_files_without_git_names_the_command_that_goes_on(tree: Path) -> None:
    first = snapshot(tree)
    assert scaffold("new", "--gap", "prices", *KIT, "-C", tree).code == 0
    (tree / "tests" / "test_prices.py").unlink()
    done = scaffold("undo", *KIT, "-C", tree)
    assert done.code == 4
    assert done.hint == "scaffold undo --force"
    assert scaffold("undo", "--force", *KIT, "-C", tree).code == 0
    assert snapshot(tree) == first
