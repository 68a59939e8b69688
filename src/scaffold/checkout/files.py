"""Files of a checkout: plain, of bounded size, reached only inside it and through no symlink."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from scaffold.checkout.places import Tree, publish
from scaffold.errors import CheckoutError
from scaffold.system.invocation import look
from scaffold.system.reading import MOST_BYTES, is_inside, read_plain

__all__ = [
    "HOOKS",
    "MOST_BYTES",
    "confine",
    "is_inside",
    "read_file",
    "read_plain",
    "rule_files",
    "write_file",
]

HOOKS = ".pre-commit-config.yaml"
WORKFLOWS = ".github/workflows"
MOST_WORKFLOWS = 100


def confine(root: Path, path: str) -> Path:
    """The absolute place of a relative path inside the checkout.

    Raises:
        CheckoutError: The path leaves the checkout, is in a `.git`, or a symlink is on the way.
    """
    if not is_inside(path):
        raise CheckoutError(f"{path} is not a place inside the checkout", "scaffold doctor")
    place = root
    for part in PurePosixPath(path).parts:
        place = place / part
        if place.is_symlink():
            relative = place.relative_to(root).as_posix()
            raise CheckoutError(
                f"{relative} is a symlink; scaffold writes through none; put a real file "
                "or folder there",
                look(relative),
            )
    return place


def read_file(root: Path, path: str) -> bytes | None:
    """The file's bytes; None where there is none.

    Raises:
        CheckoutError: Not a plain file of bounded size inside the checkout.
    """
    if not is_inside(path):
        confine(root, path)
    try:
        with Tree(root) as tree:
            return tree.read(path)
    except OSError as error:
        # A link on the way, which was not followed, has a sentence for itself.
        confine(root, path)
        raise CheckoutError(f"{path} cannot be read: {error.strerror}", look(path)) from error


def write_file(root: Path, path: str, content: bytes) -> None:
    """Replace a file of ours whole, its folder made where it is missing.

    Raises:
        CheckoutError: The path leaves the checkout or a symlink is on the way.
        OSError: It cannot be written.
    """
    confine(root, path)
    with Tree(root) as tree, tree.entry(path, make=True) as (folder, name):
        temporary = f".scaffold-{os.urandom(8).hex()}"
        publish(folder, temporary, content, None, temporary)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)


def rule_files(root: Path) -> list[str]:
    """The files that hold a checkout's own rules, relative to it; the first may not be there."""
    try:
        names = sorted(place.name for place in (root / WORKFLOWS).iterdir())
    except OSError:
        names = []
    found = [f"{WORKFLOWS}/{name}" for name in names if name.endswith((".yml", ".yaml"))]
    return [HOOKS, *found[:MOST_WORKFLOWS]]
