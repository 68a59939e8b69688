"""The steps of a commit: look, keep, write, close. See `scaffold.checkout.journal`."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from scaffold.checkout.files import confine
from scaffold.checkout.places import (
    Tree,
    copy_entry,
    drop,
    exists_at,
    move,
    publish,
    read_at,
    resemble,
    swap,
    sync,
    take,
)
from scaffold.checkout.record import NUMBER, UNDO, Content, Operation, Record
from scaffold.checkout.restoration import (
    BEFORE,
    IGNORE,
    Restoration,
    drop_empty,
)
from scaffold.checkout.state import FOLDER, JOURNAL
from scaffold.checkout.state.keys import make_key
from scaffold.errors import CheckoutError, ConflictError
from scaffold.system import interruption
from scaffold.system.invocation import AGAIN, look, room

IN_THE_WAY = frozenset({errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EEXIST})
"""Something else stands at the place that is to be written."""
UNSEEN = ""
"""The `before` of a write whose place was not looked at when it was planned."""


@dataclass(frozen=True)
class Write:
    """One file of a transaction: its new content (None deletes it), relative to the checkout.

    `before` is the SHA-256 of what the plan saw at the path; None where it saw no file. `mode` are
    the permissions of a new file, where they are those of another one.
    """

    path: str
    content: bytes | None
    executable: bool = False
    before: str | None = UNSEEN
    mode: int | None = None


def digest_of(content: bytes | None) -> str | None:
    """What the `before` of a write is, by what the plan read; None for no file."""
    return None if content is None else Content.of(content).digest


class _ChangedError(Exception):
    """Somebody changed a file while it was to be written."""

    def __init__(self, path: str, stranded: str = "") -> None:
        super().__init__(path)
        self.path, self.stranded = path, stranded


def commit(root: Path, writes: Sequence[Write], label: str) -> None:
    """Apply all writes, or leave the checkout as it was.

    Raises:
        ConflictError: Somebody changed a file since it was planned; nothing of it was written over.
        CheckoutError: The checkout cannot be written (read-only, disk full); nothing was changed.
    """
    with Tree(root) as tree:
        transaction = _Transaction(tree, _once(writes), label)
        try:
            transaction.run()
        except _ChangedError as error:
            transaction.abandon()
            raise ConflictError(
                f"somebody changed {error.path} since it was planned"
                f"{f' (it is in {error.stranded})' if error.stranded else ''}; "
                "nothing was written; the same command plans with what is there now",
                AGAIN,
            ) from error
        except OSError as error:
            transaction.abandon()
            raise CheckoutError(
                f"the checkout cannot be written: {error.strerror or error}"
                f"{f' ({transaction.at})' if transaction.at else ''}; "
                "nothing was changed",
                _shows(root, transaction.at, error),
            ) from error
        except BaseException:
            transaction.abandon()
            raise


def _shows(root: Path, at: str, error: OSError) -> str:
    """The command that shows why a step failed at a path of the checkout."""
    if error.errno in IN_THE_WAY:
        return look(at or ".")
    if error.errno not in (errno.EACCES, errno.EPERM):
        return room(error)
    above = PurePosixPath(at).parents
    return look(next((str(folder) for folder in above if (root / folder).is_dir()), "."))


@contextlib.contextmanager
def writing(fact: str) -> Iterator[None]:
    """Refuse with this fact where the checkout cannot be written."""
    try:
        yield
    except OSError as error:
        raise CheckoutError(
            f"{fact}: {error.strerror or error}; the next command goes on with it",
            room(error),
        ) from error


class _Transaction:
    """The steps of a commit. `at` is the path of the last one."""

    def __init__(self, tree: Tree, writes: Sequence[Write], label: str) -> None:
        self.tree, self.writes, self.label = tree, writes, label
        self.record: Record | None = None
        self.at = ""
        self.begun = 0
        self.clean = False

    def run(self) -> None:
        """All steps in order."""
        key = make_key(self.tree.root)
        record = self._look()
        content = record.dump(self.tree.root, key)
        self._open(record, content)
        for number, operation in enumerate(record.operations):
            self.at, self.begun, self.clean = operation.path, number + 1, False
            self._apply(number, operation, self.writes[number])
        with interruption.held():
            self._close(record)

    def abandon(self) -> None:
        """Take back what was written.

        Raises:
            ConflictError: Somebody changed a file of it meanwhile: it is left and named.
        """
        if self.record is None:
            with contextlib.suppress(OSError):
                drop_empty(self.tree)
            return
        first = self.begun - 1 if self.clean else self.begun
        untouched = range(first, len(self.record.operations))
        with writing("what was written cannot be taken back"), interruption.held():
            restoration = Restoration(self.tree, self.record, JOURNAL, untouched=untouched)
            # Without a check: what was kept was whole, and what was edited through it since goes
            # back to its place.
            restoration.run()
            restoration.finish("nothing was written")

    def _look(self) -> Record:
        """The record of what is there now, compared with what was planned."""
        operations, changed = [], []
        for write in self.writes:
            self.at = write.path
            confine(self.tree.root, write.path)
            content = self.tree.read(write.path)
            before = None if content is None else Content.of(content)
            seen = before.digest if before else None
            if write.before not in (UNSEEN, seen):
                changed.append(write.path)
            after = None if write.content is None else Content.of(write.content)
            operations.append(Operation(write.path, before, after))
        if changed:
            raise _ChangedError(", ".join(changed))
        folders = tuple(_folders_to_create(self.tree, self.writes))
        emptied = tuple(_folders_to_empty(self.tree, self.writes))
        return Record(self.label, os.urandom(16).hex(), tuple(operations), folders, emptied)

    def _open(self, record: Record, content: bytes) -> None:
        self.at = FOLDER
        with self.tree.folder(FOLDER, make=True) as ours:
            self.at = JOURNAL
            os.mkdir(PurePosixPath(JOURNAL).name, dir_fd=ours)
        with self.tree.folder(JOURNAL) as journal:
            self.record = record
            publish(journal, ".gitignore", IGNORE, None, ".gitignore")
            publish(journal, "record.json", content, None, "record.new")
            sync(journal)
            os.mkdir(BEFORE, dir_fd=journal)
        with self.tree.folder(f"{JOURNAL}/{BEFORE}") as before:
            for number, operation in enumerate(record.operations):
                if operation.before is not None:
                    self.at = operation.path
                    self._keep(operation, before, f"{number:04}")
            sync(before)

    def _keep(self, operation: Operation, before: int, number: str) -> None:
        """Keep an original: a hard link needs no room, and has mode, owner and times."""
        try:
            with self.tree.entry(operation.path) as (folder, name):
                alone = os.stat(name, dir_fd=folder, follow_symlinks=False).st_nlink == 1
                if not (alone and _link(folder, name, before, number)):
                    # Through another name of the file the original could still be edited.
                    copy_entry(folder, name, before, number, f"{number}.new")
            kept = read_at(before, number)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR):
                raise _ChangedError(operation.path) from error
            raise
        if Content.of(kept) != operation.before:
            raise _ChangedError(operation.path)

    def _apply(self, number: int, operation: Operation, write: Write) -> None:
        parent = PurePosixPath(operation.path).parent
        assert self.record is not None
        spare = self.record.temporary(number)
        try:
            with self.tree.folder(parent, make=write.content is not None) as folder:
                name = PurePosixPath(operation.path).name
                self._write(operation, write, folder, name, spare)
                if not self.tree.is_at(folder, parent):
                    # The folder was moved away: what was written there is taken back there.
                    self._revert(operation, folder, name, spare)
                    raise self._changed(operation)
                drop(folder, spare)
        except OSError as error:
            if error.errno in (errno.ENOTDIR, errno.ELOOP):
                raise self._changed(operation) from error
            raise

    def _write(
        self, operation: Operation, write: Write, folder: int, name: str, spare: str
    ) -> None:
        """Put the new content in place; what stood there is under the spare name afterwards."""

        def fits(handle: int, entry: str) -> bool:
            return _holds(handle, entry, operation.before)

        if write.content is None:
            if operation.before is None:
                return
            moved = take(folder, name, folder, spare, fits)
            if moved.stranded:
                path = PurePosixPath(operation.path).with_name(spare).as_posix()
                raise self._changed(operation, path)
            done = moved.done
        elif operation.before is None:
            mode = 0o777 & ~_umask() if write.executable else write.mode
            try:
                publish(folder, name, write.content, mode, spare)
            except FileExistsError as error:
                raise self._changed(operation) from error
            done = True
        else:
            mode = stat.S_IMODE(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
            publish(folder, spare, write.content, mode, spare)
            resemble(folder, spare, folder, name)
            done = swap(folder, name, folder, spare, fits)
        if not done:
            raise self._changed(operation)

    def _revert(self, operation: Operation, folder: int, name: str, spare: str) -> None:
        def fits(handle: int, entry: str) -> bool:
            return _holds(handle, entry, operation.after)

        if operation.after is None:
            with contextlib.suppress(FileExistsError, FileNotFoundError):
                move(folder, spare, folder, name)
        elif operation.before is None:
            if take(folder, name, folder, spare, fits).done:
                drop(folder, spare)
        elif exists_at(folder, spare) and swap(folder, name, folder, spare, fits):
            drop(folder, spare)

    def _changed(self, operation: Operation, stranded: str = "") -> _ChangedError:
        # This operation is as if it had not been begun.
        self.clean = True
        return _ChangedError(operation.path, stranded)

    def _close(self, record: Record) -> None:
        for folder, _ in reversed(record.emptied):
            # One in which somebody put something meanwhile stays.
            with contextlib.suppress(OSError), self.tree.entry(folder) as (parent, name):
                os.rmdir(name, dir_fd=parent)
        self.at = UNDO
        with self.tree.folder(f"{JOURNAL}/{BEFORE}") as before:
            for number, operation in enumerate(record.operations):
                # A link shares its content with a file that somebody may have open.
                if operation.before and not _holds(before, f"{number:04}", operation.before):
                    raise _ChangedError(operation.path)
        journal = PurePosixPath(JOURNAL).name
        with self.tree.folder(UNDO, make=True) as history, self.tree.folder(FOLDER) as ours:
            numbers = [int(name) for name in os.listdir(history) if NUMBER.fullmatch(name)]
            closed = f"{max(numbers, default=0) + 1:04}"
            if not NUMBER.fullmatch(closed):
                raise OSError(errno.EFBIG, f"{UNDO}/{max(numbers)} is the last number there is")
            move(ours, journal, history, closed)
            try:
                sync(history)
            except OSError:
                # Not known to be on the disk: what is refused is taken back as well.
                move(history, closed, ours, journal)
                raise
        # An earlier layout leaves its folders empty.
        drop_empty(self.tree)


def _folders_to_create(tree: Tree, writes: Sequence[Write]) -> list[str]:
    folders: dict[str, None] = {}
    for write in writes:
        if write.content is None:
            continue
        for parent in reversed(PurePosixPath(write.path).parents):
            if parent.parts and not tree.holds(parent.as_posix()):
                folders[parent.as_posix()] = None
    return list(folders)


def _folders_to_empty(tree: Tree, writes: Sequence[Write]) -> list[tuple[str, int]]:
    """The folders in which a transaction leaves nothing, with their permissions."""
    gone = {write.path for write in writes if write.content is None}
    kept = {write.path for write in writes if write.content is not None}
    found: list[tuple[str, int]] = []
    above = {parent for path in gone for parent in PurePosixPath(path).parents if parent.parts}
    for folder in sorted(above, key=lambda path: len(path.parts), reverse=True):
        place = folder.as_posix()
        inside = {f"{place}/{name}" for name in tree.names(place)}
        if place.startswith(FOLDER) or not inside or not inside <= gone or inside & kept:
            continue
        if any(path.startswith(f"{place}/") for path in kept):
            continue
        with tree.folder(place) as handle:
            found.append((place, stat.S_IMODE(os.fstat(handle).st_mode)))
        gone.add(place)
    return found[::-1]


def _once(writes: Sequence[Write]) -> list[Write]:
    """Each path once: the last content wins, over what the first one saw."""
    found: dict[str, Write] = {}
    for write in writes:
        first = found.get(write.path, write)
        found[write.path] = replace(write, before=first.before)
    return list(found.values())


def _holds(folder: int, name: str, content: Content | None) -> bool:
    try:
        return Content.of(read_at(folder, name)) == content
    except FileNotFoundError:
        return content is None
    except OSError:
        return False


def _link(folder: int, name: str, to_folder: int, to: str) -> bool:
    try:
        os.link(name, to, src_dir_fd=folder, dst_dir_fd=to_folder, follow_symlinks=False)
    except FileNotFoundError:
        raise
    except OSError:
        return False
    return True


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
