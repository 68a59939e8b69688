"""The one way to read a file: a plain one, of bounded size, decoded and parsed within bounds.

What lies in a checkout or in a kit is a stranger's: a pipe that never answers, a link to a device,
a source that overflows a parser. Each of these becomes a sentence.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from operator import attrgetter
from pathlib import Path, PurePosixPath

from scaffold.errors import CheckoutError, ExhaustedError, ScaffoldError
from scaffold.system.invocation import quoted

FILE_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
IGNORABLE = "[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]"
"""Characters that a file system of macOS leaves out of a name. Source: git's utf8.c."""
# No package can have these names, and nothing reads them but the tool that makes them.
TOOL_FOLDERS = frozenset(
    {".eggs", ".gradle", ".hg", ".hypothesis", ".jj", ".mypy_cache", ".next", ".nox", ".pixi"}
    | {".pytest_cache", ".ruff_cache", ".svn", ".tox", ".turbo", "__pycache__"}
)
"""Folders that a tool makes beside the files of a project."""
INSTALLED = TOOL_FOLDERS | {".venv", "node_modules"}
"""The same, with those that installed packages lie in."""
MORE_HANDLES = 'ulimit -S -n "$(ulimit -H -n)"'
"""Lets a shell, and what it starts, open as many files as it may."""
MOST_PATH = 4096
"""The longest path."""
MOST_NAME = 255
"""The longest name of a file, in bytes."""
MOST_INT = 10**18
"""What every integer of an answer and every measure of a proof is below."""
MOST_BYTES = 16 << 20
"""The largest file that is read as source, state or kit: real ones are far below."""
MOST_ENTRIES = 20_000
"""The most files and folders that a walk looks at."""
MOST_SOURCE = 1 << 20
"""The largest source that is parsed: a parser may take a thousand times as much memory."""


def open_handle(place: str | Path, flags: int, *, below: int | None = None) -> int:
    """A handle of a file or folder, as `os.open` gives it.

    Args:
        place: Where it is.
        flags: How it is opened.
        below: The handle of the folder that a relative place is in.

    Raises:
        ExhaustedError: The system opens nothing more, which says nothing of the place.
        OSError: It cannot be opened.
    """
    try:
        return os.open(place, flags, dir_fd=below)
    except OSError as error:
        if refusal := exhausted(error):
            raise refusal from error
        raise


def exhausted(error: OSError) -> ExhaustedError | None:
    """The refusal where a run, or the whole system, has too many files open; else None."""
    if error.errno not in (errno.EMFILE, errno.ENFILE):
        return None
    every = "sysctl fs.file-nr" if error.errno == errno.ENFILE else MORE_HANDLES
    return ExhaustedError(f"the system opens nothing more for this run: {error.strerror}", every)


def read_plain(place: str | Path, *, most: int = MOST_BYTES) -> bytes:
    """The bytes of a plain file; a pipe, a device or a folder is never waited for.

    Raises:
        FileNotFoundError: There is nothing.
        OSError: It is not a plain file, is larger than `most` bytes, or cannot be read.
    """
    return read_handle(open_handle(place, FILE_FLAGS), str(place), most)


def read_handle(handle: int, place: str, most: int = MOST_BYTES) -> bytes:
    """The bytes of an open plain file of bounded size; closes the handle.

    Raises:
        OSError: It is not a plain file, or is larger than `most` bytes.
    """
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode):
        os.close(handle)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, "Is a directory", place)
        raise OSError(errno.EINVAL, "Not a plain file", place)
    content, size = b"", found.st_size
    with os.fdopen(handle, "rb", buffering=0) as stream:
        # Never a buffer of `most` bytes: to make one costs more than to read a source.
        while size <= most and (chunk := stream.read(size + 1)):
            content += chunk
            size = max(size, len(content))
    if size > most:
        raise OSError(errno.EFBIG, f"Larger than {most >> 20} MiB", place)
    return content


@lru_cache(4096)  # the same paths are looked at again and again
def is_inside(path: str) -> bool:
    """Whether a relative POSIX path stays inside a checkout and out of every `.git`."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or not pure.parts or "\0" in path or len(path) > MOST_PATH:
        return False
    return not any(
        part == ".." or _is_git(part) or len(part.encode("utf-8", "surrogatepass")) > MOST_NAME
        for part in pure.parts
    )


def walk(
    folder: Path,
    *,
    most: int = MOST_ENTRIES,
    leave: Callable[[str], bool] = lambda name: False,
    refuse: Callable[[OSError], None] | None = None,
) -> Iterator[Path]:
    """Everything below a folder that is not a folder, in order; no link is followed.

    Args:
        folder: Where to start; a file there yields nothing.
        most: How many entries are looked at.
        leave: Whether an entry of this name is left out, with all that is in it.
        refuse: Called for a folder that cannot be listed, and once where there are more entries
            than `most`, which ends the walk; by default it is raised.

    Raises:
        OSError: See `refuse`.
    """
    return map(folder.joinpath, walk_names(folder, most=most, leave=leave, refuse=refuse))


def walk_names(
    folder: Path,
    *,
    most: int = MOST_ENTRIES,
    leave: Callable[[str], bool] = lambda name: False,
    refuse: Callable[[OSError], None] | None = None,
) -> Iterator[str]:
    """What `walk` finds, as POSIX paths below the folder: `status` makes no path of each."""
    waiting, left = [""], most
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(folder / here) as listing:
                entries = sorted(islice(listing, left + 1), key=attrgetter("name"))
        except NotADirectoryError:
            continue
        except OSError as error:
            if refusal := exhausted(error):
                raise refusal from error
            if refuse is None:
                raise
            refuse(error)
            continue
        left -= len(entries)
        if left < 0:
            many = OSError(7, f"More than {most} files and folders", str(folder))
            if refuse is None:
                raise many
            refuse(many)
            return
        kept = [(e.name, e.is_dir(follow_symlinks=False)) for e in entries if not leave(e.name)]
        yield from (f"{here}{name}" for name, is_folder in kept if not is_folder)
        waiting += [f"{here}{name}/" for name, is_folder in reversed(kept) if is_folder]


def decoded(path: str, content: bytes, encoding: str = "utf-8") -> str:
    """The text of a file, without translation of line ends and without a byte order mark.

    Raises:
        CheckoutError: The bytes are not in this encoding.
    """
    try:
        text = content.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        at = getattr(error, "start", 0)
        line = content.count(b"\n", 0, at) + 1
        name = encoding.upper().removesuffix("-SIG")
        raise CheckoutError(
            f"{path}:{line} is not {name} (byte {at})", f"iconv -f {name} {quoted(path)}"
        ) from error
    return text.removeprefix("\ufeff")


@contextmanager
def parsing(
    path: str,
    source: bytes | str = b"",
    error: type[ScaffoldError] = CheckoutError,
    hint: str = "",
) -> Iterator[None]:
    """Whatever parsing a source, or walking its tree, raises becomes a sentence about the file.

    Args:
        path: The file.
        source: Its content, for the bound.
        error: The class of what is raised.
        hint: The command that shows what is broken.

    Raises:
        ScaffoldError: Of the given class: the file is too large, broken or nested too deeply.
    """
    if len(source) > MOST_SOURCE:
        raise error(
            f"{path} is larger than {MOST_SOURCE >> 20} MiB, too large to be parsed",
            f"wc -c {quoted(path)}",
        )
    try:
        yield
    except (SyntaxError, ValueError) as fault:
        line = getattr(fault, "lineno", None) or 1
        problem = " ".join(str(getattr(fault, "msg", fault)).split())
        raise error(
            f"{path}:{line} does not parse: {problem}", hint or f"sed -n {line}p {quoted(path)}"
        ) from fault
    except (RecursionError, MemoryError) as fault:
        # CPython's parser reports its own full stack as a MemoryError.
        raise error(
            f"{path} does not parse: it is nested too deeply", f"wc {quoted(path)}"
        ) from fault


def plain_name(part: str) -> str:
    """A name as a careless file system takes it: without case, ignored characters and ends."""
    if not part.isascii():
        part = re.sub(IGNORABLE, "", part)
    return part.casefold().partition(":")[0].rstrip(". ")


def _is_git(part: str) -> bool:
    """Whether some file system takes a name for `.git`: any case, as a short name of Windows."""
    return plain_name(part) in (".git", "git~1")
