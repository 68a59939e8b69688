"""One transaction on a checkout: all of it or nothing, and one step back.

The journal is the undo record: a commit saves the originals below `.scaffold/journal/`, writes its
record, replaces the files, and at last renames the journal to `.scaffold/undo/NNNN`. A journal that
is still there was interrupted, and the next command takes it back. `undo` renames the newest
record to `journal` again and takes it back the same way, so that killing an undo is harmless too.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from scaffold.checkout.files import confine
from scaffold.checkout.state import FOLDER
from scaffold.errors import CheckoutError, ConflictError

JOURNAL = f"{FOLDER}/journal"
UNDO = f"{FOLDER}/undo"


@dataclass(frozen=True)
class Write:
    """One file of a transaction: its new content (None deletes it), relative to the checkout."""

    path: str
    content: bytes | None
    executable: bool = False


@dataclass(frozen=True)
class Undone:
    """What an undo took back."""

    label: str
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Pending:
    """A transaction that was not finished, as a command reports it that only reads."""

    fact: str
    hint: str


def pending(root: Path) -> Pending | None:
    """What an interrupted run left to be taken back; None where there is nothing. Only looks."""
    try:
        os.lstat(root / JOURNAL)
    except OSError:
        return None
    return Pending(f"{JOURNAL} holds an interrupted run", "scaffold undo")


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the checkout for one run. The lock is on the folder itself and leaves no file.

    Raises:
        ConflictError: Another run holds it.
        CheckoutError: The folder cannot be opened.
    """
    try:
        handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise CheckoutError(
            f"{root} cannot be opened: {error.strerror}", f"ls -ld {root}"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise ConflictError(
            "another run of scaffold is at work in this checkout; nothing was written",
            "wait for it, then run the same command again",
        ) from error
    try:
        yield
    finally:
        os.close(handle)


def commit(root: Path, writes: Sequence[Write], label: str) -> None:
    """Apply all writes, or leave the checkout as it was.

    Raises:
        CheckoutError: The checkout cannot be written (read-only, disk full); nothing was changed.
    """
    journal = root / JOURNAL
    try:
        _open_journal(root, writes, label)
        for write in writes:
            _write_one(root, write)
        with _undeterred():
            _close_journal(root, journal)
    except OSError as error:
        recover(root)
        raise CheckoutError(
            f"the checkout cannot be written: {error.strerror or error}"
            f"{f' ({_relative(root, error.filename)})' if error.filename else ''}; "
            "nothing was changed",
            "make room or check the permissions, then run the same command again",
        ) from error
    except BaseException:
        recover(root)
        raise


def recover(root: Path) -> bool:
    """Take back a transaction that was interrupted; True where there was one.

    Raises:
        CheckoutError: `.scaffold` is a symlink, or the checkout cannot be written; the next
            command tries again.
    """
    journal = confine(root, JOURNAL)
    if not journal.is_dir():
        _drop_empty(root)
        return False
    try:
        with _undeterred():
            _recover(root, journal)
    except OSError as error:
        raise CheckoutError(
            f"an interrupted run cannot be taken back: {error.strerror or error}",
            "check the permissions; the next command goes on with it",
        ) from error
    return True


def undo(root: Path, *, force: bool = False) -> Undone | None:
    """Take back the last transaction; None where there is none.

    Raises:
        ConflictError: A person edited a file of it since; `force` takes it back all the same.
        CheckoutError: The record is damaged or the checkout cannot be written.
    """
    last = next(iter(sorted(confine(root, UNDO).glob("[0-9]*"), reverse=True)), None)
    if last is None:
        return None
    record = _read_record(last)
    if record is None:
        raise CheckoutError(
            f"{last.relative_to(root).as_posix()} is damaged and cannot be taken back",
            "git status shows what was generated",
        )
    edited = [op["path"] for op in record["ops"] if _edited_since(root, op)]
    if edited and not force:
        raise ConflictError(
            f"edited since it was generated: {', '.join(edited)}; nothing was undone",
            "scaffold undo --force throws these edits away",
        )
    try:
        with _undeterred():
            last.rename(root / JOURNAL)
            _recover(root, root / JOURNAL)
    except OSError as error:
        raise CheckoutError(
            f"the checkout cannot be written: {error.strerror or error}",
            "check the permissions; the next command goes on with the undo",
        ) from error
    paths = tuple(op["path"] for op in record["ops"] if not op["path"].startswith(f"{FOLDER}/"))
    return Undone(record["label"], paths)


def _open_journal(root: Path, writes: Sequence[Write], label: str) -> None:
    journal = root / JOURNAL
    places = {write.path: confine(root, write.path) for write in writes}
    folders = _folders_to_create(root, writes)
    (journal / "before").mkdir(parents=True)
    ops = []
    for number, write in enumerate(writes):
        place = places[write.path]
        before = None
        if place.exists():
            _keep(place, journal / "before" / f"{number:04}")
            before = {"digest": _digest(place)}
        after = None if write.content is None else hashlib.sha256(write.content).hexdigest()
        ops.append({"path": write.path, "before": before, "after": after})
    record = {"label": label, "ops": ops, "folders": folders}
    temporary = journal / "record.new"
    _write_synced(temporary, json.dumps(record, indent=1).encode())
    temporary.rename(journal / "record.json")
    _sync_folder(journal)


def _close_journal(root: Path, journal: Path) -> None:
    history = root / UNDO
    history.mkdir(exist_ok=True)
    numbers = [int(path.name) for path in history.glob("[0-9]*")]
    closed = history / f"{max(numbers, default=0) + 1:04}"
    journal.rename(closed)
    try:
        _sync_folder(history)
    except OSError:
        # Not known to be on the disk: what is refused is taken back as well.
        closed.rename(journal)
        raise


def _recover(root: Path, journal: Path) -> None:
    import shutil

    record = _read_record(journal)
    if record is not None:
        _take_back(root, journal, record)
    # The journal goes last, so that an interruption of this is taken up again.
    _drop_stale_proofs(root)
    shutil.rmtree(journal)
    _drop_empty(root)


@contextlib.contextmanager
def _undeterred() -> Iterator[None]:
    """Come to the end whatever Ctrl-C says: it takes moments, and half of it helps nobody."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _write_one(root: Path, write: Write) -> None:
    import shutil

    place = root / write.path
    if write.content is None:
        place.unlink()
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(place)
    _write_synced(temporary, write.content)
    if place.exists():
        shutil.copymode(place, temporary)
    elif write.executable:
        temporary.chmod(temporary.stat().st_mode | (temporary.stat().st_mode & 0o444) >> 2)
    temporary.replace(place)


def _take_back(root: Path, journal: Path, record: dict[str, Any]) -> None:
    for number, op in reversed(list(enumerate(record["ops"]))):
        place = root / op["path"]
        _temporary(place).unlink(missing_ok=True)
        kept = journal / "before" / f"{number:04}"
        if op["before"] is None:
            place.unlink(missing_ok=True)
            _drop_bytecode(place)
        elif kept.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            kept.replace(place)
    for folder in reversed(record["folders"]):
        _drop_folder(root / folder)


def _edited_since(root: Path, op: dict[str, Any]) -> bool:
    # The files below .scaffold are ours: a damaged one must not keep anyone from an undo.
    if op["path"].startswith(f"{FOLDER}/"):
        return False
    place = root / op["path"]
    if not place.exists():
        return op["after"] is not None and op["before"] is not None
    return bool(_digest(place) != op["after"])


def _folders_to_create(root: Path, writes: Sequence[Write]) -> list[str]:
    folders: dict[str, None] = {}
    for write in writes:
        if write.content is None:
            continue
        for parent in reversed(PurePosixPath(write.path).parents):
            if parent.parts and not (root / parent).exists():
                folders[parent.as_posix()] = None
    return list(folders)


def _keep(place: Path, kept: Path) -> None:
    import shutil

    # A hard link keeps mode, owner and times and needs no room on a full disk.
    try:
        os.link(place, kept)
    except OSError:
        shutil.copy2(place, kept)


def _read_record(journal: Path) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads((journal / "record.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return record if {"label", "ops", "folders"} <= record.keys() else None


def _drop_bytecode(place: Path) -> None:
    """Python's cache of a file that is gone; a run of its tests wrote it."""
    cache = place.parent / "__pycache__"
    for compiled in cache.glob(f"{place.stem}.*.pyc"):
        compiled.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        cache.rmdir()


def _drop_folder(folder: Path) -> None:
    """Remove a folder that we made, unless a person put something into it."""
    import shutil

    if not folder.is_dir():
        return
    if all(child.name == "__pycache__" for child in folder.iterdir()):
        shutil.rmtree(folder)


def _drop_stale_proofs(root: Path) -> None:
    for proof in (root / FOLDER / "verified").glob("*"):
        if not (root / FOLDER / "gaps" / proof.name).exists():
            proof.unlink()


def _drop_empty(root: Path) -> None:
    for folder in (UNDO, f"{FOLDER}/verified", f"{FOLDER}/gaps", f"{FOLDER}/base", FOLDER):
        with contextlib.suppress(OSError):
            (root / folder).rmdir()


def _write_synced(place: Path, content: bytes) -> None:
    with place.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _temporary(place: Path) -> Path:
    return place.with_name(f".{place.name}.scaffold-new")


def _digest(place: Path) -> str:
    return hashlib.sha256(place.read_bytes()).hexdigest()


def _relative(root: Path, name: str | bytes) -> str:
    return os.path.relpath(os.fsdecode(name), root)
