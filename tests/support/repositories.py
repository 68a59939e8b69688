"""Folders under git, as a person makes them."""

from __future__ import annotations

import subprocess
from pathlib import Path


def git(root: Path, *arguments: str) -> str:
    """What git prints, run in the folder by somebody with a name."""
    settings = ("-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "protocol.file.allow=always")
    done = subprocess.run(
        ["git", *settings, *arguments], cwd=root, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def committed(root: Path) -> Path:
    """The folder as a repository of one commit that holds all of it."""
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A", "-f")
    git(root, "commit", "-q", "-m", "One")
    return root


def with_author(root: Path) -> None:
    """Give a repository the name and the address of whoever commits in it."""
    git(root, "config", "user.name", "Ada")
    git(root, "config", "user.email", "ada@example.com")


def files_of(root: Path) -> set[str]:
    """The relative paths of all files, without those of git."""
    return {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }
