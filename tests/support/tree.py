"""A tree of files, and what it is byte for byte."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path

Snapshot = dict[str, tuple[str, int, bytes]]
"""Relative path -> kind, mode, content (of a link: where it points to)."""


def snapshot(root: Path) -> Snapshot:
    """Every file, folder and link below the root, `.scaffold` included and `.git` left out."""
    found: Snapshot = {}
    for place in sorted(root.rglob("*")):
        relative = place.relative_to(root).as_posix()
        if relative == ".git" or relative.startswith(".git/"):
            continue
        mode = stat.S_IMODE(place.lstat().st_mode)
        if place.is_symlink():
            found[relative] = ("link", mode, os.fsencode(os.readlink(place)))
        elif place.is_dir():
            found[relative] = ("folder", mode, b"")
        elif place.is_file():
            found[relative] = ("file", mode, place.read_bytes())
        else:  # a pipe, which would be waited for
            found[relative] = ("other", mode, b"")
    return found


def write_files(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """The files below the root, folders made; text as UTF-8 without newline translation."""
    for path, content in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def moved_in(root: Path) -> dict[str, str]:
    """Place -> new place of the files that gaps moved, as the state has it."""
    state = root / ".scaffold" / "state.json"
    gaps = json.loads(state.read_text("utf-8"))["gaps"] if state.exists() else {}
    return {old: new for gap in gaps.values() for old, new in gap.get("moved", {}).items()}


def above(path: str) -> set[str]:
    """The folders that a path lies in."""
    return {parent.as_posix() for parent in Path(path).parents}
