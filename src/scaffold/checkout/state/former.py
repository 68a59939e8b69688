"""The layout of formats 1 and 2: a file a gap, a file a base. It is read, and goes when written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from scaffold.checkout.places import Tree, read_at
from scaffold.checkout.state.bases import MOST_BASES, inflated
from scaffold.checkout.state.model import FOLDER, GapRecord, State, fingerprint
from scaffold.checkout.state.reading import MOST_STATE, damaged, load, paths_in
from scaffold.checkout.state.records import record_of
from scaffold.system.reading import MOST_BYTES

FORMATS = (1, 2)
GAPS, BASES = f"{FOLDER}/gaps", f"{FOLDER}/base"


def read(root: Path, kit: str) -> State:
    """The state of a checkout that an earlier version wrote, without its headers.

    Raises:
        CheckoutError: It is damaged.
    """
    gaps: dict[str, GapRecord] = {}
    bases: dict[str, bytes] = {}
    paths = []
    for path, content in _contents(root, GAPS, ".json"):
        slug = PurePosixPath(path).stem
        gaps[slug] = _record(path, content)
        paths.append(path)
    total = 0
    for path, packed in _contents(root, BASES, ".gz"):
        bases[PurePosixPath(path).stem] = content = _base(path, packed)
        paths.append(path)
        total += len(content)
        if total > MOST_BASES:
            raise damaged(BASES, f"it holds more than {MOST_BASES >> 20} MiB")
    return State(kit, gaps, bases, former=tuple(paths)).without_headers()


def damaged_files(root: Path) -> Iterator[str]:
    """Every file or folder of this layout that cannot be read, as a relative path."""
    from scaffold.errors import CheckoutError

    for folder, suffix, check in ((GAPS, ".json", _record), (BASES, ".gz", _base)):
        try:
            paths = paths_in(root, folder, suffix)
        except CheckoutError:
            yield folder
            continue
        for path in paths:
            try:
                with Tree(root) as tree:
                    check(path, tree.read(path, most=MOST_STATE) or b"")
            except (CheckoutError, OSError):
                yield path


def _record(path: str, content: bytes) -> GapRecord:
    return record_of(path, PurePosixPath(path).stem, load(path, content))


def _base(path: str, packed: bytes) -> bytes:
    content = inflated(path, packed, MOST_BYTES)
    if fingerprint(content) != PurePosixPath(path).stem:
        raise damaged(path, "its content does not match its name")
    return content


def _contents(root: Path, folder: str, suffix: str) -> Iterator[tuple[str, bytes]]:
    """Each file of a folder and its bytes, by one handle of the folder."""
    paths = paths_in(root, folder, suffix)
    at = folder if paths else ""
    try:
        with Tree(root) as tree, tree.folder(at) as handle:
            for at in paths:
                yield at, read_at(handle, os.path.basename(at), most=MOST_STATE)
    except OSError as error:
        raise damaged(at, error.strerror or str(error)) from error
