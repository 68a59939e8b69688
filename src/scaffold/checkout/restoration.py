"""Taking a transaction back: only bytes that its record knows are touched.

A file that holds neither what stood there before nor what was written is a person's: it is left
and named, and what stood there before stays in the record, which is moved to `.scaffold/kept/`.
"""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import json
import os
import re
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath

from scaffold.checkout.places import (
    Tree,
    copy_entry,
    drop,
    exists_at,
    is_same_file,
    move,
    publish,
    read_at,
    swap,
    take,
)
from scaffold.checkout.record import (
    NUMBER,
    SET_ASIDE,
    UNDO,
    Content,
    Operation,
    Record,
    Standing,
    judge,
)
from scaffold.checkout.state import FOLDER, PROOFS, former, gaps_in
from scaffold.errors import CheckoutError, ConflictError
from scaffold.languages import language_of

KEPT = f"{FOLDER}/kept"
BEFORE = "before"
IGNORE = b"*\n"
PROOF = re.compile(r"(.+)\.(?:json|new)")


@dataclass(frozen=True)
class Left:
    """Something that was not taken back, and where what stood there before is kept."""

    path: str
    kept: str = ""

    def __str__(self) -> str:
        """The path, and where to find the original."""
        return f"{self.path} (before: {self.kept})" if self.kept else self.path


def standing_at(folder: int, name: str, operation: Operation) -> Standing:
    """What an entry of a folder is to a record; a link, a folder or a pipe belongs to a person."""
    try:
        return judge(read_at(folder, name), operation)
    except FileNotFoundError:
        return judge(None, operation)
    except OSError:
        return Standing.OTHER


def standing(tree: Tree, operation: Operation) -> Standing:
    """What a path holds to a record."""
    try:
        return judge(tree.read(operation.path), operation)
    except OSError:
        return Standing.OTHER


def move_aside(tree: Tree, path: str) -> str:
    """Move a file or folder whole to the next free number below `.scaffold/kept/`; its new path.

    Raises:
        OSError: It cannot be moved.
    """
    with tree.folder(KEPT, make=True) as kept, tree.entry(path) as (folder, name):
        numbers = [int(one) for one in os.listdir(kept) if NUMBER.fullmatch(one)]
        number = max(numbers, default=0) + 1
        # What is kept does not travel by git, even if what is moved is a single file.
        if not exists_at(kept, ".gitignore"):
            publish(kept, ".gitignore", IGNORE, None, ".gitignore")
        move(folder, name, kept, f"{number:04}")
        return f"{KEPT}/{number:04}"


class Restoration:
    """One record being taken back.

    Args:
        tree: The checkout.
        record: Believed already.
        place: The record's folder, relative.
        force: Edits made since are thrown away.
        aside: A file of the state that was changed since is moved aside instead of left.
        untouched: Numbers of operations that were certainly not begun.
    """

    def __init__(
        self,
        tree: Tree,
        record: Record,
        place: str,
        *,
        force: bool = False,
        aside: bool = False,
        untouched: Collection[int] = (),
    ) -> None:
        self.tree, self.record, self.place = tree, record, place
        self.force, self.aside, self.untouched = force, aside, untouched
        self.left: list[Left] = []
        self.needed: set[int] = set()
        self.moved: list[Left] = []
        self.lost: tuple[str, ...] = ()

    def check(self) -> None:
        """See to it that every original that will be put back is whole, before anything is.

        Raises:
            CheckoutError: One is missing or damaged.
        """
        self.lost = tuple(one.path for one in self.record.operations if self._is_lost(one))
        for number, operation in enumerate(self.record.operations):
            if operation.before is None or number in self.untouched:
                continue
            stands = standing(self.tree, operation)
            if stands is Standing.BEFORE or (
                stands is Standing.OTHER and not self._goes(operation)
            ):
                continue
            kept = f"{self.place}/{BEFORE}/{number:04}"
            try:
                content = self.tree.read(kept)
            except OSError:
                content = None
            whole = content is not None and Content.of(content) == operation.before
            if not whole and not self._is_moved_file(number, operation):
                raise CheckoutError(
                    f"{kept} does not hold what {operation.path} held before; nothing was changed",
                    SET_ASIDE,
                )

    def run(self) -> None:
        """Take everything back; what could not be is in `left` afterwards.

        Raises:
            OSError: The checkout cannot be written.
        """
        for number, (folder, mode) in enumerate(self.record.emptied):
            with contextlib.suppress(OSError):
                self.tree.make_folder(folder, mode, f"{self.record.temporary(number)}-folder")
        for number, operation in reversed(list(enumerate(self.record.operations))):
            self._drop_temporary(number, operation)
            if number not in self.untouched:
                self._restore(number, operation)
        for folder in reversed(self.record.folders):
            with contextlib.suppress(OSError), self.tree.entry(folder) as (parent, name):
                os.rmdir(name, dir_fd=parent)
        self._drop_proofs()

    def finish(self, lead: str) -> None:
        """Drop the record, or move it to `.scaffold/kept/` where something of it is still needed.

        Raises:
            ConflictError: Something was left as it is; all of it is named.
            OSError: The checkout cannot be written.
        """
        self._drop_kept()
        if not self._drop_record():
            where = move_aside(self.tree, self.place)
            self.left = [
                Left(one.path.replace(self.place, where), one.kept.replace(self.place, where))
                for one in self.left
            ]
            self.left = self.left or [Left(where)]
        drop_empty(self.tree)
        if self.left:
            raise ConflictError(
                f"{lead}; somebody changed this since, so it is left as it is: "
                f"{', '.join(map(str, self.left))}",
                "scaffold status",
            )

    def _is_lost(self, operation: Operation) -> bool:
        """Whether force throws away what a person made of a file."""
        edited = self.force and not operation.ours and self.tree.holds(operation.path)
        return edited and standing(self.tree, operation) is Standing.OTHER

    def _goes(self, operation: Operation) -> bool:
        """Whether unknown content makes way."""
        return self.force or (self.aside and operation.ours)

    def _restore(self, number: int, operation: Operation) -> None:
        stands = standing(self.tree, operation)
        if stands is Standing.OTHER and not self._goes(operation):
            self._leave(number, operation)
            return
        if stands is Standing.OTHER and not self.force and self.tree.holds(operation.path):
            self.moved.append(Left(operation.path, move_aside(self.tree, operation.path)))
        try:
            if operation.before is not None and stands is not Standing.BEFORE:
                done = self._put_back(number, operation)
            elif operation.before is None:
                done = self._take_out(number, operation, stands)
            else:
                done = True
        except OSError as error:
            if error.errno not in (errno.ENOTDIR, errno.ELOOP, errno.EISDIR):
                raise
            done = False
        if not done:
            self._leave(number, operation)

    def _fits(self, operation: Operation, folder: int, name: str) -> bool:
        if self.force:
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            return not stat.S_ISDIR(found.st_mode)
        return standing_at(folder, name, operation) is Standing.AFTER

    def _take_out(self, number: int, operation: Operation, stands: Standing) -> bool:
        """Remove a file that the transaction made."""
        try:
            with self.tree.entry(operation.path) as (folder, name):
                if stands is not Standing.BEFORE:
                    spare = self.record.temporary(number)
                    moved = take(
                        folder, name, folder, spare, lambda *at: self._fits(operation, *at)
                    )
                    if moved.done:
                        drop(folder, spare)
                    elif moved.stranded:
                        self._leave_at(operation, spare)
                    elif exists_at(folder, name):
                        return False
                _drop_leavings(folder, name)
        except FileNotFoundError:
            pass
        return True

    def _put_back(self, number: int, operation: Operation) -> bool:
        """Put the kept original into its place."""
        with (
            self.tree.folder(f"{self.place}/{BEFORE}") as before,
            self.tree.entry(operation.path, make=True) as (folder, name),
        ):
            try:
                return self._place(operation, before, f"{number:04}", folder, name)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
            # The record is on another file system than the file.
            spare = self.record.temporary(number)
            copy_entry(before, f"{number:04}", folder, spare, spare)
            done = self._place(operation, folder, spare, folder, name)
            self._drop_temporary(number, operation)
            return done

    def _place(self, operation: Operation, source: int, kept: str, folder: int, name: str) -> bool:
        if exists_at(folder, name):
            return swap(folder, name, source, kept, lambda *at: self._fits(operation, *at))
        if operation.after is not None and not self.force and not operation.ours:
            return False
        try:
            move(source, kept, folder, name)
        except FileExistsError:
            return False
        return True

    def _drop_temporary(self, number: int, operation: Operation) -> None:
        """Remove what a killed run left beside a file, if it is what the record knows."""
        name = self.record.temporary(number)
        with (
            contextlib.suppress(FileNotFoundError, NotADirectoryError),
            self.tree.entry(operation.path) as (folder, _),
        ):
            if not exists_at(folder, name):
                return
            known = standing_at(folder, name, operation) is not Standing.OTHER
            if known or self._is_moved_file(number, operation):
                drop(folder, name)
            else:
                self._leave_at(operation, name)

    def _is_moved_file(self, number: int, operation: Operation) -> bool:
        """Whether a kept original is the file itself, which a killed run moved out of its place.

        What a person wrote into it while it was moved goes back to its place with it.
        """
        name, kept = self.record.temporary(number), f"{number:04}"
        with (
            contextlib.suppress(OSError),
            self.tree.folder(f"{self.place}/{BEFORE}") as before,
            self.tree.entry(operation.path) as (folder, _),
        ):
            return is_same_file(folder, name, before, kept)
        return False

    def _leave(self, number: int, operation: Operation) -> None:
        kept = f"{self.place}/{BEFORE}/{number:04}" if operation.before is not None else ""
        if kept:
            self.needed.add(number)
        self.left.append(Left(operation.path, kept))

    def _leave_at(self, operation: Operation, name: str) -> None:
        self.left.append(Left(PurePosixPath(operation.path).with_name(name).as_posix()))

    def _drop_proofs(self) -> None:
        """Proofs go with the records of the gaps that they are about."""
        gaps = gaps_in(self.tree.root)
        if gaps is None:
            return
        with contextlib.suppress(OSError), self.tree.folder(PROOFS) as folder:
            for name in sorted(os.listdir(folder)):
                gap = PROOF.fullmatch(name)
                if gap and gap[1] not in gaps and _is_proof(folder, name):
                    drop(folder, name)

    def _drop_kept(self) -> None:
        """Remove the originals that are in their place again; what nobody knows stays."""
        with (
            contextlib.suppress(FileNotFoundError),
            self.tree.folder(f"{self.place}/{BEFORE}") as before,
        ):
            for name in sorted(os.listdir(before)):
                number = int(name) if NUMBER.fullmatch(name) else -1
                if number in self.needed:
                    continue
                if self._is_known(before, name, number):
                    drop(before, name)
                else:
                    self.left.append(Left(f"{self.place}/{BEFORE}/{name}"))

    def _is_known(self, before: int, name: str, number: int) -> bool:
        if not 0 <= number < len(self.record.operations):
            return False
        operation = self.record.operations[number]
        if self.force or standing_at(before, name, operation) is not Standing.OTHER:
            return True
        # A hard link to a file that was edited where it is: nothing is lost by dropping a name.
        with contextlib.suppress(OSError), self.tree.entry(operation.path) as (folder, place):
            return is_same_file(folder, place, before, name)
        return False

    def _drop_record(self) -> bool:
        """Remove the record's folder where nothing but the record is left in it."""
        with self.tree.entry(self.place) as (parent, name):
            with self.tree.folder(self.place) as folder:
                try:
                    os.rmdir(BEFORE, dir_fd=folder)
                except OSError as error:
                    if error.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.ENOTDIR):
                        raise
                if not set(os.listdir(folder)) <= {"record.json", ".gitignore"}:
                    return False
                # The record goes last, so that an interruption of this is taken up again.
                drop(folder, "record.json")
                drop(folder, ".gitignore")
            os.rmdir(name, dir_fd=parent)
        return True


def drop_empty(tree: Tree) -> None:
    """Remove the folders of ours that are empty."""
    for path in (UNDO, PROOFS, former.GAPS, former.BASES, FOLDER):
        with contextlib.suppress(OSError), tree.entry(path) as (parent, name):
            os.rmdir(name, dir_fd=parent)


def _is_proof(folder: int, name: str) -> bool:
    try:
        content = read_at(folder, name)
        return not content or isinstance(json.loads(content), dict)
    except (OSError, ValueError, RecursionError):
        return False


def _drop_leavings(folder: int, name: str) -> None:
    """Remove what a run of a file that is gone left beside it."""
    language = language_of(name)
    inner, pattern = language.left_by_a_run(name) if language else ("", "")
    with contextlib.suppress(OSError):
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        below = os.open(inner, flags, dir_fd=folder)
        try:
            for found in fnmatch.filter(os.listdir(below), pattern):
                drop(below, found)
        finally:
            os.close(below)
        os.rmdir(inner, dir_fd=folder)
