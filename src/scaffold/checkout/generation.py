"""Reading beside a run that writes: a reader sees all of a transaction or nothing of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from scaffold.checkout.state import FOLDER, JOURNAL
from scaffold.errors import ConflictError, ScaffoldError

Result = TypeVar("Result")
Generation = tuple[tuple[int, ...] | None, ...]

PLACES = (".", FOLDER, f"{FOLDER}/undo", JOURNAL)
"""Every transaction changes the entries of one of these at its start and at its end."""
PAUSE_S = 0.02
PATIENCE_S = 30.0


def read_whole(root: Path, read: Callable[[], Result]) -> Result:
    """What `read` returns of a checkout in which no transaction was going on meanwhile.

    It is called again where one began or ended in between, so it must have no effects.

    Raises:
        ConflictError: Other runs changed the checkout all the time.
        ScaffoldError: As `read` raises it.
    """
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        before = _generation(root)
        if before[-1] is None or not _is_held(root):
            try:
                result = read()
            except ScaffoldError:
                if _generation(root) == before:
                    raise
            else:
                if _generation(root) == before:
                    return result
        time.sleep(PAUSE_S)
    raise ConflictError(
        "another run of scaffold is changing this checkout; it could not be read as a whole",
        "scaffold status",
    )


def _generation(root: Path) -> Generation:
    found: list[tuple[int, ...] | None] = []
    for path in PLACES:
        try:
            about = os.lstat(root / path)
        except OSError:
            found.append(None)
        else:
            found.append((about.st_dev, about.st_ino, about.st_mtime_ns, about.st_nlink))
    return tuple(found)


def _is_held(root: Path) -> bool:
    from scaffold.checkout.journal import is_held

    return is_held(root)
