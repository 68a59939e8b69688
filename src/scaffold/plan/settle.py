"""A generated file that a person edited: stubs filled, sides merged, or conflicts marked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from scaffold.checkout.parts import written_parts
from scaffold.checkout.state import GapRecord, State
from scaffold.checkout.verdict import Mode
from scaffold.edits import decode
from scaffold.edits.conflicts import (
    TEMPLATE,
    YOURS,
    OnConflict,
    marked_lines,
    marks_note,
    with_markers,
)
from scaffold.kit.parts import owner_of
from scaffold.languages import language_of
from scaffold.plan.changes import Action, Change, with_line_ends_of
from scaffold.plan.merge import merge
from scaffold.plan.model import GapPlan, Skipped
from scaffold.system.reading import parsing


def settle(change: Change, state: State, plan: GapPlan, on_conflict: OnConflict) -> Change:
    """What becomes of a conflict: an update where it can be resolved, else the conflict.

    Raises:
        MissingToolError: Merging needs git, which is missing.
        CheckoutError: Stubs that a person edited do not parse.
    """
    mine, wanted = change.before, change.after
    if mine is None or wanted is None or marked_lines(mine):
        return change
    record = state.gaps.get(plan.gap.slug)
    recorded = record.files.get(change.path, "") if record else ""
    base = state.bases.get(recorded)
    before = written_parts(plan.gap, record).get(owner_of(plan.gap, change.path))
    if recorded and before is Mode.STUBS and plan.mode_of(change.path) is Mode.FULL:
        return _filled(change, mine, plan.stubs[change.path] if base is None else base, wanted)
    marks = on_conflict is OnConflict.MARKERS
    if base is not None and (marks or on_conflict is OnConflict.MERGE):
        return _merged(change, base, mine, wanted, marks=marks)
    if marks and b"\0" not in mine + wanted:
        return _marked(change, with_markers(mine, with_line_ends_of(mine, wanted)))
    if on_conflict is OnConflict.MERGE:
        return replace(change, note=f"{change.note}, and no earlier version is known to merge from")
    return change


def without_yours(
    state: State, plans: Sequence[GapPlan], changes: Sequence[Change], skipped: Sequence[Skipped]
) -> tuple[list[GapPlan], list[Change], list[Skipped]]:
    """The plans without those of which no test would be ours, since a person has all their files.

    What such a gap would put into shared files is of use to nobody; it is among the skipped.
    """
    left: dict[str, Skipped] = {}
    for plan in plans:
        slug = plan.gap.slug
        own = [change for change in changes if change.gap == slug]
        theirs = all(one.action is Action.KEPT and one.before is not None for one in own)
        if own and theirs and not plan.gap.removes and slug not in state.gaps:
            named = ", ".join(change.path for change in own)
            left[slug] = Skipped(slug, f"{named} {'are' if own[1:] else 'is'} yours")
    return (
        [plan for plan in plans if plan.gap.slug not in left],
        [change for change in changes if change.gap not in left],
        [*skipped, *left.values()],
    )


def left_as_yours(
    plan: GapPlan, earlier: GapRecord | None, kept: Collection[str], written: Collection[str]
) -> tuple[str, ...]:
    """The files of a gap in whose place a person has one.

    Args:
        plan: The gap's.
        earlier: What was recorded of it.
        kept: The files that the plan leaves.
        written: Those that are the gap's own.
    """
    before = set(earlier.left) if earlier else set()
    found = {path for path in plan.files if path in kept and path not in written}
    return tuple(sorted(found | before & plan.files.keys() - set(written)))


def settle_place(
    change: Change, root: Path, ours: Collection[str], on_conflict: OnConflict
) -> Change:
    """What becomes of a new file where a person has the same under another name.

    Args:
        change: What would be created.
        root: The checkout.
        ours: The paths that the gap wrote or writes.
        on_conflict: SKIP leaves theirs alone, OVERWRITE writes ours beside it.
    """
    language = language_of(change.path)
    others = language.same_place(change.path) if language else ()
    found = next((p for p in others if p not in ours and (root / p).exists()), None)
    if found is None or on_conflict is OnConflict.OVERWRITE:
        return change
    if on_conflict is OnConflict.SKIP:
        return replace(change, action=Action.KEPT, after=None, note=f"{found} is there")
    return replace(change, action=Action.CONFLICT, note=f"would take the place of {found}")


def _merged(change: Change, base: bytes, mine: bytes, wanted: bytes, *, marks: bool) -> Change:
    merged = merge(base, mine, wanted, labels=(YOURS, "base", TEMPLATE))
    if not merged.conflicts:
        return replace(
            change, action=Action.UPDATE, after=merged.text, note="merged with your edit"
        )
    if marks and marked_lines(merged.text):
        return _marked(change, merged.text)
    where = ", ".join(merged.places(mine))
    note = f"edited since; these lines do not merge: {where}"
    return replace(change, after=merged.text, note=note)


def _marked(change: Change, text: bytes) -> Change:
    return replace(change, action=Action.UPDATE, after=text, note=marks_note(text))


def _filled(change: Change, mine: bytes, stub: bytes, full: bytes) -> Change:
    from scaffold.languages import stubs

    before = decode(mine, change.path)
    with parsing(change.path, mine):
        text, kept = stubs.fill(
            before, stub.decode("utf-8"), full.decode("utf-8"), path=change.path
        )
    if text.encode("utf-8") == mine:
        return replace(change, action=Action.KEPT, after=mine, note="all yours")
    note = f"filled; yours is kept: {', '.join(kept)}" if kept else "filled"
    return replace(change, action=Action.UPDATE, after=text.encode("utf-8"), note=note)
