"""`new --commit` where git is not ready: one sentence, a command, and nothing changed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.committing import ADDRESSES, NUMBERS, everything, log, new, run
from support.repositories import git
from support.tree import snapshot, write_files


def stopped(tree: Path, *arguments: str) -> None:
    """A command of git that is meant to stop in the middle."""
    done = subprocess.run(["git", *arguments], cwd=tree, check=False, capture_output=True)
    assert done.returncode != 0


def forked(tree: Path) -> None:
    git(tree, "switch", "-q", "-c", "side")
    write_files(tree, {"README.md": "side\n"})
    git(tree, "commit", "-q", "-am", "Side")
    git(tree, "switch", "-q", "main")
    write_files(tree, {"README.md": "main\n"})
    git(tree, "commit", "-q", "-am", "Main")


def in_merge(tree: Path) -> None:
    forked(tree)
    stopped(tree, "merge", "-q", "side")


def in_rebase(tree: Path) -> None:
    forked(tree)
    stopped(tree, "rebase", "-q", "side")


def in_am(tree: Path) -> None:
    forked(tree)
    patch = git(tree, "format-patch", "-1", "side", "--stdout")
    write_files(tree.parent, {"side.patch": patch + "\n"})
    stopped(tree, "am", "-q", "../side.patch")


def in_pick(tree: Path) -> None:
    forked(tree)
    stopped(tree, "cherry-pick", "side")


def in_revert(tree: Path) -> None:
    for text in ("again\n", "and again\n"):
        write_files(tree, {"README.md": text})
        git(tree, "commit", "-q", "-am", "Again")
    stopped(tree, "revert", "HEAD~1")


def in_stash(tree: Path) -> None:
    write_files(tree, {"README.md": "stashed\n"})
    git(tree, "stash", "-q")
    write_files(tree, {"README.md": "other\n"})
    git(tree, "commit", "-q", "-am", "Other")
    stopped(tree, "stash", "pop", "-q")


def staged(tree: Path) -> None:
    write_files(tree, {"tests/test_labels.py": "mine = 1\n"})
    git(tree, "add", "tests/test_labels.py")
    (tree / "tests" / "test_labels.py").unlink()


def staged_by_us(tree: Path) -> None:
    assert run(tree, "new", "--gap", "labels").code == 0
    git(tree, "add", "tests/test_labels.py")


def changed(tree: Path) -> None:
    write_files(tree, {"tests/conftest.py": "mine = 1\n"})
    git(tree, "add", "tests/conftest.py")
    git(tree, "commit", "-q", "-m", "Mine")
    write_files(tree, {"tests/conftest.py": "mine = 2\n"})


def joined(tree: Path) -> None:
    assert run(tree, "new", "--gap", "labels").code == 0
    with (tree / "tests" / "conftest.py").open("a") as file:
        file.write("\n\nmine = 1\n")


def overlooked(flag: str) -> Callable[[Path], None]:
    """A shared file with a change that git is told to overlook."""

    def make(tree: Path) -> None:
        changed(tree)
        git(tree, "update-index", f"--{flag}", "tests/conftest.py")

    return make


def locked(name: str) -> Callable[[Path], None]:
    """A lock that another git holds, or left when it was killed."""
    return lambda tree: (tree / f".git/{name}.lock").touch()


BAD: dict[str, tuple[Callable[[Path], Any], list[str], int, str, str]] = {
    "merge": (in_merge, [], 3, "a merge is not finished", "git status"),
    "rebase": (in_rebase, ["--branch", "x"], 3, "a rebase is not finished", "git status"),
    "am": (in_am, [], 3, "a run of `git am` is not finished", "git status"),
    "cherry-pick": (in_pick, [], 3, "a cherry-pick is not finished", "git status"),
    "revert": (in_revert, [], 3, "a revert is not finished", "git status"),
    "bisect": (lambda tree: git(tree, "bisect", "start"), [], 3, "a bisect is not finished",
               "git status"),
    "stash": (in_stash, [], 3, "README.md: not merged yet", "git status"),
    "lock": (locked("index"), [], 3, "index.lock is there", "ls -l"),
    "lock of HEAD": (locked("HEAD"), [], 3, "HEAD.lock is there", "ls -l"),
    "lock of the branch": (locked("refs/heads/main"), [], 3, "main.lock is there", "ls -l"),
    "lock of a new branch": (locked("refs/heads/x"), ["--branch", "x"], 3, "x.lock is there",
                             "ls -l"),
    "staged": (staged, [], 4, "tests/test_labels.py: staged already",
               "git reset -q -- tests/test_labels.py"),
    "staged by us": (staged_by_us, [], 4, "tests/test_labels.py: staged already",
                     "git reset -q -- tests/test_labels.py"),
    "new and shared": (lambda tree: write_files(tree, {"tests/conftest.py": "mine = 1\n"}), [], 4,
                       "tests/conftest.py: has changes that are not committed",
                       "git add -- tests/conftest.py && git commit"),
    "changed and shared": (changed, [], 4, "tests/conftest.py: has changes",
                           "git add -- tests/conftest.py && git commit"),
    "ours and theirs": (joined, [], 4, "tests/conftest.py: has changes",
                        "git add -- tests/conftest.py && git commit"),
    "ignored": (lambda tree: write_files(tree, {".git/info/exclude": "test_lab*\n"}), [], 3,
                "tests/test_labels.py: git ignores it", "git check-ignore -v"),
    "assumed": (overlooked("assume-unchanged"), [], 3,
                "tests/conftest.py: git is told to overlook its changes (assume-unchanged)",
                "git update-index --no-assume-unchanged -- tests/conftest.py"),
    "skipped": (overlooked("skip-worktree"), [], 3,
                "tests/conftest.py: git is told to overlook its changes (skip-worktree)",
                "git update-index --no-skip-worktree -- tests/conftest.py"),
    "nested": (lambda tree: (tree / "tests" / ".git").mkdir(), [], 3,
               "lies in tests, a repository by itself", "git -C tests status"),
    "detached": (lambda tree: git(tree, "checkout", "-q", "--detach"), [], 3,
                 "no branch is checked out", "scaffold new --gap labels --commit"),
    "there": (lambda tree: git(tree, "branch", "x"), ["--branch", "x"], 3,
              "there is a branch 'x' already", "git switch x"),
    "folder": (lambda tree: git(tree, "branch", "x"), ["--branch", "x/y"], 3,
               "the branch 'x/y' cannot be made", "git branch"),
    "no name": (lambda tree: git(tree, "config", "--unset", "user.name"), [], 3,
                "git does not know who commits", "git config --global --edit"),
    "no mail": (lambda tree: git(tree, "config", "--unset", "user.email"), [], 3,
                "git does not know who commits", "git config --global --edit"),
    "dots": (lambda tree: None, ["--branch", "a..b"], 2, "--branch a..b: a branch cannot", ""),
    "dash": (lambda tree: None, ["--branch=-f"], 2, "--branch -f: a branch cannot", ""),
    "last": (lambda tree: None, ["--branch", "@{-1}"], 2, "--branch @{-1}: a branch cannot", ""),
    "head": (lambda tree: None, ["--branch", "@"], 2, "--branch @: a branch cannot", ""),
    "HEAD": (lambda tree: None, ["--branch", "HEAD"], 2, "--branch HEAD: a branch cannot", ""),
    "blank": (lambda tree: None, ["--branch", ""], 2, "--branch : a branch cannot", ""),
}  # fmt: skip
"""What is in the way, options, exit code, the fact and the beginning of the hint."""


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_committed_is_refused_before_anything_is_written(
    repository: Path, name: str
) -> None:
    make, more, code, fact, hint = BAD[name]
    make(repository)
    before = everything(repository)
    done = new(repository, *more)
    assert (done.code, "committed" in done.out) == (code, False), done.err
    assert fact in done.fact and done.hint.startswith(hint or "scaffold new"), done.err
    assert everything(repository) == before


def test_a_checkout_without_git_and_one_without_a_commit_are_refused(tree: Path) -> None:
    before = snapshot(tree)
    done = new(tree)
    assert done.code == 3 and done.fact.endswith("is not under git, so nothing can be committed")
    assert snapshot(tree) == before
    git(tree, "init", "-q", "-b", "main")
    done = new(tree)
    assert (done.code, done.hint) == (3, 'git add -A && git commit -m "The code as it is"')
    assert "the branch main has no commit yet" in done.fact


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        (["--branch", "x"], "there is no --commit"),
        (["--commit", "--dry-run"], "write nothing"),
        (["--commit", "--diff"], "write nothing"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    repository: Path, words: list[str], fact: str
) -> None:
    done = run(repository, "new", "--gap", "labels", *words)
    assert done.code == 2 and fact in done.fact


def test_a_detached_head_can_begin_a_branch_by_the_hint(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")
    command = new(repository).pasted.replace("scaffold ", f"{sys.executable} -m scaffold ", 1)
    done = subprocess.run(["sh", "-c", command], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert git(repository, "symbolic-ref", "--short", "HEAD") == "add-tests"
    assert log(repository) == ["One", NUMBERS, ADDRESSES]
