"""Files of a checkout: plain, of bounded size, reached only inside it and through no symlink."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path, PurePosixPath

from scaffold.checkout.places import FILE_FLAGS, MOST_BYTES, Tree, publish, read_handle
from scaffold.errors import CheckoutError

__all__ = ["MOST_BYTES", "confine", "is_inside", "read_file", "read_plain", "write_file"]

IGNORABLE = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
"""Characters that a file system of macOS leaves out of a name. Source: git's utf8.c."""
MOST_PATH = 4096


def read_plain(place: Path, *, most: int = MOST_BYTES) -> bytes:
    """The bytes of a plain file; a pipe, a device or a folder is never waited for.

    Raises:
        FileNotFoundError: There is nothing.
        OSError: It is not a plain file, is larger than `most` bytes, or cannot be read.
    """
    return read_handle(os.open(place, FILE_FLAGS), str(place), most)


def is_inside(path: str) -> bool:
    """Whether a relative POSIX path stays inside a checkout and out of every `.git`."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or not pure.parts or "\0" in path or len(path) > MOST_PATH:
        return False
    return not any(part == ".." or _is_git(part) for part in pure.parts)


def confine(root: Path, path: str) -> Path:
    """The absolute place of a relative path inside the checkout.

    Raises:
        CheckoutError: The path leaves the checkout, is in a `.git`, or a symlink is on the way.
    """
    if not is_inside(path):
        raise CheckoutError(f"{path} is not a place inside the checkout", "mend the kit's path")
    place = root
    for part in PurePosixPath(path).parts:
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
    confine(root, path)
    try:
        with Tree(root) as tree:
            return tree.read(path)
    except OSError as error:
        raise CheckoutError(f"{path} cannot be read: {error.strerror}", f"ls -ld {path}") from error


def write_file(root: Path, path: str, content: bytes) -> None:
    """Replace a file of ours whole, its folder made where it is missing.

    Raises:
        CheckoutError: The path leaves the checkout or a symlink is on the way.
        OSError: It cannot be written.
    """
    confine(root, path)
    with Tree(root) as tree, tree.entry(path, make=True) as (folder, name):
        temporary = f".scaffold-{secrets.token_hex(8)}"
        publish(folder, temporary, content, None, temporary)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)


def _is_git(part: str) -> bool:
    """Whether some file system takes a name for `.git`: any case, as a short name of Windows."""
    plain = IGNORABLE.sub("", part).casefold().rstrip(". ").partition(":")[0]
    return plain in (".git", "git~1")
