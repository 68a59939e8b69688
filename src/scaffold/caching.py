"""Results that are kept by content in the user's cache folder; losing them costs time only."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def cache_dir(name: str = "") -> Path:
    """`scaffold` below `$XDG_CACHE_HOME` or `~/.cache` (XDG base directories), or a part of it."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "scaffold" / name


def entry_of(folder: Path, *parts: bytes) -> Path:
    """Where the result for these parts is kept; each part ends the one before."""
    return folder / hashlib.sha256(b"\0".join(parts)).hexdigest()


def remember(entry: Path, result: bytes) -> None:
    """Keep a result, whole or not at all; a cache that cannot be written is no error."""
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        temporary = entry.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(result)
        temporary.replace(entry)
    except OSError:
        return
