"""The program on one page: select → plan → (show) → apply → verify → report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaffold.checkout.files import read_file
from scaffold.checkout.find import Checkout, Findings, FoundTarget, open_checkout
from scaffold.checkout.generation import read_whole
from scaffold.checkout.parts import is_gone
from scaffold.checkout.state import HEAD, EditRecord, GapRecord, State, is_at_rest, read_state
from scaffold.checkout.status import Status, declared_todos, digests_of, keep_proof
from scaffold.checkout.status import statuses as statuses_now
from scaffold.checkout.verdict import Mode
from scaffold.errors import CheckoutError, UsageError
from scaffold.kit.catalog import Gap, Kit, load_twins
from scaffold.languages import language_of
from scaffold.system import invocation

if TYPE_CHECKING:
    from scaffold.plan.model import Plan, Request
    from scaffold.proof.runner import Subject, SubjectTarget

__all__ = [
    "Status",
    "apply",
    "generated_gaps",
    "keep_proof",
    "opened",
    "plan_new",
    "statuses",
    "subject_of",
    "write_parts",
]

# What plans and proves is imported where it is used: `status` must stay quick.

Progress = Callable[[str], None]


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
    checkout = _found(start, kit)
    if reading:
        _report_pending(checkout.root, progress)
        yield checkout
        return
    from scaffold.checkout import journal

    with journal.locked(checkout.root):
        if recovering and journal.recover(checkout.root):
            progress("an interrupted run was taken back")
        yield checkout


def _report_pending(root: Path, progress: Progress) -> None:
    if is_at_rest(root):
        return
    from scaffold.checkout import journal

    pending = read_whole(root, lambda: journal.pending(root))
    if pending is not None:
        progress(f"warning: {pending.fact}; {invocation.command(pending.hint, in_checkout=True)}")


def _found(start: Path, kit: Kit) -> Checkout:
    checkout = open_checkout(start, kit)
    invocation.current.root = checkout.root
    return checkout


def statuses(kit: Kit, checkout: Checkout) -> list[Status]:
    """Every row of the catalogue and where it stands, also beside a run that writes.

    Raises:
        CheckoutError: The state or a proof is damaged.
        ConflictError: Other runs change the checkout all the time.
    """
    return read_whole(checkout.root, lambda: statuses_now(kit, checkout))


def plan_new(
    kit: Kit,
    checkout: Checkout,
    request: Request,
    given: Mapping[str, Any],
    progress: Progress,
) -> Plan:
    """The plan for a request, its answers checked first; also beside a run that writes.

    Raises:
        ScaffoldError: See `questions.check_answers` and `plan.make_plan`.
    """

    def plan() -> Plan:
        made = _planned(
            kit, checkout, read_state(checkout.root, kit.name), request, given, progress
        )
        while request.next_part and made.gaps and not any(it.writes for it in made.changes):
            # Git carries the files of a part, as a rule not its record: it is here all the same.
            progress(f"{' '.join(item.name for item in made.gaps)} is here already")
            made = _planned(kit, checkout, made.state, request, given, progress)
        return made

    return read_whole(checkout.root, plan)


def apply(plan: Plan) -> bool:
    """Write the plan as one transaction; False where there was nothing to write.

    Raises:
        ConflictError: Somebody changed a file since it was planned; nothing was written.
        CheckoutError: The checkout cannot be written; it is as it was.
    """
    if not plan.writes:
        return False
    from scaffold.checkout import journal

    journal.commit(plan.checkout.root, plan.writes, plan.label)
    return True


def write_parts(
    kit: Kit,
    checkout: Checkout,
    request: Request,
    given: Mapping[str, Any],
    places: Sequence[tuple[str, str]],
    progress: Progress,
) -> Iterator[tuple[tuple[str, str], Plan]]:
    """Write parts of gaps, each as one transaction: the gap and part, and what was written of it.

    The last part of a gap that was there before brings along what the whole gap changes: its
    answers, and files that it does not write any more.

    Raises:
        ScaffoldError: See `plan_new` and `apply`; the parts before stay written.
    """
    from scaffold.kit.questions import answers_of

    before = read_state(checkout.root, kit.name).gaps
    for number, (slug, name) in enumerate(places):
        own = tuple(part for gap, part in places[: number + 1] if gap == slug)
        is_last = all(gap != slug for gap, _ in places[number + 1 :])
        parts = own if is_last and slug in before else (name,)
        one = replace(request, gaps=(kit.gaps[slug],), named=frozenset({slug}), parts={slug: parts})
        plan = plan_new(kit, checkout, one, answers_of(one.gaps, given), progress)
        apply(plan)
        yield (slug, name), plan


def generated_gaps(kit: Kit, state: State, slugs: Sequence[str], everything: bool) -> list[Gap]:
    """The gaps that `verify` is about: the named ones, else all generated ones with tests.

    Raises:
        UsageError: A named gap was not generated here or writes no tests, or nothing was generated.
    """
    for slug in slugs:
        gap = kit.gap(slug)
        if slug not in state.gaps:
            raise UsageError(
                f"'{slug}' was not generated in this checkout, so there is nothing to verify",
                f"scaffold new --gap {gap.slug}",
            )
        if gap.run is None:
            raise UsageError(
                f"'{slug}' writes no tests, so there is nothing to verify", f"scaffold show {slug}"
            )
    wanted = set(slugs or state.gaps)
    picked = [gap for slug, gap in kit.gaps.items() if slug in wanted and gap.run is not None]
    if not picked:
        raise UsageError(
            "nothing was generated in this checkout, so there is nothing to verify",
            "scaffold new" if not everything else "scaffold new --all",
        )
    return picked


def subject_of(
    kit: Kit, checkout: Checkout, state: State, slug: str, parts: Sequence[str] = ()
) -> Subject:
    """What is to be proved of a gap that was generated here, or of some of its parts.

    Raises:
        CheckoutError: Its targets are gone, or one does not parse.
    """
    from scaffold.proof.parts import of_parts
    from scaffold.proof.runner import Subject

    gap, record = kit.gap(slug), state.gaps[slug]
    findings = checkout.find(gap)
    if findings.retired or gap.run is None:
        raise CheckoutError(
            f"'{slug}' is retired: its targets are not in this checkout any more",
            "scaffold status",
        )
    targets = _targets_of(checkout.root, findings)
    files = _files_of(checkout.root, gap, record)
    whole = Subject(
        slug,
        checkout.root,
        gap.run,
        files,
        targets,
        load_twins(gap),
        checkout.defects(gap),
        gap.needs,
        deleted=tuple(sorted(record.files.keys() - set(files))),
        others=tuple(path for other in state.gaps.values() for path in other.files),
        digests=digests_of(checkout, record, [target.path for target in targets]),
        declared_todos=declared_todos(record, state),
        stubs=record.mode is Mode.STUBS,
        edits=tuple(_of_one(edit, state) for edit in record.edits),
        moved=record.moved,
        removed=record.removed,
    )
    return of_parts(whole, gap, record, parts)


def _files_of(root: Path, gap: Gap, record: GapRecord) -> tuple[str, ...]:
    # A file that a person deleted stays deleted, and the outcome names it; the rest is proved.
    files = tuple(path for path in record.files if read_file(root, path) is not None)
    if record.files and not files:
        raise CheckoutError(
            f"'{gap.slug}' cannot be proved: every file of it was deleted",
            f"scaffold new --gap {gap.slug}",
        )
    return files


def _of_one(edit: EditRecord, state: State) -> EditRecord:
    """What a gap alone put into a file."""
    beside = [
        other.units
        for other in state.edits_of(edit.path)
        if other is not edit and other.kind == edit.kind
    ]
    own = {
        name: digest
        for name, digest in edit.units.items()
        if not any(name in units for units in beside)
    }
    return replace(edit, units=own)


def _targets_of(root: Path, findings: Findings) -> tuple[SubjectTarget, ...]:
    from scaffold.proof.runner import SubjectTarget

    return tuple(
        SubjectTarget(at.target.name, at.path, at.module, at.target.line_pct, at.target.kill_pct)
        for at in findings.targets
        if _can_be_broken(root, at)
    )


def _can_be_broken(root: Path, at: FoundTarget) -> bool:
    """Not settings, which have no lines that run, and not tests that a row only edits."""
    language, place = language_of(at.path), root / at.path
    if language is None or (at.target.line_pct, at.target.kill_pct) != (None, None):
        return language is not None
    return place not in language.suite_files(place.parent, lambda error: None)


def _planned(
    kit: Kit,
    checkout: Checkout,
    state: State,
    request: Request,
    given: Mapping[str, Any],
    progress: Progress,
) -> Plan:
    """The plan for a request over what is remembered."""
    from scaffold.edits.conflicts import OnConflict
    from scaffold.kit.questions import check_answers
    from scaffold.plan.make import make_plan
    from scaffold.plan.parts import with_parts

    # Who asks for a row by its name wants its tests back; in bulk what was deleted stays so.
    gone = {slug for slug, one in state.gaps.items() if is_gone(checkout.root, one)}
    again = gone if request.on_conflict is OnConflict.OVERWRITE else gone & request.named
    state = state.forgetting_files(again)
    whole = with_parts(kit, state, request)
    waiting = {slug: f"you deleted its files: scaffold new --gap {slug}" for slug in gone - again}
    whole = replace(whole, waiting={**whole.waiting, **waiting})
    answers = check_answers(
        [gap for gap in whole.gaps if gap.built],
        given,
        all_gaps=list(kit.gaps.values()),
    )
    # An answer holds until another one is given.
    merged = {
        slug: {**values, **_remembered(state, kit.gaps[slug], given)}
        for slug, values in answers.items()
    }
    return make_plan(kit, checkout, state, replace(whole, answers=merged), progress)


def _remembered(state: State, gap: Gap, given: Mapping[str, Any]) -> dict[str, Any]:
    """The answers that a gap was written with, but for those that are given anew.

    Raises:
        CheckoutError: One does not fit its question.
    """
    from scaffold.kit.questions import load_questions

    record = state.gaps.get(gap.slug)
    kept = {} if record is None else record.answers
    try:
        return {
            question.name: question.parse(kept[question.name])
            for question in load_questions(gap)
            if question.name in kept and question.name not in given
        }
    except UsageError as error:
        raise CheckoutError(f"{HEAD} keeps an answer: {error.fact}", error.hint) from error
