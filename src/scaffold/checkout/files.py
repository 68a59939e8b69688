"""Files of a checkout: plain, of bounded size, reached only inside it and through no symlink."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

from scaffold.errors import CheckoutError

MOST_BYTES = 16 << 20
"""The largest file that is read as source, state or kit: real ones are far below."""


def read_plain(place: Path, *, most: int = MOST_BYTES) -> bytes:
    """The bytes of a plain file; a pipe, a device or a folder is never waited for.

    Raises:
        FileNotFoundError: There is nothing.
        OSError: It is not a plain file, is larger than `most` bytes, or cannot be read.
    """
    # A FIFO opened without O_NONBLOCK waits for a writer, /dev/zero never ends.
    handle = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        found = os.fstat(handle)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(21, "Is a directory", str(place))
        if not stat.S_ISREG(found.st_mode):
            raise OSError(22, "Not a plain file", str(place))
        content = stream.read(most + 1) if found.st_size <= most else b" " * (most + 1)
    if len(content) > most:
        raise OSError(27, f"Larger than {most >> 20} MiB", str(place))
    return content


def confine(root: Path, path: str) -> Path:
    """The absolute place of a relative path inside the checkout.

    Raises:
        CheckoutError: The path leaves the checkout, is in `.git`, or a symlink is on the way.
    """
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or not pure.parts or pure.parts[0] == ".git":
        raise CheckoutError(f"{path} is not a place inside the checkout", "mend the kit's path")
    place = root
    for part in pure.parts:
        place = place / part
        if place.is_symlink():
            relative = place.relative_to(root).as_posix()
            raise CheckoutError(
                f"{relative} is a symlink; scaffold writes through none",
                f"replace {relative} by a real file or folder",
            )
    return place


def read_file(root: Path, path: str) -> bytes | None:
    """The file's bytes; None where there is none.

    Raises:
        CheckoutError: The place is no plain file of bounded size inside the checkout.
    """
    place = confine(root, path)
    try:
        return read_plain(place)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CheckoutError(f"{path} cannot be read: {error.strerror}", f"ls -ld {path}") from error
