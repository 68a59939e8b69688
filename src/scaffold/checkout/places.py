"""Work on files through handles of their folders: no link is followed, nothing is replaced unseen.

A path is walked part by part with `O_NOFOLLOW`, and everything is done relative to the handle of
the last folder. So a link that is put into a path between a look and a step leads nowhere.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from types import TracebackType

from scaffold.system.frozen import frozen
from scaffold.system.reading import FILE_FLAGS, MOST_BYTES, open_handle, read_handle

FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A FIFO opened without O_NONBLOCK waits for a writer, /dev/zero never ends.
UNSUPPORTED = {
    errno.ENOSYS,
    errno.EINVAL,
    errno.EOPNOTSUPP,
    errno.ENOTSUP,
    errno.EISDIR,
    errno.EPERM,
}
NO_REPLACE, EXCHANGE = (1, 2) if sys.platform == "linux" else (4, 2)
"""Flags of renameat2 (Linux) and of renameatx_np (macOS)."""

Fits = Callable[[int, str], bool]
"""Whether the entry of a folder (its handle, its name) is what it is expected to be."""


class Tree:
    """A checkout's folder, open; the paths below it are relative and POSIX."""

    def __init__(self, root: Path) -> None:
        """Open the folder itself; a link to it is a person's way to name it."""
        self.root = root
        self.handle = open_handle(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def __enter__(self) -> Tree:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        os.close(self.handle)

    @contextlib.contextmanager
    def folder(self, path: str | PurePosixPath, *, make: bool = False) -> Iterator[int]:
        """The handle of a folder below the root, made where it is missing and that is wanted.

        Raises:
            OSError: It is missing, or a part of the path is not a real folder.
        """
        handle = open_handle(".", FOLDER_FLAGS, below=self.handle)
        try:
            for part in PurePosixPath(path).parts:
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(part, dir_fd=handle)
                inner = open_handle(part, FOLDER_FLAGS, below=handle)
                os.close(handle)
                handle = inner
            yield handle
        finally:
            os.close(handle)

    @contextlib.contextmanager
    def entry(self, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
        """The handle of the folder that a path is in, and its name there. See `folder`."""
        pure = PurePosixPath(path)
        with self.folder(pure.parent, make=make) as handle:
            yield handle, pure.name

    def read(self, path: str, *, most: int = MOST_BYTES) -> bytes | None:
        """The bytes of a plain file; None where there is nothing.

        Raises:
            OSError: It is not a plain file of bounded size, or not reached through real folders.
        """
        try:
            with self.entry(path) as (folder, name):
                return read_at(folder, name, most=most)
        except FileNotFoundError:
            return None

    def holds(self, path: str) -> bool:
        """Whether there is anything at a path: a link that leads nowhere counts."""
        try:
            with self.entry(path) as (folder, name):
                return exists_at(folder, name)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def names(self, path: str, *, most: int = 100_000) -> list[str]:
        """The names in a folder, sorted; none where it is missing.

        Raises:
            OSError: It is not a real folder, or holds more than `most` entries.
        """
        try:
            with self.folder(path) as handle:
                names = os.listdir(handle)
        except FileNotFoundError:
            return []
        if len(names) > most:
            raise OSError(errno.EFBIG, f"Holds more than {most} entries", path)
        return sorted(names)

    def make_folder(self, path: str, mode: int, spare: str) -> None:
        """Make a folder with these permissions; what stands in its place stays.

        Raises:
            OSError: It cannot be made.
        """
        with self.entry(path) as (parent, name):
            # Its name comes last, so that a killed run leaves none with other permissions.
            with contextlib.suppress(FileNotFoundError):
                os.rmdir(spare, dir_fd=parent)
            if not exists_at(parent, name):
                os.mkdir(spare, dir_fd=parent)
                os.chmod(spare, mode, dir_fd=parent)
                move(parent, spare, parent, name)

    def is_at(self, handle: int, path: str | PurePosixPath) -> bool:
        """Whether an open folder is still the one that the path leads to."""
        try:
            with self.folder(path) as now:
                return os.path.samestat(os.fstat(now), os.fstat(handle))
        except OSError:
            return False


@frozen
class Moved:
    """What became of an entry that was to be taken out of its place.

    `done` is false where it was not what was expected and is where it was; `stranded` where it
    could not even be put back, since its place is taken.
    """

    done: bool
    stranded: bool = False


def read_at(folder: int, name: str, *, most: int = MOST_BYTES) -> bytes:
    """The bytes of a plain file in an open folder; a link is refused.

    Raises:
        OSError: See `read_handle`.
    """
    return read_handle(_open_at(folder, name), name, most)


def _open_at(folder: int, name: str) -> int:
    return open_handle(name, FILE_FLAGS | os.O_NOFOLLOW, below=folder)


def exists_at(folder: int, name: str) -> bool:
    """Whether a folder has an entry of this name, of any kind."""
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def publish(folder: int, name: str, content: bytes, mode: int | None, spare: str) -> None:
    """Make a whole file, synced, where there is nothing yet.

    The file has no name until it is whole, so that a killed run leaves no part of it. Where the
    system has no nameless files, it is written under the name `spare` first.

    Raises:
        FileExistsError: Something is there; it is left.
        OSError: It cannot be written.
    """
    handle = _open_nameless(folder)
    if handle is None:
        _publish_named(folder, name, content, mode, spare)
        return
    with os.fdopen(handle, "wb") as stream:
        _fill(stream.fileno(), content, mode)
        try:
            os.link(f"/proc/self/fd/{handle}", name, dst_dir_fd=folder, follow_symlinks=True)
            return
        except FileExistsError:
            raise
        except OSError as error:
            # Without /proc, or where the file system has no links.
            if error.errno not in UNSUPPORTED | {errno.ENOENT, errno.EXDEV}:
                raise
    _publish_named(folder, name, content, mode, spare)


def move(folder: int, name: str, to_folder: int, to: str) -> None:
    """Rename an entry to a name that is free.

    Raises:
        FileExistsError: The name is taken; both are left.
        OSError: It cannot be renamed.
    """
    if _rename(NO_REPLACE, folder, name, to_folder, to):
        return
    # Without such a rename only the instant between this look and the next line stays open.
    if exists_at(to_folder, to):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), to)
    os.rename(name, to, src_dir_fd=folder, dst_dir_fd=to_folder)


def take(folder: int, name: str, to_folder: int, to: str, fits: Fits) -> Moved:
    """Rename an entry away where it is what is expected; else it is put back.

    Raises:
        OSError: It cannot be renamed.
    """
    try:
        if not fits(folder, name):
            return Moved(done=False)
        move(folder, name, to_folder, to)
    except FileNotFoundError:
        return Moved(done=False)
    if fits(to_folder, to):
        return Moved(done=True)
    # Somebody wrote between the look and the rename.
    try:
        move(to_folder, to, folder, name)
    except FileExistsError:
        return Moved(done=False, stranded=True)
    return Moved(done=False)


def swap(folder: int, name: str, other_folder: int, other: str, fits: Fits) -> bool:
    """Exchange two entries where the first is what is expected; else both are as they were.

    Where the system cannot exchange, the other one replaces it right after a last look.

    Raises:
        OSError: It cannot be renamed.
    """
    try:
        if not fits(folder, name):
            return False
        if not _rename(EXCHANGE, folder, name, other_folder, other):
            if not fits(folder, name):
                return False
            os.rename(other, name, src_dir_fd=other_folder, dst_dir_fd=folder)
            return True
    except FileNotFoundError:
        return False
    if fits(other_folder, other):
        return True
    # Somebody wrote between the look and the exchange: theirs goes back.
    if not _rename(EXCHANGE, folder, name, other_folder, other):
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP), name)
    return False


def sync(folder: int) -> None:
    """Write an open folder's entries to the disk."""
    os.fsync(folder)


def drop(folder: int, name: str) -> None:
    """Remove a file or a link where it is there."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def _open_nameless(folder: int) -> int | None:
    flag = getattr(os, "O_TMPFILE", None)
    if flag is None:
        return None
    try:
        return os.open(".", flag | os.O_WRONLY | os.O_CLOEXEC, 0o666, dir_fd=folder)
    except OSError as error:
        if error.errno in UNSUPPORTED | {errno.ENOENT}:
            return None
        raise


def _fill(handle: int, content: bytes, mode: int | None) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]
    if mode is not None:
        os.fchmod(handle, mode)
    os.fsync(handle)


def _publish_named(folder: int, name: str, content: bytes, mode: int | None, spare: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(spare, flags, 0o666, dir_fd=folder)
    try:
        try:
            _fill(handle, content, mode)
        finally:
            os.close(handle)
        if name != spare:
            move(folder, spare, folder, name)
    except BaseException:
        drop(folder, spare)
        raise


def _rename(flag: int, folder: int, name: str, to_folder: int, to: str) -> bool:
    """A rename with a flag; False where the system does not have it."""
    function = _rename_function()
    if function is None:
        return False
    # What watches the file system steps of Python sees this one too.
    sys.audit("os.rename", name, to, folder, to_folder)
    import ctypes

    if function(folder, os.fsencode(name), to_folder, os.fsencode(to), flag) == 0:
        return True
    number = ctypes.get_errno()
    if number in UNSUPPORTED:
        return False
    raise OSError(number, os.strerror(number), name, None, to)


@functools.cache
def _rename_function() -> Callable[[int, bytes, int, bytes, int], int] | None:
    import ctypes

    name = "renameat2" if sys.platform == "linux" else "renameatx_np"
    function = getattr(ctypes.CDLL(None, use_errno=True), name, None)
    if function is None:
        return None
    text, number = ctypes.c_char_p, ctypes.c_int
    function.argtypes = [number, text, number, text, ctypes.c_uint]
    function.restype = number
    return function  # type: ignore[no-any-return]


def copy_entry(source: int, name: str, folder: int, to: str, spare: str) -> None:
    """Copy a plain file with its owner, mode, attributes and times.

    Raises:
        OSError: It cannot be read or written, or something is there already.
    """
    found = os.stat(name, dir_fd=source, follow_symlinks=False)
    publish(folder, to, read_at(source, name), stat.S_IMODE(found.st_mode), spare)
    resemble(folder, to, source, name)
    os.utime(to, ns=(found.st_atime_ns, found.st_mtime_ns), dir_fd=folder, follow_symlinks=False)


def resemble(folder: int, name: str, model_folder: int, model: str) -> None:
    """Give a file the owner, permissions and attributes of another, as far as this user may.

    Raises:
        OSError: One of them cannot be opened.
    """
    with contextlib.ExitStack() as closing:
        ours = _open_at(folder, name)
        closing.callback(os.close, ours)
        theirs = _open_at(model_folder, model)
        closing.callback(os.close, theirs)
        found = os.fstat(theirs)
        mode = stat.S_IMODE(found.st_mode)
        # Who is not root may give it to a group of theirs, and to no other user.
        for owner in (found.st_uid, -1):
            with contextlib.suppress(PermissionError):
                os.fchown(ours, owner, found.st_gid)
                break
        made = os.fstat(ours)
        if (made.st_uid, made.st_gid) != (found.st_uid, found.st_gid):
            mode &= ~(stat.S_ISUID | stat.S_ISGID)
        # Access control lists are attributes too. Other systems have no such function.
        attributes: list[str] = []
        with contextlib.suppress(OSError, AttributeError):
            attributes = os.listxattr(theirs)
        for attribute in attributes:
            with contextlib.suppress(OSError):
                os.setxattr(ours, attribute, os.getxattr(theirs, attribute))
        # A change of the owner takes some permissions away.
        os.fchmod(ours, mode)


def is_same_file(folder: int, name: str, other_folder: int, other: str) -> bool:
    """Whether two entries are one file.

    Raises:
        OSError: One of them is not there.
    """
    one = os.stat(name, dir_fd=folder, follow_symlinks=False)
    return os.path.samestat(one, os.stat(other, dir_fd=other_folder, follow_symlinks=False))
