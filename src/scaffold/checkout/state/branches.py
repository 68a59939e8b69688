"""Which recorded files are on another branch of git only: there they are kept, here not deleted."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from scaffold.checkout.files import read_file
from scaffold.checkout.state.model import EditRecord, GapRecord
from scaffold.edits import Presence, decode, standing

Records = Mapping[str, GapRecord]


def split(root: Path, gaps: Records) -> tuple[dict[str, GapRecord], dict[str, GapRecord]]:
    """The records of what is on this branch, and the whole ones where something is not on it."""
    lacking = {
        slug: record
        for slug, record in gaps.items()
        if not all(_is_there(root, path) for path in _paths(record))
    }
    away = _on_other_branches(root, {path for one in lacking.values() for path in _paths(one)})
    here, elsewhere = dict(gaps), dict[str, GapRecord]()
    for slug, record in lacking.items() if away else ():
        gone = frozenset(path for path in record.files.keys() & away if not _is_there(root, path))
        edits = tuple(filter(None, (_edit_here(root, edit, away) for edit in record.edits)))
        if not gone and edits == record.edits:
            continue
        elsewhere[slug] = record
        files = {path: digest for path, digest in record.files.items() if path not in gone}
        if files or edits:
            here[slug] = replace(record, files=files, edits=edits, elsewhere=gone)
        else:
            del here[slug]
    return here, elsewhere


def joined(here: Records, elsewhere: Records) -> dict[str, GapRecord]:
    """The records as they are kept: with what is on another branch."""
    return {**here, **{slug: _joined(here.get(slug), one) for slug, one in elsewhere.items()}}


def _joined(here: GapRecord | None, other: GapRecord) -> GapRecord:
    if here is None:
        return other
    edits = {(edit.kind, edit.path): edit for edit in other.edits}
    for edit in here.edits:
        there = edits.get((edit.kind, edit.path), edit)
        units, kept = {**there.units, **edit.units}, {**there.kept, **edit.kept}
        edits[edit.kind, edit.path] = replace(edit, units=units, kept=kept)
    return replace(
        here,
        files={**other.files, **here.files},
        edits=tuple(edits.values()),
        removed={**other.removed, **here.removed},
        moved={**other.moved, **here.moved},
        parts={**other.parts, **here.parts},
        elsewhere=frozenset(),
    )


def _is_there(root: Path, path: str) -> bool:
    return os.path.lexists(root / path)


def _paths(record: GapRecord) -> list[str]:
    return [*record.files, *(edit.path for edit in record.edits)]


def _edit_here(root: Path, edit: EditRecord, away: Collection[str]) -> EditRecord | None:
    """What is on this branch of the units of a shared file; None where nothing is."""
    if edit.path not in away:
        return edit
    content = read_file(root, edit.path)
    if content is None:
        return None
    found = standing(edit.kind, decode(content, edit.path), edit.owned(), path=edit.path)
    units = {name: digest for name, digest in edit.units.items()
             if found[name] is not Presence.ABSENT}  # fmt: skip
    return replace(edit, units=units) if units else None


def _on_other_branches(root: Path, paths: Collection[str]) -> set[str]:
    """Those of these files that are as this branch has them, and that others changed or added.

    Nothing of the repository is run. Without git it is none.
    """
    if not paths:
        return set()
    # Most readings need no git, and it costs a quick command a tenth of its time.
    from scaffold.system.git.history import history_of, is_blob

    history = history_of(root)
    if history is None:
        return set()
    lead = history.lead
    named = ["--", *(f":(literal){lead}{path}" for path in sorted(paths))]
    shape = ["--format=", "--name-only", "--no-renames", "--ignore-missing", "-z"]
    others = [*history.branches, f"^{history.head}"]
    changed = history.ask("log", "--no-show-signature", *shape, "--stdin", *named, given=others)
    away = {item.strip("\n").removeprefix(lead) for item in changed} & set(paths)
    ids = history.ids_of(away)
    return {path for path in away if is_blob(read_file(root, path), ids.get(path))}
