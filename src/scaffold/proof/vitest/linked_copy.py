"""A copy of a checkout that has the packages of the checkout, without copying them.

`node_modules` of the copy is a folder of links. One that leads to a package of the workspace leads
into the copy, so that what is broken there is broken for all; all else leads to the checkout.
"""

from __future__ import annotations

import os
from pathlib import Path

from scaffold.proof.tree_copy import Listing, copy_tree, list_tree, unwritable
from scaffold.proof.vitest.installed import MODULES

_WRITTEN = (".vite", ".vite-temp", ".vitest", ".cache")
"""What a run writes into `node_modules`: the copy has its own."""


def linked_copy(checkout: Path | Listing, place: Path, home: Path) -> Path:
    """The root of a copy at a place, with the packages that are installed in `home`.

    Raises:
        CheckoutError: The copy cannot be written.
    """
    listing = checkout if isinstance(checkout, Listing) else list_tree(checkout)
    copy = copy_tree(listing, place)
    link_packages(listing, copy, home)
    return copy


def link_packages(listing: Listing, copy: Path, home: Path) -> None:
    """Give a copy the packages of a checkout.

    Raises:
        CheckoutError: The copy cannot be written.
    """
    home = home.resolve()
    try:
        for folder in ("", *listing.folders):
            source, target = home / folder / MODULES, copy / folder / MODULES
            if source.is_dir() and not target.exists() and MODULES not in Path(folder).parts:
                _link_all(source, target, home, copy)
    except OSError as error:
        raise unwritable(copy, error) from error


def _link_all(source: Path, target: Path, home: Path, copy: Path) -> None:
    target.mkdir()
    with os.scandir(source) as entries:
        for entry in entries:
            if entry.name in _WRITTEN:
                continue
            if entry.name.startswith("@") and not entry.is_symlink():
                _link_all(source / entry.name, target / entry.name, home, copy)
                continue
            goal = Path(os.path.realpath(entry.path))
            if goal.is_relative_to(home) and MODULES not in goal.relative_to(home).parts:
                goal = copy / goal.relative_to(home)
            (target / entry.name).symlink_to(goal)
