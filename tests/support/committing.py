"""`new --commit` in a repository, and what it may not touch."""

from __future__ import annotations

from pathlib import Path

from support.command import Ran, scaffold
from support.repositories import git
from support.tinykit import DEMO_KIT
from support.tree import Snapshot, snapshot, write_files

NUMBERS = "Add tests: Tracking numbers and their check digit"
ADDRESSES = "Add tests: Addresses at home and abroad, and the label as a whole"


def run(tree: Path, *arguments: str) -> Ran:
    return scaffold(*arguments, "--kit", DEMO_KIT, "-C", tree)


def new(tree: Path, *more: str) -> Ran:
    return run(tree, "new", "--gap", "labels", "--commit", *more)


def log(tree: Path, *more: str) -> list[str]:
    return git(tree, "log", "--reverse", "--format=%s", *more).splitlines()


def files_in(tree: Path, commit: str) -> list[str]:
    return git(tree, "show", "--format=", "--name-only", commit).splitlines()


def everything(tree: Path) -> tuple[Snapshot, str, str]:
    """The files, the index and the branches."""
    found = {path: kept for path, kept in snapshot(tree).items() if not path.startswith(".git/")}
    return found, git(tree, "ls-files", "--stage"), git(tree, "for-each-ref")


def hook(tree: Path, name: str, text: str) -> None:
    place = tree / ".git" / "hooks" / name
    write_files(place.parent, {name: f"#!/bin/sh\n{text}\n"})
    place.chmod(0o755)
