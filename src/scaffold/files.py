"""Files of a checkout, reached only inside it and through no symlink."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from scaffold.errors import CheckoutError


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
        CheckoutError: The place is no file of its own inside the checkout.
    """
    place = confine(root, path)
    try:
        return place.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CheckoutError(f"{path} cannot be read: {error.strerror}", f"ls -ld {path}") from error
