"""The edits of a plan, composed: several gaps may share one file, each unit owned and counted."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from scaffold import edits
from scaffold.checkout.files import read_file
from scaffold.checkout.find import Checkout
from scaffold.checkout.rules.reading import layout_of
from scaffold.checkout.state import EditRecord, State
from scaffold.edits.conflicts import OnConflict, marked_lines, marks_note, with_markers
from scaffold.errors import ConflictError, KitError
from scaffold.kit.catalog import EditSpec, Gap
from scaffold.kit.render import PAYLOADS, blaming
from scaffold.languages import language_of, same_text
from scaffold.languages.formatting import format_files, format_source
from scaffold.plan.changes import Action, Change, diff_of_conflicts
from scaffold.plan.model import GapPlan
from scaffold.system.invocation import look, quoted


@dataclass(frozen=True)
class Composition:
    """The changes of shared files, and per gap what it owns in them."""

    changes: tuple[Change, ...]
    records: Mapping[str, tuple[EditRecord, ...]]

    def with_records(
        self, state: State, gaps: Sequence[Gap], more: Mapping[str, Sequence[EditRecord]]
    ) -> Composition:
        """The same with what gaps own in files that no edit of theirs names, now and before."""
        records = dict(self.records)
        for gap in gaps:
            named = {place for spec in gap.edits for place in (spec.path, spec.to)}
            earlier = state.gaps[gap.slug].edits if gap.slug in state.gaps else ()
            followed = [one for one in earlier if one.kind == "replace" and one.path not in named]
            now = more.get(gap.slug, ())
            kept = [one for one in followed if one.path not in {new.path for new in now}]
            records[gap.slug] = (*records.get(gap.slug, ()), *kept, *now)
        return replace(self, records=records)


@dataclass
class _File:
    """A shared file while the plan's gaps put their units in, one after the other."""

    path: str
    kind: str
    before: bytes | None
    text: str | None
    created: bool
    owned: tuple[edits.Unit, ...]
    gaps: list[str] = field(default_factory=list)
    planned: dict[str, edits.Unit] = field(default_factory=dict)
    wholly_ours: bool = False
    move: Change | None = None


def compose_edits(
    checkout: Checkout,
    state: State,
    plans: Sequence[GapPlan],
    on_conflict: OnConflict,
    relocated: Sequence[Change] = (),
) -> Composition:
    """Every edit of the plan applied to the files as they are. Nothing is written.

    A file that moves is edited in its new place: its change is the move, with the edits in it.

    Raises:
        ConflictError: A unit is there already and is not ours.
        CheckoutError: A file does not parse, or an anchor is missing.
        KitError: A payload is missing or broken, or two gaps disagree.
    """
    if on_conflict is OnConflict.MARKERS:
        return _marked(checkout, state, plans, relocated)
    try:
        return _composed(checkout, state, plans, on_conflict, relocated)
    except ConflictError as error:
        # Shown as a whole: what skip leaves against what overwrite writes.
        with contextlib.suppress(ConflictError):
            yours = _composed(checkout, state, plans, OnConflict.SKIP, relocated)
            theirs = _composed(checkout, state, plans, OnConflict.OVERWRITE, relocated)
            error.diff = diff_of_conflicts(
                replace(right, action=Action.CONFLICT, before=left.after, note="is in the way")
                for left, right in zip(yours.changes, theirs.changes, strict=True)
                if left.after != right.after
            )
        raise


def _marked(
    checkout: Checkout, state: State, plans: Sequence[GapPlan], relocated: Sequence[Change]
) -> Composition:
    """The edits with markers in each shared file around every unit that is in the way."""
    yours = _composed(checkout, state, plans, OnConflict.SKIP, relocated)
    theirs = _composed(checkout, state, plans, OnConflict.OVERWRITE, relocated)
    changes = []
    for left, right in zip(yours.changes, theirs.changes, strict=True):
        if left.after is None or right.after is None or left.after == right.after:
            changes.append(right)
            continue
        text = with_markers(left.after, right.after)
        note = f"{right.note}; {marks_note(text)}"
        action = right.action if right.source else Action.UPDATE
        changes.append(replace(right, action=action, after=text, note=note))
    return Composition(tuple(changes), theirs.records)


def _composed(
    checkout: Checkout,
    state: State,
    plans: Sequence[GapPlan],
    on_conflict: OnConflict,
    relocated: Sequence[Change],
) -> Composition:
    files = _moving(state, plans, relocated)
    records: dict[str, tuple[EditRecord, ...]] = {}
    for plan in plans:
        records[plan.gap.slug] = tuple(
            record
            for spec in plan.edits
            for record in _edit(checkout, state, files, plan, spec, on_conflict)
        )
        places = (path for spec in plan.edits for path in (spec.path, spec.to))
        for path in dict.fromkeys(path for path in places if path in files):
            _drop_former(state, files[path], plan.gap.slug, on_conflict)
    touched = [file for file in files.values() if file.gaps]
    there = [file for file in touched if (file.before, file.text) != (None, None)]
    return Composition(tuple(_change(checkout, file) for file in there), records)


def _moving(
    state: State, plans: Sequence[GapPlan], relocated: Sequence[Change]
) -> dict[str, _File]:
    """The shared files that move, by their new places."""
    kinds = {spec.path: spec.kind for plan in plans for spec in plan.edits}
    return {
        change.path: _File(
            change.path,
            kinds[change.path],
            change.before,
            edits.decode(change.before, change.path),
            created=False,
            owned=owned_units(state, change.path),
            move=change,
        )
        for change in relocated
        if change.action is Action.MOVE and change.path in kinds and change.before is not None
    }


def owned_units(state: State, path: str) -> tuple[edits.Unit, ...]:
    """All units in a file that some gap owns."""
    return tuple(sorted({unit for edit in state.edits_of(path) for unit in edit.owned()}))


def _edit(
    checkout: Checkout,
    state: State,
    files: dict[str, _File],
    plan: GapPlan,
    spec: EditSpec,
    on_conflict: OnConflict,
) -> list[EditRecord]:
    """An edit, and that of the file which gets what it moves; none where its payload is blank."""
    if spec.payload not in plan.rendered.payloads:
        raise KitError(
            f"the edit of {spec.path} names the payload '{spec.payload}', which was not rendered: "
            f"none of {PAYLOADS}/ has that name",
            look(plan.gap.files_dir, "-R"),
        )
    payload = plan.rendered.payloads[spec.payload]
    if not payload.strip() and not owned_units(state, spec.path):
        return []
    record, moved = _apply(checkout, state, files, plan, spec, payload, on_conflict)
    if files[spec.path].text is None:
        return []  # all of it is optional, and there is no such file
    if not spec.to:
        return [record] if record.units or payload.strip() else []
    # Formatted before it is compared: a formatter's changes are not edits.
    with blaming(plan.gap, f"{PAYLOADS}/{spec.payload}"):
        source = format_source(spec.to, moved.encode("utf-8"))
    there = EditSpec(edits.MOVES[spec.kind], spec.to, spec.payload)
    made, _ = _apply(checkout, state, files, plan, there, source.decode("utf-8"), on_conflict)
    return [item for item in (record, made) if item.units]


def _apply(
    checkout: Checkout,
    state: State,
    files: dict[str, _File],
    plan: GapPlan,
    spec: EditSpec,
    payload: str,
    on_conflict: OnConflict,
) -> tuple[EditRecord, str]:
    file = files.setdefault(spec.path, _open(checkout, state, spec))
    with blaming(plan.gap, f"{PAYLOADS}/{spec.payload}"):
        result = edits.apply(
            spec.kind,
            file.text,
            payload,
            path=spec.path,
            owned=file.owned,
            planned=tuple(file.planned.values()),
            created=file.created,
            first_party=_first_party(plan),
            on_conflict=on_conflict,
            origin=f"{plan.gap.slug}/{spec.payload}",
            above=_above(checkout, state, spec.path),
        )
    file.text, file.wholly_ours = result.text, result.wholly_ours
    file.gaps.append(plan.gap.slug)
    file.planned.update({unit.name: unit for unit in result.units})
    return EditRecord.of(spec.kind, spec.path, file.created, result.units), result.moved


def _above(checkout: Checkout, state: State, path: str) -> edits.Above:
    """The files whose names hold in this one too, as far as they are text."""
    language = language_of(path)
    found = {}
    for other in language.read_above(path) if language else ():
        text = checkout.text(other)
        if text is not None:
            owned = frozenset(unit.name for unit in owned_units(state, other))
            found[other] = text, owned
    return found


def _drop_former(state: State, file: _File, slug: str, on_conflict: OnConflict) -> None:
    """Take out the units that the gap had here and its payloads have no more, unless shared."""
    names = set(file.planned)
    for other, record in state.gaps.items():
        if other != slug:
            names |= {
                name for edit in record.edits if edit.path == file.path for name in edit.units
            }
    for edit in state.gaps[slug].edits if slug in state.gaps else ():
        former = [unit for unit in edit.owned() if unit.name not in names]
        if edit.path != file.path or not former or file.text is None:
            continue
        file.text = edits.revert(
            edit.kind,
            file.text,
            former,
            path=file.path,
            owned=file.owned,
            created=file.created,
            on_conflict=on_conflict,
        )


def _open(checkout: Checkout, state: State, spec: EditSpec) -> _File:
    before = read_file(checkout.root, spec.path)
    if before is not None and (left := marked_lines(before)):
        raise ConflictError(
            f"{spec.path}:{left[0]}: conflict markers are left here",
            f"sed -n '{left[0]},$p' {quoted(spec.path)}",
        )
    created = before is None or any(edit.created for edit in state.edits_of(spec.path))
    text = None if before is None else edits.decode(before, spec.path)
    return _File(spec.path, spec.kind, before, text, created, owned_units(state, spec.path))


def _first_party(plan: GapPlan) -> tuple[str, ...]:
    return tuple(
        sorted({found.module.partition(".")[0] for found in plan.findings.targets if found.module})
    )


def _change(checkout: Checkout, file: _File) -> Change:
    if file.text is None:
        if file.before is None:
            return Change(file.path, file.gaps[0], Action.SAME, None, None)
        return Change(file.path, file.gaps[0], Action.DELETE, file.before, None, note="empty now")
    after = file.text.encode("utf-8")
    if file.move is not None:
        note = "; ".join(filter(None, [file.move.note, f"edited by {', '.join(file.gaps)}"]))
        return replace(file.move, after=after, note=note)
    if file.wholly_ours:
        after = format_files({file.path: after}, layout_of(checkout, [file.path]))[file.path]
    note = f"shared by {', '.join(dict.fromkeys(file.gaps))}"
    if file.before is not None and same_text(file.path, file.before, after):
        # A formatter of the checkout may lay it out in another way.
        action, after = Action.SAME, file.before
    else:
        action = Action.CREATE if file.before is None else Action.UPDATE
    return Change(file.path, file.gaps[0], action, file.before, after, note=note)
