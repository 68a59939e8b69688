"""A plan of what is as declared in this checkout: the tests run on a copy before it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from scaffold.checkout.find import Checkout
from scaffold.checkout.state import FOLDER
from scaffold.errors import BaselineError, MissingToolError, ProofError, ScaffoldError
from scaffold.kit.catalog import Kit
from scaffold.kit.cuts import Place
from scaffold.kit.parts import WHOLE, edits_with, label_of, words_of
from scaffold.plan.model import GapPlan, Plan, Request, Skipped
from scaffold.plan.parts import needing, touching, without
from scaffold.proof.parts import red_parts
from scaffold.proof.runner import Subject, VerifyOptions
from scaffold.proof.verify import verify_all
from scaffold.workflow import Progress, keep_proof, plan_new, subject_of

if TYPE_CHECKING:
    from scaffold.checkout.transaction import Write
    from scaffold.proof.outcome import Outcome


@dataclass(frozen=True)
class Proved:
    """A plan, and what was shown of it on a copy of the checkout.

    Attributes:
        plan: Of the parts that are as declared in this checkout; without gaps where none is.
        outcomes: The record of each of its gaps.
        left_out: The parts that are not as declared, or need one of these; `plan.skipped` has them
            too.
        refusal: Why nothing could be run, where that is what keeps parts out.
    """

    plan: Plan
    outcomes: tuple[Outcome, ...] = ()
    left_out: tuple[Skipped, ...] = ()
    refusal: ScaffoldError | None = None

    @property
    def error(self) -> ScaffoldError | None:
        """Why nothing is written, where no part is as declared or nothing could be run."""
        if self.plan.gaps or not self.left_out:
            return None
        first, *more = self.left_out
        rest = f" (and {len(more)} more parts, above)" if more else ""
        return self.refusal or ProofError(
            f"nothing is as declared in this checkout, so nothing was written: "
            f"{first.name}: {first.reason}{rest}",
            f"scaffold new --{'part' if ':' in first.name else 'gap'} {first.name} --diff",
        )

    def to_json(self) -> dict[str, Any]:
        """What it adds to the document of a plan."""
        ran = self.outcomes or self.left_out
        return {"outcomes": [one.to_json() for one in self.outcomes]} if ran else {}

    def keep_proofs(self) -> None:
        """Remember the proof of each gap that is here as it was proved, for `status`."""
        if not self.outcomes:  # a plan that was not proved
            return
        for item, outcome in zip(self.plan.gaps, self.outcomes, strict=True):
            if not item.gap.parts or set(outcome.parts) == set(item.modes):
                root, state = self.plan.checkout.root, self.plan.state
                keep_proof(root, state, item.gap, outcome.to_json())


def has_writes(plan: Plan) -> bool:
    """Whether a plan changes anything."""
    return bool(plan.writes)


def plan_proved(
    kit: Kit,
    checkout: Checkout,
    request: Request,
    given: Mapping[str, Any],
    options: VerifyOptions,
    progress: Progress,
    wanted: Callable[[Plan], bool] = has_writes,
) -> Proved:
    """The plan for a request, without the parts that are not as declared in this checkout.

    The code of the checkout runs, on a copy. What needs a part that is left out is left out too,
    and the rest runs again: what is planned has run as it is to be written. `wanted` tells whether
    a plan is to be run at all: one that writes nothing is not, unless it is to be committed.

    Raises:
        ScaffoldError: See `plan_new`.
    """
    from scaffold.kit.questions import answers_of

    first = plan = plan_new(kit, checkout, request, given, progress)
    left: dict[Place, str] = {}
    outcomes: list[Outcome] = []
    refusal: ScaffoldError | None = None
    while plan.gaps and wanted(plan):
        red = touching(plan, left)
        if not red:
            outcomes, red, why = _on_a_copy(kit, plan, options, progress)
            refusal = refusal or why
        if not red:
            break
        left |= red
        while more := needing(kit, plan, left):
            left |= more
        request, outcomes = without(request, plan, left), []
        plan = plan_new(kit, checkout, request, answers_of(request.gaps, given), progress)
    left_out = tuple(Skipped(slug, reason, part) for (slug, part), reason in left.items())
    writes = plan.writes if plan.gaps else ()
    skipped = tuple(dict.fromkeys((*first.skipped, *plan.skipped, *left_out)))
    plan = replace(plan, writes=writes, skipped=skipped)
    return Proved(plan, tuple(outcomes), left_out, refusal)


def _on_a_copy(
    kit: Kit, plan: Plan, options: VerifyOptions, progress: Progress
) -> tuple[list[Outcome], dict[Place, str], ScaffoldError | None]:
    """What running a plan on a copy shows: records, parts that are red, and why none could run."""
    blocked: dict[str, ScaffoldError] = {}
    with _copy_of(plan, plan.writes) as copy:
        subjects = {item.gap.slug: _planned_subject(kit, copy, plan, item) for item in plan.gaps}
        outcomes = verify_all(
            [*subjects.values()], replace(options, coverage=False), progress, blocked
        )
    items = {item.gap.slug: item for item in plan.gaps}
    red: dict[Place, str] = {}
    for outcome in outcomes:
        item = items[outcome.gap]
        untried = item.untried({test.part or WHOLE for test in outcome.tests})
        for name, why in red_parts(outcome, item.concerned, untried).items():
            red[outcome.gap, name] = why.replace(f"{copy.root}/", "")
    refusal = None
    for slug, error in blocked.items():
        names = _with_edits(items[slug]) if isinstance(error, BaselineError) else ()
        if names and _is_green_before(plan, subjects[slug], options, progress):
            red |= {(slug, name): f"breaks what is there: {error.fact}" for name in names}
            continue
        error = _to_be_written_first(error, items[slug]) if plan.writes else error
        refusal = refusal or error
        red |= {(slug, name): error.fact for name in items[slug].concerned}
    return outcomes, red, refusal


def _to_be_written_first(error: ScaffoldError, item: GapPlan) -> ScaffoldError:
    """The error itself, or how to get on where only what the gap writes lets the tool be had."""
    get = error.hint.rpartition("&& ")[2]
    if not isinstance(error, MissingToolError) or not get or get not in item.gap.after:
        return error
    place = item.gap.slug, next(iter(item.concerned), WHOLE)
    what = label_of(place)
    return MissingToolError(
        f"{error.fact}; the tests bring along what asks for it: write {what}, then "
        f"`{error.hint}`, then ask for {what} again",
        f"scaffold new {words_of(place)}",
    )


def _with_edits(item: GapPlan) -> list[str]:
    """The parts of a gap that edit files of the checkout."""
    return [name for name in item.picked if edits_with(item.gap, [name])]


def _is_green_before(
    plan: Plan, subject: Subject, options: VerifyOptions, progress: Progress
) -> bool:
    """Whether the checkout's own suites are green without the plan."""
    blocked: dict[str, ScaffoldError] = {}
    progress("the checkout's own tests are red; trying them on a copy without the plan")
    with _copy_of(plan, ()) as copy:
        bare = replace(subject, checkout=copy.root, files=(), digests={})
        verify_all([bare], replace(options, coverage=False), progress, blocked)
    return not blocked


@contextmanager
def _copy_of(plan: Plan, writes: Sequence[Write]) -> Iterator[Checkout]:
    """A copy of the plan's checkout with these writes in it, gone afterwards."""
    from scaffold.checkout import journal
    from scaffold.proof.tree_copy import copy_tree
    from scaffold.system import scratch

    with scratch.folder("proof") as place:
        root = copy_tree(plan.checkout.root, place / "copy")
        journal.commit(root, [write for write in writes if not _is_memory(write)], plan.label)
        yield replace(plan.checkout, root=root)


def _is_memory(write: Write) -> bool:
    return write.path.startswith(f"{FOLDER}/")


def _planned_subject(kit: Kit, copy: Checkout, plan: Plan, item: GapPlan) -> Subject:
    subject = subject_of(
        kit, copy, plan.state, item.gap.slug, item.concerned if item.gap.parts else ()
    )
    return replace(subject, origin=plan.checkout.root)
