"""One transaction on a checkout: all of it or nothing, and one step back.

The journal is the undo record: a commit writes its record below `.scaffold/journal/`, keeps the
originals there, replaces the files, and at last renames the journal to `.scaffold/undo/NNNN`. A
journal that is still there was interrupted, and the next command takes it back. `undo` renames the
newest record to `journal` again and takes it back the same way, so that killing an undo is harmless
too. A record is believed only as `record` describes, and it never travels: the first thing in its
folder is a `.gitignore` that holds `*`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from scaffold.checkout.files import confine, read_file
from scaffold.checkout.places import Tree, move
from scaffold.checkout.record import (
    MOST_BYTES,
    UNDO,
    Record,
    Standing,
    load_record,
    records_in,
)
from scaffold.checkout.restoration import (
    BEFORE,
    IGNORE,
    KEPT,
    Restoration,
    drop_empty,
    move_aside,
    standing,
)
from scaffold.checkout.state import FOLDER, JOURNAL, damaged_files, fingerprint
from scaffold.checkout.transaction import UNSEEN, Write, commit, digest_of, writing
from scaffold.errors import CheckoutError, ConflictError
from scaffold.system import interruption
from scaffold.system.invocation import look, mending, quoted
from scaffold.system.reading import open_handle

__all__ = [
    "JOURNAL",
    "UNDO",
    "UNSEEN",
    "Pending",
    "Undone",
    "Write",
    "commit",
    "digest_of",
    "is_held",
    "locked",
    "pending",
    "read_originals",
    "recover",
    "set_aside",
    "undo",
]


BUSY = "another run of scaffold is at work in this checkout; nothing was written"
"""The fact of the refusal while another run holds the lock."""


@dataclass(frozen=True)
class Undone:
    """What was taken back.

    Attributes:
        label: What the transaction was.
        paths: Its files.
        aside: Files of the state that were changed and moved away.
        lost: Files with an edit since, which force throws away.
    """

    label: str
    paths: tuple[str, ...]
    aside: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pending:
    """A transaction that was not finished, as a command reports it that only reads."""

    fact: str
    hint: str


def pending(root: Path) -> Pending | None:
    """What an interrupted run left to be taken back; None where there is nothing. Only looks.

    The journal of a run that is at work is not an interrupted one; so this is for those who do not
    hold the lock themselves.
    """
    try:
        with Tree(root) as tree:
            found = _open_record(tree)
    except CheckoutError as error:
        return Pending(error.fact, error.hint)
    except OSError as error:
        return Pending(f"{FOLDER} cannot be read: {error.strerror}", look(FOLDER))
    if found is None or is_held(root):
        return None
    return Pending("an interrupted run was not taken back yet", "scaffold undo")


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the checkout for one run. The lock is on the folder itself and leaves no file.

    Raises:
        ConflictError: Another run holds it.
        CheckoutError: The folder cannot be opened.
    """
    try:
        handle = open_handle(root, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise CheckoutError(f"{root} cannot be opened: {error.strerror}", look(root)) from error
    try:
        _lock(handle)
        yield
    finally:
        os.close(handle)


def _lock(handle: int) -> None:
    # A reader that looks whether the lock is held has it for an instant.
    for pause_s in (0.01, 0.05, 0.0):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            refused = error
        time.sleep(pause_s)
    raise ConflictError(BUSY, "scaffold status") from refused


def recover(root: Path) -> Undone | None:
    """Take back a transaction that was interrupted; None where there was none.

    Raises:
        ConflictError: Somebody changed a file of it since: it is left and named.
        CheckoutError: The record is not believed or damaged, or the checkout cannot be written.
    """
    confine(root, FOLDER)
    with writing("an interrupted run cannot be taken back"), Tree(root) as tree:
        found = _open_record(tree)
        if found is None:
            drop_empty(tree)
            return None
        with interruption.held():
            return _take_back(tree, found)


def undo(root: Path, *, force: bool = False) -> Undone | None:
    """Take back the transaction that was interrupted, else the last one; None without any.

    Raises:
        ConflictError: A file of it is not as it was left; `force` takes it back all the same.
        CheckoutError: The record is not believed or damaged, or the checkout cannot be written.
    """
    interrupted = recover(root)
    if interrupted is not None:
        return interrupted
    with writing("the checkout cannot be written"), Tree(root) as tree:
        restoration = _of_last(tree, force=force)
        if restoration is None:
            return None
        with interruption.held():
            with tree.entry(restoration.place) as (folder, name), tree.folder(FOLDER) as ours:
                move(folder, name, ours, PurePosixPath(JOURNAL).name)
            restoration.place = JOURNAL
            restoration.run()
            restoration.finish(f"taken back: {restoration.record.label}")
        return _undone(restoration)


def undoable(root: Path, *, force: bool = False) -> Undone | None:
    """What `undo` would take back now, or refuse. Only looks.

    Raises:
        ConflictError: A file of it is not as it was left; `force` takes it back all the same.
        CheckoutError: The record is not believed or damaged, or cannot be read.
    """
    confine(root, FOLDER)
    with writing("the checkout cannot be read"), Tree(root) as tree:
        found = _open_record(tree)
        restoration = _of_journal(tree, found) if found else _of_last(tree, force=force)
        return _undone(restoration) if restoration else None


def _of_journal(tree: Tree, record: Record) -> Restoration:
    """How an interrupted run is taken back; what that needs is whole."""
    restoration = Restoration(tree, record, JOURNAL)
    restoration.check()
    return restoration


def _of_last(tree: Tree, *, force: bool) -> Restoration | None:
    """How the last run is taken back; what that needs is whole, and nothing has changed since."""
    last = _newest(tree)
    if last is None:
        return None
    record = load_record(tree, last)
    restoration = Restoration(tree, record, last, force=force, aside=True)
    restoration.check()
    if not force:
        _refuse_changed(tree, record)
    return restoration


def read_originals(root: Path, deleted: Mapping[str, str]) -> dict[str, bytes]:
    """The content of deleted files (path -> fingerprint), as far as it is kept: path -> bytes.

    A file that still stands there, or again, is taken as it is.
    """
    there = {path: read_file(root, path) for path in deleted}
    found = {path: content for path, content in there.items() if content is not None}
    wanted = {deleted[path]: path for path in deleted if path not in found}
    if not wanted:
        return found
    with Tree(root) as tree:
        for number in tree.names(UNDO):
            folder = f"{UNDO}/{number}/{BEFORE}"
            for name in tree.names(folder):
                content = tree.read(f"{folder}/{name}", most=MOST_BYTES)
                if content is not None and (path := wanted.get(fingerprint(content))):
                    found[path] = content
    return found


def set_aside(root: Path) -> list[tuple[str, str]]:
    """Move what cannot be read or taken back to `.scaffold/kept/`; (what it was, where it is).

    That is an open journal and every damaged file of the state; without any, the newest record that
    is not believed or not whole. Nothing is deleted.

    Raises:
        CheckoutError: The checkout cannot be written.
    """
    confine(root, FOLDER)
    with writing("the checkout cannot be written"), Tree(root) as tree:
        moved = []
        if _in_the_way(tree):
            free = f"kept-{os.urandom(4).hex()}"
            with tree.folder(FOLDER) as ours:
                move(ours, "kept", ours, free)
            moved.append((KEPT, f"{FOLDER}/{free}"))
        wanted = _unusable(tree)
        if not wanted and not moved:
            wanted = _broken_record(tree)
        return moved + [(path, move_aside(tree, path)) for path in wanted]


def asidable(root: Path) -> list[str]:
    """What `set_aside` would move now. Only looks.

    Raises:
        CheckoutError: The checkout cannot be read.
    """
    confine(root, FOLDER)
    with writing("the checkout cannot be read"), Tree(root) as tree:
        found = [*([KEPT] if _in_the_way(tree) else []), *_unusable(tree)]
        return found or _broken_record(tree)


def _in_the_way(tree: Tree) -> bool:
    """Whether something else stands where set-aside records go."""
    return tree.holds(KEPT) and not _is_folder(tree, KEPT)


def _unusable(tree: Tree) -> list[str]:
    """An open journal, every damaged file of the state, and a place of the records that is none."""
    wanted = [JOURNAL] if tree.holds(JOURNAL) else []
    wanted += damaged_files(tree.root)
    return [*wanted, UNDO] if tree.holds(UNDO) and not _is_folder(tree, UNDO) else wanted


def is_held(root: Path) -> bool:
    """Whether another run holds the checkout now; a look that holds it for an instant itself."""
    handle = open_handle(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _open_record(tree: Tree) -> Record | None:
    """The open journal's record, one without files where it was killed at its very start.

    Raises:
        CheckoutError: It is not believed.
    """
    if not tree.holds(FOLDER):
        return None
    if not _is_folder(tree, FOLDER):
        raise CheckoutError(
            f"{FOLDER} is not a folder", mending(f"mv {FOLDER} scaffold-kept", FOLDER)
        )
    if not tree.holds(JOURNAL):
        return None
    if _is_folder(tree, JOURNAL) and _is_bare(tree):
        return Record("an interrupted run", "0" * 32, (), ())
    return load_record(tree, JOURNAL)


def _is_bare(tree: Tree) -> bool:
    """Whether the journal holds nothing yet: then its run was killed before it wrote a file."""
    names = set(tree.names(JOURNAL))
    if not names <= {".gitignore", BEFORE}:
        return False
    try:
        ignored = tree.read(f"{JOURNAL}/.gitignore", most=len(IGNORE))
        return ignored in (None, IGNORE) and not tree.names(f"{JOURNAL}/{BEFORE}")
    except OSError:
        return False


def _take_back(tree: Tree, record: Record) -> Undone:
    restoration = _of_journal(tree, record)
    restoration.run()
    restoration.finish("an interrupted run was taken back")
    return _undone(restoration)


def _undone(restoration: Restoration) -> Undone:
    record = restoration.record
    paths = tuple(operation.path for operation in record.operations if not operation.ours)
    aside = tuple(f"{one.path} -> {one.kept}" for one in restoration.moved)
    return Undone(record.label, paths, aside, restoration.lost)


def _broken_record(tree: Tree) -> list[str]:
    """The newest record that cannot be taken back by any means, if there is one."""
    for place in records_in(tree):
        try:
            Restoration(tree, load_record(tree, place), place, force=True).check()
        except CheckoutError:
            return [place]
    return []


def _newest(tree: Tree) -> str | None:
    return next(iter(records_in(tree)), None)


def _refuse_changed(tree: Tree, record: Record) -> None:
    edited: list[str] = []
    missing: list[str] = []
    for operation in record.operations:
        # The files below .scaffold are ours: a damaged one must not keep anyone from an undo.
        if operation.ours or standing(tree, operation) is Standing.AFTER:
            continue
        # Gone, or as it was before: a stash or another branch, and the record is still needed.
        gone = not tree.holds(operation.path) or standing(tree, operation) is Standing.BEFORE
        (missing if gone else edited).append(operation.path)
    facts = [f"not here as it was generated: {', '.join(missing)}"] if missing else []
    facts += [f"edited since it was generated: {', '.join(edited)}"] if edited else []
    if not facts:
        return
    if edited or not _is_in_git(tree.root):
        raise ConflictError(f"{'; '.join(facts)}; nothing was undone", "scaffold undo --force")
    # A stash is in this log too.
    raise ConflictError(
        f"{'; '.join(facts)}; nothing was undone (--force undoes the rest)",
        f"git log --all --full-history --oneline -- {' '.join(map(quoted, missing))}",
    )


def _is_in_git(root: Path) -> bool:
    return any(os.path.lexists(folder / ".git") for folder in (root, *root.parents))


def _is_folder(tree: Tree, path: str) -> bool:
    try:
        with tree.folder(path):
            return True
    except OSError:
        return False
