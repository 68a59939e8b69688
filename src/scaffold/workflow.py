"""The program on one page: select → plan → (show) → apply → verify → report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaffold.checkout import journal
from scaffold.checkout.adoption import find_adoption
from scaffold.checkout.files import read_file, write_file
from scaffold.checkout.find import Checkout, open_checkout
from scaffold.checkout.state import (
    FOLDER,
    EditRecord,
    GapRecord,
    State,
    dump_verified,
    fingerprint,
    read_state,
    read_verified,
)
from scaffold.errors import CheckoutError, UsageError
from scaffold.kit.catalog import Gap, Kit, load_twins, template_digest

if TYPE_CHECKING:
    from scaffold.plan.make import Plan, Request
    from scaffold.proof.runner import Subject

# What plans and proves is imported where it is used: `status` must stay quick.

Progress = Callable[[str], None]

STATES = (
    "open",
    "generated",
    "edited",
    "outdated",
    "adopted",
    "retired",
    "blocked",
    "skipped",
)
"""What `status` says of a gap."""

PROOF_FIELDS = (
    "gap",
    "verdict",
    "generated",
    "passed",
    "known_defects",
    "todo",
    "skipped",
    "failed",
    "coverage",
    "killed",
    "viable",
    "sample",
)
"""What is kept of a proof: the same whenever the same is proved again."""


@dataclass(frozen=True)
class Status:
    """Where one gap stands in a checkout."""

    gap: Gap
    state: str
    note: str = ""
    verified: Mapping[str, Any] | None = None


@contextmanager
def opened(
    start: Path,
    kit: Kit,
    progress: Progress,
    *,
    recovering: bool = True,
    reading: bool = False,
) -> Iterator[Checkout]:
    """The checkout, held for this run, with an interrupted one taken back first.

    Without `recovering` that is left to the caller. With `reading` nothing is held or taken back,
    so that it works beside another run; what an interrupted one left is reported.

    Raises:
        CheckoutError: Not a checkout.
        ConflictError: Another run is at work in it.
    """
    checkout = open_checkout(start, kit)
    if reading:
        pending = journal.pending(checkout.root)
        if pending is not None:
            progress(f"warning: {pending.fact}; {pending.hint}")
        yield checkout
        return
    with journal.locked(checkout.root):
        if recovering and journal.recover(checkout.root):
            progress("an interrupted run was taken back")
        yield checkout


def plan_new(
    kit: Kit,
    checkout: Checkout,
    request: Request,
    given: Mapping[str, Any],
    progress: Progress,
) -> Plan:
    """The plan for a request, its answers checked first.

    Raises:
        ScaffoldError: See `questions.check_answers` and `plan.make_plan`.
    """
    from scaffold.kit.questions import check_answers
    from scaffold.plan.make import Request, make_plan

    answers = check_answers(
        [gap for gap in request.gaps if gap.built],
        given,
        all_gaps=list(kit.gaps.values()),
    )
    state = read_state(checkout.root, kit.name)
    # What an earlier run was told holds until it is told otherwise.
    merged = {
        slug: {**values, **_remembered(state, slug, values, given)}
        for slug, values in answers.items()
    }
    whole = Request(request.gaps, merged, request.named, request.stubs, request.on_conflict)
    return make_plan(kit, checkout, state, whole, progress)


def apply(plan: Plan) -> bool:
    """Write the plan as one transaction; False where there was nothing to write.

    Raises:
        ConflictError: Somebody changed a file since it was planned; nothing was written.
        CheckoutError: The checkout cannot be written; it is as it was.
    """
    if not plan.writes:
        return False
    journal.commit(plan.checkout.root, plan.writes, plan.label)
    return True


def statuses(kit: Kit, checkout: Checkout) -> list[Status]:
    """Every row of the catalogue and where it stands here."""
    state = read_state(checkout.root, kit.name)
    return [_row(checkout, state, gap) for gap in kit.gaps.values()]


def generated_gaps(kit: Kit, state: State, slugs: Sequence[str], everything: bool) -> list[Gap]:
    """The gaps that `verify` is about: the named ones, else all that were generated here.

    Raises:
        UsageError: A named gap was not generated here, or nothing was.
    """
    for slug in slugs:
        gap = kit.gap(slug)
        if slug not in state.gaps:
            raise UsageError(
                f"'{slug}' was not generated in this checkout, so there is nothing to verify",
                f"scaffold new --gap {gap.slug}",
            )
    wanted = set(slugs or state.gaps)
    picked = [gap for slug, gap in kit.gaps.items() if slug in wanted]
    if not picked:
        raise UsageError(
            "nothing was generated in this checkout, so there is nothing to verify",
            "scaffold new" if not everything else "scaffold new --all",
        )
    return picked


def subject_of(kit: Kit, checkout: Checkout, state: State, slug: str) -> Subject:
    """What is to be proved of a gap that was generated here.

    Raises:
        CheckoutError: Its targets are gone, or one does not parse.
    """
    from scaffold.proof.runner import Subject, SubjectTarget

    gap, record = kit.gap(slug), state.gaps[slug]
    findings = checkout.find(gap)
    if findings.retired or gap.run is None:
        raise CheckoutError(
            f"'{slug}' is retired: its targets are not in this checkout any more",
            "scaffold undo, or delete its tests",
        )
    # Stubs prove nothing yet, so they are held to no bar.
    full = record.mode == "full"
    targets = tuple(
        SubjectTarget(
            name=found.target.name,
            path=found.path,
            module=found.module,
            line_pct=found.target.line_pct if full else None,
            kill_pct=found.target.kill_pct if full else None,
        )
        for found in findings.targets
    )
    # A file that a person deleted stays deleted (`status` says so); the rest is still proved.
    files = tuple(path for path in record.files if (checkout.root / path).is_file())
    if not files:
        raise CheckoutError(
            f"'{slug}' cannot be proved: every file of it was deleted",
            f"scaffold new --gap {slug} --on-conflict overwrite",
        )
    twins = load_twins(gap)
    return Subject(slug, checkout.root, gap.run, files, targets, twins, gap.needs)


def keep_proof(root: Path, state: State, outcome: Mapping[str, Any]) -> None:
    """Remember the last proof of a gap for `status`, without times and single tests.

    Raises:
        CheckoutError: The checkout cannot be written.
    """
    slug = str(outcome["gap"])
    kept = {key: value for key, value in outcome.items() if key in PROOF_FIELDS}
    kept["digest"] = state.gaps[slug].digest
    path = f"{FOLDER}/verified/{slug}.json"
    try:
        write_file(root, path, dump_verified(kept))
    except OSError as error:
        raise CheckoutError(
            f"the proof of '{slug}' cannot be kept: {error.strerror}", f"ls -ld {FOLDER}/verified"
        ) from error


def _remembered(
    state: State, slug: str, values: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    record = state.gaps.get(slug)
    if record is None:
        return {}
    return {
        key: value for key, value in record.answers.items() if key in values and key not in given
    }


def _row(checkout: Checkout, state: State, gap: Gap) -> Status:
    # What cannot be read keeps one row from being judged, and no other.
    try:
        return _status(checkout, state, gap)
    except CheckoutError as error:
        return Status(gap, "blocked", error.fact)


def _status(checkout: Checkout, state: State, gap: Gap) -> Status:
    if gap.state == "deprecated":
        return Status(gap, "skipped", gap.reason)
    record = state.gaps.get(gap.slug)
    if record is None:
        if gap.targets and not checkout.has_target(gap):
            return Status(gap, "retired", "no target of it in this checkout")
        note = "its template is not built yet" if gap.state == "planned" else ""
        return _open_status(checkout, gap, note)
    proof = read_verified(checkout.root, gap.slug)
    if proof is not None and proof.get("digest") != record.digest:
        proof = None
    return Status(gap, *_generated_state(checkout, gap, record), proof)


def _open_status(checkout: Checkout, gap: Gap, note: str) -> Status:
    """Open, or adopted where a person's own tests already reach all of it."""
    checkout.check(gap)
    adoption = find_adoption(checkout, gap, ours=())
    if adoption.whole:
        return Status(gap, "adopted", adoption.sentence())
    reached = f"tested already: {adoption.sentence()}" if adoption.files else ""
    unread = adoption.gaps_of_knowledge()
    return Status(gap, "open", "; ".join(filter(None, [note, reached, unread])))


def _generated_state(checkout: Checkout, gap: Gap, record: GapRecord) -> tuple[str, str]:
    if gap.targets and not checkout.has_target(gap):
        return "retired", "its targets are gone; the tests are still there"
    edited, deleted = [], []
    for path, digest in record.files.items():
        current = read_file(checkout.root, path)
        if current is None:
            deleted.append(path)
        elif fingerprint(current) != digest:
            edited.append(path)
    for edit in record.edits:
        _judge_edit(checkout.root, edit, edited, deleted)
    edited += [path for path in record.removed if read_file(checkout.root, path) is not None]
    notes = [f"edited: {path}" for path in edited] + [f"deleted: {path}" for path in deleted]
    if record.mode == "stubs":
        notes.insert(0, "stubs")
    if edited or deleted:
        return "edited", "; ".join(notes)
    if record.template and record.template != template_digest(gap):
        return "outdated", "; ".join(["the template changed since", *notes])
    return "generated", "; ".join(notes)


def _judge_edit(root: Path, edit: EditRecord, edited: list[str], deleted: list[str]) -> None:
    """Sort a shared file into edited or deleted by the units that the gap owns in it."""
    from scaffold import edits

    content = read_file(root, edit.path)
    if content is None:
        deleted.append(edit.path)
        return
    owned = [edits.Unit(name, digest) for name, digest in edit.units.items()]
    text = edits.decode(content, edit.path)
    standing = edits.standing(edit.kind, text, owned, path=edit.path)
    changed = sorted(name for name, how in standing.items() if how != "present")
    if changed:
        edited.append(f"{edit.path} ({', '.join(changed)})")
