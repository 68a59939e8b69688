"""Files that name a place which moves or goes, and that no edit of the plan is about.

Nobody can tell whether such a line is a path that breaks, so it is never changed or left silently:
the plan is refused with all of them, `--on-conflict merge` lets the paths follow, `skip` leaves
them and names them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scaffold import edits
from scaffold.checkout.state import EditRecord
from scaffold.edits.conflicts import OnConflict
from scaffold.edits.paths import named_in
from scaffold.errors import CheckoutError, ConflictError
from scaffold.kit.catalog import Gap
from scaffold.kit.cuts import is_pattern
from scaffold.plan.changes import Action, Change
from scaffold.plan.moving import LEFT
from scaffold.system.invocation import look
from scaffold.system.reading import read_plain, walk

MOST_ENTRIES = 200_000
MOST_BYTES = 4 << 20
SHOWN = 12


@dataclass(frozen=True)
class Reference:
    """A file that names a place, as it names it, with the lines; `new` is the place afterwards."""

    gap: str
    path: str
    lines: tuple[int, ...]
    old: str
    new: str

    @property
    def sentence(self) -> str:
        """Where it is, and what it names."""
        return f"{self.path}:{self.lines[0]} names {self.old}"


def find_references(
    root: Path, gaps: Sequence[Gap], changes: Sequence[Change], removed: Sequence[Change]
) -> list[Reference]:
    """The references that are left when these changes are made, of which some are deletions.

    Raises:
        CheckoutError: The checkout cannot be listed.
    """
    places = {one.path: (one.gap, "") for one in removed if one.writes}
    places |= dict(_places(gaps, changes))
    if not places:
        return []
    after = {change.path: change for change in changes if change.action is not Action.CONFLICT}
    gone = {path for change in changes if change.writes for path in change.places} - after.keys()
    last = re.compile(b"|".join(re.escape(_last(place).encode()) for place in places))
    found: list[Reference] = []
    for path in sorted({*_files(root), *after} - gone):
        change = after.get(path)
        content = _content(root / path) if change is None else change.after
        if content is None or b"\0" in content or not last.search(content):
            continue
        home = os.path.dirname(change.source or path if change else path)
        found += _in_file(path, home, content.decode("utf-8", "replace"), places)
    return found


def settle(
    root: Path, found: Sequence[Reference], changes: Sequence[Change], on_conflict: OnConflict
) -> tuple[list[Change], dict[str, list[EditRecord]], list[Reference]]:
    """The changes with the references settled as asked, what each gap owns, and what is left.

    Raises:
        ConflictError: There are some, and nobody said what to do with them.
    """
    if on_conflict is OnConflict.SKIP or not found:
        return list(changes), {}, list(found)
    if on_conflict in (OnConflict.MERGE, OnConflict.OVERWRITE):
        made, records = _follow(root, [one for one in found if one.new], changes)
        return made, records, [one for one in found if not one.new]
    named = [one.sentence for one in found[:SHOWN]]
    more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    raise ConflictError(
        f"{'; '.join([*named, *more])}: no edit of this gap is about that; nothing was written "
        "(merge lets the paths follow, skip leaves them)",
        "--on-conflict merge",
    )


def _follow(
    root: Path, found: Sequence[Reference], changes: Sequence[Change]
) -> tuple[list[Change], dict[str, list[EditRecord]]]:
    """The changes with the paths renamed, and what each gap owns then."""
    made = {change.path: change for change in changes}
    records: dict[str, list[EditRecord]] = {}
    for one in found:
        before = _content(root / one.path)
        change = made.get(one.path) or Change(one.path, one.gap, Action.SAME, before, before)
        if change.after is None:
            continue
        payload = f"[[path]]\nold = {json.dumps(one.old)}\nnew = {json.dumps(one.new)}\n"
        text = edits.decode(change.after, one.path)
        done = edits.apply("replace", text, payload, path=one.path)
        assert done.text is not None  # an edit never takes a file away
        action = Action.UPDATE if change.action is Action.SAME else change.action
        note = "; ".join(filter(None, [change.note, f"names {one.old}"]))
        made[one.path] = replace(change, action=action, after=done.text.encode(), note=note)
        record = EditRecord.of("replace", one.path, False, done.units)
        records.setdefault(one.gap, []).append(record)
    return list(made.values()), records


def _places(
    gaps: Sequence[Gap], changes: Sequence[Change]
) -> Iterator[tuple[str, tuple[str, str]]]:
    """Each place that moves -> the gap, and the new place."""
    for gap in gaps:
        for spec in gap.moves:
            moving = [
                change
                for change in changes
                if change.action is Action.MOVE
                and change.gap == gap.slug
                and spec.place_of(change.source) == change.path
            ]
            if is_pattern(spec.source):
                yield from ((change.source, (gap.slug, change.path)) for change in moving)
            elif moving:
                yield spec.source, (gap.slug, spec.to)


def _in_file(
    path: str, home: str, text: str, places: Mapping[str, tuple[str, str]]
) -> Iterator[Reference]:
    for place, (gap, new) in places.items():
        names = {place: new}
        relative = os.path.relpath(place, home or ".")
        # The first one finds the other where it is the same with dots before it; and what moves
        # along with its folder has the same way to it.
        known = "/" in place and relative.endswith(f"../{place}")
        if not known and not f"{home}/".startswith(f"{place}/"):
            names[relative] = os.path.relpath(new, os.path.dirname(path) or ".") if new else ""
        for old, now in names.items():
            lines = tuple(named_in(text, old))
            if lines and old != now:
                yield Reference(gap, path, lines, old, now)


def _files(root: Path) -> Iterator[str]:
    try:
        for place in walk(root, most=MOST_ENTRIES, leave=(LEFT | {"target"}).__contains__):
            yield place.relative_to(root).as_posix()
    except OSError as error:
        raise CheckoutError(f"{root} cannot be listed: {error.strerror}", look(root)) from error


def _content(place: Path) -> bytes | None:
    """The bytes of a plain file of the size of a text; None of anything else."""
    try:
        return None if place.is_symlink() else read_plain(place, most=MOST_BYTES)
    except OSError:
        return None


def _last(place: str) -> str:
    return place.rpartition("/")[2]
