"""The plan of a change: the picked gaps rendered, compared with the checkout, merged into one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from scaffold import __version__
from scaffold.checkout.files import read_file
from scaffold.checkout.find import Checkout, Findings
from scaffold.checkout.journal import Write, digest_of
from scaffold.checkout.parts import written_parts
from scaffold.checkout.rules.reading import layout_of
from scaffold.checkout.state import (
    FOLDER,
    STATE_FILES,
    GapRecord,
    InGit,
    State,
    files_of,
    fingerprint,
    is_there,
)
from scaffold.edits.conflicts import OnConflict
from scaffold.edits.former import without_header
from scaffold.errors import CheckoutError, ConflictError, KitError
from scaffold.kit.catalog import Kit, template_digest
from scaffold.kit.render import blaming
from scaffold.languages import same_text
from scaffold.languages.formatting import format_files
from scaffold.plan.changes import Action, Change, classify, diff_of_conflicts, with_header_of
from scaffold.plan.compose import Composition, compose_edits
from scaffold.plan.model import GapPlan, Plan, Request, Skipped
from scaffold.plan.moving import moved, moves, places_of_edits, with_edits
from scaffold.plan.parts import changed_by, cut, modes_after, stub_files, without_needs
from scaffold.plan.references import find_references
from scaffold.plan.references import settle as settle_references
from scaffold.plan.removal import deleted, dropped, refuse_stubs, removals
from scaffold.plan.rendering import blaming_answers, rendering_of
from scaffold.plan.settle import left_as_yours, settle, settle_place, without_yours
from scaffold.system.invocation import edit


def make_plan(
    kit: Kit,
    checkout: Checkout,
    state: State,
    request: Request,
    progress: Callable[[str], None] = lambda line: None,
) -> Plan:
    """The change that closes the picked gaps in this checkout. Nothing is written.

    Raises:
        CheckoutError: A gap asked for by name has no target left, or an anchor is missing.
        ConflictError: A person's file or edit is in the way; all of them are named.
        KitError: A template is broken, or two gaps write the same file.
        UsageError: An answer breaks a template.
    """
    fitting, skipped = _fit(checkout, request)
    request, skipped = without_needs(kit, state, request, skipped)
    plans = []
    for findings in (one for one in fitting if request.picked(one.gap)):
        progress(f"render {findings.gap.slug}")
        plan = partial(_plan_gap, kit, checkout, findings, state, request)
        plans.append(blaming_answers(findings.gap, request.answers, plan))
    removed, relocated = _relocated(checkout, state, plans, request.on_conflict)
    plans = _placed(kit, checkout, state, plans, request, removed, relocated)
    _refuse_shared_files(plans, relocated)
    gone = tuple(change.path for change in removed if change.writes)
    before, state = state, state.moved_on(moved(relocated), gone)
    changes = [it for plan in plans for it in _changes(kit, checkout, state, plan, request)]
    plans, changes, skipped = without_yours(state, plans, changes, skipped)
    changes += removed
    try:
        composition = compose_edits(checkout, state, plans, request.on_conflict, relocated)
    except ConflictError as error:
        _refuse_conflicts([*changes, *relocated], error)
        raise
    changes += with_edits(relocated, composition.changes)
    _refuse_conflicts(changes)
    root, gaps = checkout.root, [plan.gap for plan in plans]
    references = find_references(root, gaps, changes, removed)
    changes, follow, left = settle_references(root, references, changes, request.on_conflict)
    skipped += [Skipped(one.gap, f"{one.sentence} still") for one in left]
    composition = composition.with_records(state, gaps, follow)
    after = _next_state(state, plans, changes, composition, request.state)
    writes = [write for change in changes if change.writes for write in _writes(change)]
    writes += _state_writes(checkout.root, before, after)
    return Plan(checkout, tuple(plans), tuple(changes), tuple(skipped), tuple(writes), after, gone)


def _relocated(
    checkout: Checkout, state: State, plans: Sequence[GapPlan], on_conflict: OnConflict
) -> tuple[list[Change], list[Change]]:
    """What the gaps delete, and what they move: a file that one deletes does not move."""
    complete = [plan for plan in plans if plan.complete]
    removed = [
        change for plan in complete for change in removals(checkout, state, plan.gap, on_conflict)
    ]
    relocated: list[Change] = []
    for plan in complete:
        taken = {path for change in (*removed, *relocated) for path in change.places}
        relocated += moves(checkout, state, plan.gap, taken, on_conflict)
    return removed, relocated


def _placed(
    kit: Kit,
    checkout: Checkout,
    state: State,
    plans: Sequence[GapPlan],
    request: Request,
    removed: Sequence[Change],
    relocated: Sequence[Change],
) -> list[GapPlan]:
    """The plans, each by what the others write, move and delete."""
    arrived = {change.path: change.after for change in relocated if change.source and change.after}
    plans = [_together(kit, checkout, state, plan, plans, request, arrived) for plan in plans]
    return [
        replace(
            plan,
            places=places_of_edits(kit, checkout.root, state, plan.gap, removed, relocated),
        )
        for plan in plans
    ]


def _writes(change: Change) -> list[Write]:
    if not change.source:
        before = digest_of(change.before)
        return [Write(change.path, change.after, change.executable, before=before)]
    arrives = Write(change.path, change.after, before=digest_of(change.covers), mode=change.mode)
    return [arrives, Write(change.source, None, before=digest_of(change.before))]


def content_digest(files: Mapping[str, bytes]) -> str:
    """Digest of a rendering by content."""
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(path.encode() + b"\0" + files[path] + b"\0")
    return total.hexdigest()


def _fit(checkout: Checkout, request: Request) -> tuple[list[Findings], list[Skipped]]:
    fitting: list[Findings] = []
    skipped: list[Skipped] = []
    wanted = _with_required(request)
    for gap in request.gaps:
        if gap.slug in request.waiting:
            skipped.append(Skipped(gap.slug, request.waiting[gap.slug]))
            continue
        if gap.state == "planned":
            skipped.append(Skipped(gap.slug, "its template is not built yet"))
            continue
        if gap.state == "unproven" and gap.slug not in wanted:
            reason = f"not proved on every commit yet: scaffold new --gap {gap.slug}"
            skipped.append(Skipped(gap.slug, reason))
            continue
        if request.stubs and gap.removes:
            refuse_stubs(gap, named=gap.slug in request.named)
            skipped.append(Skipped(gap.slug, "it takes the place of tests that are there"))
            continue
        try:
            findings = checkout.find(gap)
        except CheckoutError as error:
            if gap.slug in request.named:
                raise
            skipped.append(Skipped(gap.slug, error.fact))
            continue
        if not findings.retired:
            fitting.append(findings)
        elif gap.slug in request.named:
            raise CheckoutError(
                f"'{gap.slug}' is retired here: this checkout has none of "
                f"{', '.join(path for target in gap.targets for path in target.paths)}",
                "scaffold status",
            )
        else:
            skipped.append(Skipped(gap.slug, "its targets are not in this checkout"))
    return fitting, skipped


def _with_required(request: Request) -> set[str]:
    """The gaps that were named, and those that they need: a row without these would not run."""
    gaps = {gap.slug: gap for gap in request.gaps}
    wanted, waiting = set[str](), [*request.named]
    while waiting:
        slug = waiting.pop()
        if slug not in wanted and slug in gaps:
            wanted.add(slug)
            waiting += gaps[slug].requires
            for part in gaps[slug].parts:
                waiting += [need.partition(":")[0] for need in part.needs if ":" in need]
    return wanted


def _plan_gap(
    kit: Kit,
    checkout: Checkout,
    findings: Findings,
    state: State,
    request: Request,
    answers: Mapping[str, Any],
) -> GapPlan:
    gap = findings.gap
    raw = rendering_of(kit, gap, answers, findings.facts())
    with blaming(gap):
        whole = replace(raw, files=format_files(raw.files))
        earlier = state.gaps.get(gap.slug)
        before = written_parts(gap, earlier)
        picked = request.picked(gap)
        modes = modes_after(gap, before, picked, stubs=request.stubs)
        rendered = cut(gap, whole, modes)
        touched = frozenset(rendered.files)
        # Other answers are answers for every part that is here.
        if earlier is not None and dict(earlier.answers) == dict(answers):
            touched = changed_by(gap, whole, rendered, before, picked)
        # The digest and what is touched do not depend on how a checkout wants it laid out.
        digest = content_digest({**rendered.files, **rendered.edits})
        files = {
            path: raw.files[path] if whole.files[path] == content else content
            for path, content in rendered.files.items()
        }
        layout = layout_of(checkout, files)
        rendered = replace(rendered, files=format_files(files, layout))
        stubbed, todos = stub_files(gap, rendered.files, modes, before, layout)
        return GapPlan(
            gap, findings, answers, picked, modes, digest, rendered, touched, stubbed, todos
        )


def _together(
    kit: Kit,
    checkout: Checkout,
    state: State,
    plan: GapPlan,
    plans: Sequence[GapPlan],
    request: Request,
    arrived: Mapping[str, bytes],
) -> GapPlan:
    """The gap's plan, made anew where this plan writes or moves one of its targets."""
    wanted = {path for target in plan.gap.targets for path in target.paths}
    written = [other.files for other in plans if other is not plan]
    planned = {
        path: content
        for files in (*written, arrived)
        for path, content in files.items()
        if path in wanted and not (checkout.root / path).exists()
    }
    if not planned:
        return plan
    findings = replace(checkout, planned=planned).find(plan.gap)
    make = partial(_plan_gap, kit, checkout, findings, state, request)
    return blaming_answers(plan.gap, request.answers, make)


def _changes(
    kit: Kit, checkout: Checkout, state: State, plan: GapPlan, request: Request
) -> list[Change]:
    record = state.gaps.get(plan.gap.slug)
    recorded = dict(record.files) if record else {}
    changes = [
        _change(checkout.root, path, recorded, state, plan, request)
        for path in plan.files
        if path in plan.touched
    ]
    # What an edited kit no longer writes goes where the whole of it is written.
    for path in sorted(recorded.keys() - plan.files.keys()) if plan.whole else ():
        tested = any(path in target.paths for gap in kit.gaps.values() for target in gap.targets)
        changes.append(dropped(checkout.root, path, plan.gap.slug, recorded[path], state, tested))
    return changes


def _change(
    root: Path, path: str, files: Mapping[str, str], state: State, plan: GapPlan, request: Request
) -> Change:
    recorded = files.get(path)
    there = read_file(root, path)
    current = None if there is None else without_header(there)
    if there is not None and current is not None and recorded == fingerprint(there):
        recorded = fingerprint(current)
    change = classify(
        path,
        plan.gap.slug,
        current=current,
        recorded=recorded,
        wanted=plan.files[path],
        base=state.bases.get(recorded or ""),
        on_conflict=request.on_conflict,
        executable=path in plan.rendered.executable,
    )
    if change.action is Action.CONFLICT:
        change = settle(change, state, plan, request.on_conflict)
    elif change.action is Action.CREATE:
        change = settle_place(change, root, {*files, *plan.files}, request.on_conflict)
    return with_header_of(change, there, skip=request.on_conflict is OnConflict.SKIP)


def _refuse_shared_files(plans: Sequence[GapPlan], relocated: Sequence[Change]) -> None:
    owner: dict[str, str] = {}
    for change in relocated:
        if change.path in owner:
            raise KitError(
                f"two files would move to {change.path} (`moves` of '{change.gap}')",
                f"scaffold show {change.gap}",
            )
        owner[change.path] = change.gap
    for plan in plans:
        for path in plan.files:
            if path in owner:
                raise KitError(
                    f"the gaps '{owner[path]}' and '{plan.gap.slug}' both write {path}: "
                    "make it an edit, or let one gap require the other",
                    edit(plan.gap.folder / "gap.toml"),
                )
            owner[path] = plan.gap.slug


def _refuse_conflicts(changes: Sequence[Change], more: ConflictError | None = None) -> None:
    """Name every file that is in the way, and what is in the way in a shared file."""
    conflicts = [change for change in changes if change.action is Action.CONFLICT]
    if not conflicts:
        return
    facts = [f"{change.path} {change.note}" for change in conflicts]
    named = "; ".join([*facts, *([more.fact] if more else [])])
    raise ConflictError(
        f"{named}; nothing was written",
        "--on-conflict skip",
        diff=diff_of_conflicts(conflicts) + (more.diff if more else ""),
    )


def _next_state(
    state: State,
    plans: Sequence[GapPlan],
    changes: Sequence[Change],
    composition: Composition,
    in_git: str | None,
) -> State:
    gaps = dict(state.gaps)
    bases = dict(state.bases)
    kept = {change.path for change in changes if change.action is Action.KEPT}
    for plan in plans:
        earlier = state.gaps.get(plan.gap.slug)
        files = {}
        for path, content in plan.files.items():
            if path not in kept and path in plan.touched:
                base = bases.get(earlier.files.get(path, "")) if earlier else None
                # Another version of the formatter is no new rendering.
                content = base if base is not None and same_text(path, base, content) else content
                files[path] = fingerprint(content)
                bases[files[path]] = content
            elif earlier is not None and path in earlier.files:
                # The base of a file that was left alone stays what a person's edit began from.
                files[path] = earlier.files[path]
        gaps[plan.gap.slug] = GapRecord(
            slug=plan.gap.slug,
            kit_version=__version__,
            digest=plan.digest,
            mode=plan.mode,
            answers=dict(plan.answers),
            files=files,
            edits=composition.records.get(plan.gap.slug, ()),
            # Parts that were left alone are as outdated as before.
            template=template_digest(plan.gap) if plan.whole or not earlier else earlier.template,
            removed={
                **(earlier.removed if earlier else {}),
                **deleted(plan.gap, changes),
            },
            moved={**(earlier.moved if earlier else {}), **moved(changes, plan.gap.slug)},
            parts=dict(plan.modes) if plan.gap.parts else {},
            left=left_as_yours(plan, earlier, kept, files),
        )
    git = InGit(in_git or state.in_git)
    return State(state.kit, gaps, bases, git, elsewhere=state.elsewhere)


def _state_writes(root: Path, old: State, new: State) -> list[Write]:
    after = files_of(new)
    writes = [
        Write(path, content, before=digest_of(read_file(root, path)))
        for path, content in sorted(after.items())
        if not is_there(root, path, content)
    ]
    gone = sorted({*old.former, *STATE_FILES} - after.keys()) if old.gaps else []
    writes += [Write(path, None) for path in gone if (root / path).exists()]
    assert all(write.path.startswith(f"{FOLDER}/") for write in writes)
    return writes
