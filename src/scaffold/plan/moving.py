"""Files of the checkout that a gap moves: content and permissions stay, and undo brings them back.

The state remembers each move: a file that a person put back afterwards is theirs and stays, and one
that appears later where others were moved from is moved too.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from scaffold.checkout.files import confine, read_file
from scaffold.checkout.find import Checkout
from scaffold.checkout.state import State
from scaffold.edits.conflicts import OnConflict
from scaffold.errors import CheckoutError
from scaffold.kit.catalog import Gap, Kit
from scaffold.kit.cuts import MoveSpec, is_pattern
from scaffold.plan.changes import Action, Change
from scaffold.system.invocation import look
from scaffold.system.reading import INSTALLED, walk

LEFT = INSTALLED | {".git", ".scaffold"}
"""Entries of a folder that do not go along: a tool makes them anew in the new place."""


def moves(
    checkout: Checkout, state: State, gap: Gap, taken: Collection[str], on_conflict: OnConflict
) -> list[Change]:
    """What becomes of the files that a gap moves. Nothing is written.

    Args:
        checkout: The tree.
        state: What was written before.
        gap: The row.
        taken: Files that are deleted or moved already.
        on_conflict: What to do where something stands in the new place.

    Raises:
        CheckoutError: One is not a plain file, or a link is on the way.
    """
    record = state.gaps.get(gap.slug)
    before = record.moved if record else {}
    found: dict[str, Change] = {}
    for spec in gap.moves:
        known = [path for path in before if spec.place_of(path) is not None]
        for path in sorted({*files_of(checkout.root, spec.source), *known} - {*taken, *found}):
            found[path] = _move(checkout.root, gap, spec, path, before, on_conflict)
    return list(found.values())


def moved(changes: Iterable[Change], gap: str = "") -> dict[str, str]:
    """The files that move by these changes, of one gap or of all: place -> new place."""
    return {
        change.source: change.path
        for change in changes
        if change.action is Action.MOVE and gap in ("", change.gap)
    }


def places_of_edits(
    kit: Kit,
    root: Path,
    state: State,
    gap: Gap,
    removed: Iterable[Change],
    relocated: Iterable[Change],
) -> dict[str, str]:
    """Where the files are that a gap's edits name, and that this plan or an earlier one moved.

    Returns:
        The place that an edit names -> the new place; empty where the file was deleted.
    """
    records = state.gaps.values()
    going = {change.path for change in removed if change.writes}
    now = moved(relocated)
    gone = going | {path for one in records for path in one.removed if not (root / path).exists()}
    # What the gap itself would have moved to where its edit is.
    gone |= {to for path in gone for spec in gap.moves if (to := spec.place_of(path)) is not None}
    before = {path: to for one in records for path, to in one.moved.items()}
    before = _unrecorded(kit, root, state, gap) | before | dict.fromkeys(gone, "")
    # Of a file that is there again, nothing that happened before counts.
    left = {path for path in before if path in going or not (root / path).exists()}
    places = {path: before[path] for path in left} | now
    return {spec.path: places[spec.path] for spec in gap.edits if spec.path in places}


def _unrecorded(kit: Kit, root: Path, state: State, gap: Gap) -> dict[str, str]:
    """Where the files of edits are that a row moved or deleted of which there is no record.

    A clone holds what was committed and not the state. What a row moves shows that it was here.
    """
    done = [
        one
        for one in kit.gaps.values()
        if one.slug not in state.gaps
        if not any(files_of(root, spec.source) for spec in one.moves)
        if any((root / spec.to).exists() for spec in one.moves)
    ]
    moving = [spec for one in done for spec in one.moves]
    deleted = {spec.path for one in done for spec in one.removes}
    places: dict[str, str] = {}
    for spec in gap.edits:
        place = _followed(root, spec.path, moving)
        is_gone = any(fnmatchcase(place, one) for one in deleted) and not (root / place).exists()
        if is_gone or place != spec.path:
            places[spec.path] = "" if is_gone else place
    return places


def _followed(root: Path, place: str, moving: Sequence[MoveSpec]) -> str:
    """Where a file is that was moved, perhaps more than once."""
    for spec in moving:
        to = spec.place_of(place)
        if to is not None and to != place and not (root / place).exists():
            return _followed(root, to, [one for one in moving if one is not spec])
    return place


def with_edits(relocated: Sequence[Change], edited: Sequence[Change]) -> list[Change]:
    """Moves and edits, with one change for a file that is in its new place and edited there."""
    there = (Action.MOVE, Action.SAME)
    placed = {change.path: change for change in relocated if change.action in there}
    paths = {change.path for change in edited}
    kept = [one for one in relocated if one.action not in there or one.path not in paths]
    return kept + [
        replace(change, source=placed[change.path].source)
        if change.path in placed and change.action is Action.SAME
        else change
        for change in edited
    ]


def files_of(root: Path, place: str) -> list[str]:
    """The files that a path or a pattern names, with all in a folder but what tools leave there.

    Raises:
        CheckoutError: A link is on the way, or a folder cannot be listed.
    """
    parent, _, last = place.rpartition("/")
    try:
        if not is_pattern(place):
            tops = [place]
        else:
            confine(root, parent) if parent else None
            names = sorted(os.listdir(root / parent)) if (root / parent).is_dir() else []
            tops = [
                f"{parent}/{one}".lstrip("/")
                for one in names
                if fnmatchcase(one, last) and one not in LEFT
            ]
        found = []
        for top in tops:
            where = confine(root, top)
            inside = walk(where, leave=LEFT.__contains__) if where.is_dir() else ()
            found += [one.relative_to(root).as_posix() for one in inside]
            found += [top] if where.exists() and not where.is_dir() else []
        return found
    except OSError as error:
        raise CheckoutError(
            f"{place} cannot be listed: {error.strerror}", look(parent or place)
        ) from error


def _move(
    root: Path,
    gap: Gap,
    spec: MoveSpec,
    path: str,
    before: Mapping[str, str],
    on_conflict: OnConflict,
) -> Change:
    current = read_file(root, path)
    to = before.get(path) or spec.place_of(path) or ""
    there = read_file(root, to)
    if current is None:
        if there is None:
            note = f"moved here from {path}; you deleted it"
            return Change(to, gap.slug, Action.KEPT, None, None, note=note)
        note = f"moved before from {path}"
        return Change(to, gap.slug, Action.SAME, there, there, note=note, source=path)
    overwrites = on_conflict is OnConflict.OVERWRITE
    if path in before and not overwrites:
        note = "you put it back; --on-conflict overwrite moves it again"
        return Change(path, gap.slug, Action.KEPT, current, current, note=note)
    if there is not None and on_conflict is OnConflict.SKIP:
        note = f"stays here, since {to} exists"
        return Change(path, gap.slug, Action.KEPT, current, current, note=note)
    if there is not None and not overwrites:
        note = f"exists, and {path} is to be moved there"
        return Change(to, gap.slug, Action.CONFLICT, there, current, note=note)
    note = spec.note if there is None else "overwrites what is there, as asked"
    return Change(
        to, gap.slug, Action.MOVE, current, current,
        note=note, source=path, mode=_mode_of(root / path), covers=there,
    )  # fmt: skip


def _mode_of(place: Path) -> int | None:
    """The permissions of a file; None where it went in this moment, which writing refuses."""
    try:
        return stat.S_IMODE(os.lstat(place).st_mode)
    except OSError:
        return None
