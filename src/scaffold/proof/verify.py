"""The proof of generated tests: baseline, declared outcomes, coverage, and the kill check."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import PurePath

from scaffold.checkout.find import Checkout
from scaffold.checkout.verdict import Verdict
from scaffold.edits.conflicts import marked_lines, marks_note
from scaffold.errors import BaselineError, ScaffoldError
from scaffold.kit.catalog import Twin
from scaffold.proof.before import measure_before
from scaffold.proof.kill_check import check
from scaffold.proof.mends import check_mends
from scaffold.proof.needs import require
from scaffold.proof.outcome import Kind, Outcome, TargetProof, kind_of, ranges
from scaffold.proof.repeated import repeated
from scaffold.proof.rules.check import check_rules
from scaffold.proof.runner import (
    Evidence,
    Kills,
    Progress,
    Session,
    Subject,
    Survivor,
    TestResult,
    VerifyOptions,
    load_runner,
)
from scaffold.system import isolation
from scaffold.system.caching import PARTS, cache_dir, trim_folders

NAMED = 10


def verify(subject: Subject, options: VerifyOptions, progress: Progress) -> Outcome:
    """The record of one subject's proof; a gap that is not proved is recorded, not raised.

    Raises:
        BaselineError: The suites of the checkout are red without the generated tests.
        MissingToolError: What runs the tests is not there.
        ProofError: The tests did not come to an end, or are red on an unbroken copy.
    """
    return verify_all([subject], options, progress)[0]


def verify_all(
    subjects: Sequence[Subject],
    options: VerifyOptions,
    progress: Progress,
    blocked: dict[str, ScaffoldError] | None = None,
) -> list[Outcome]:
    """The records of several subjects, in their order; those of one folder share a run.

    Where `blocked` is given, it gets why a subject has no record, and the others go on.

    Raises:
        BaselineError: The suites of the checkout are red without the generated tests.
        MissingToolError: What runs the tests is not there, or a gap needs what is not.
        ProofError: The tests did not come to an end, or are red on an unbroken copy.
    """
    isolation.open_path()
    # Environments that uv made for other checkouts; nobody locks them.
    trim_folders(cache_dir("uv"), PARTS["uv"], None, idle_s=86_400)
    groups: dict[tuple[str, str, str], list[Subject]] = {}
    for subject in subjects:
        with _kept([subject], blocked):
            require(subject.slug, subject.needs)
            key = (str(subject.checkout), subject.run.runner, subject.run.root)
            groups.setdefault(key, []).append(subject)
    outcomes: dict[str, Outcome] = {}
    with repeated(progress) as told:
        for group in groups.values():
            with _kept(group, blocked):
                for outcome in _verify_group(group, options, told, blocked):
                    outcomes[outcome.gap] = outcome
    return [outcomes[subject.slug] for subject in subjects if subject.slug in outcomes]


@contextmanager
def _kept(subjects: Sequence[Subject], blocked: dict[str, ScaffoldError] | None) -> Iterator[None]:
    """A refusal becomes why these subjects are blocked, where somebody asked for it."""
    try:
        yield
    except ScaffoldError as error:
        if blocked is None:
            raise
        blocked.update({subject.slug: error for subject in subjects})


def at_hand(subject: Subject, options: VerifyOptions) -> str:
    """What would be tried first to run the tests, in words; nothing is started.

    Raises:
        MissingToolError: There is nothing to try; the hint makes it.
    """
    isolation.open_path()
    return load_runner(subject.run.runner).at_hand(subject, options)


def environment_of(subject: Subject, options: VerifyOptions) -> str:
    """What would run the tests, in words; it is started and asked, as `verify` does.

    Raises:
        MissingToolError: Nothing fits; the hint makes it.
    """
    isolation.open_path()
    return load_runner(subject.run.runner).environment(subject, options)


def _verify_group(
    subjects: Sequence[Subject],
    options: VerifyOptions,
    progress: Progress,
    blocked: dict[str, ScaffoldError] | None,
) -> list[Outcome]:
    left = {subject.slug: found for subject in subjects if (found := _unresolved(subject))}
    if left:
        rest = [subject for subject in subjects if subject.slug not in left]
        proved = _verify_group(rest, options, progress, blocked) if rest else []
        return [*(_outcome(s, left[s.slug], options) for s in subjects if s.slug in left), *proved]
    runner = load_runner(subjects[0].run.runner)
    started = time.monotonic()
    evidence = runner.examine(subjects, options, progress)
    _require_green(evidence[0], subjects[0])
    each = (time.monotonic() - started) / len(subjects)
    outcomes = []
    for subject, found in zip(subjects, evidence, strict=True):
        began = time.monotonic()
        with _kept([subject], blocked):
            outcome = _outcome(subject, found, options)
            outcome = replace(outcome, rules=check_rules(subject, found, options, progress))
            ran = outcome.counts[Kind.PASSED] + outcome.counts[Kind.KNOWN_DEFECT]
            broken = options.mutants is not None and subject.targets  # settings cannot be
            if broken and outcome.verdict is not Verdict.RED and ran:
                kills = check(subject, found, options, progress)
                outcome = _with_kills(outcome, kills, subject.twins)
            if options.before:
                outcome = replace(outcome, before=measure_before(subject, options, progress))
            if options.mends and outcome.verdict is not Verdict.RED:
                mends = check_mends(subject, found, options, progress)
                outcome = replace(outcome, mends=mends)
            seconds = round(each + time.monotonic() - began, 2)
            outcomes.append(replace(outcome, seconds=seconds))
    return outcomes


def _unresolved(subject: Subject) -> Evidence | None:
    """What is red without being run: a file that still has conflict markers."""
    here, red = Checkout(subject.checkout), []
    written = {*subject.files, *(edit.path for edit in subject.edits)}
    for path in sorted({*written, *subject.digests}):
        content = here.standing(path, written)
        if content is not None and marked_lines(content):
            left = f"{marks_note(content)} are left"
            red.append(TestResult(path, "error", left, path=path))
    nothing = Session((), 0.0, "")
    return Evidence(nothing, replace(nothing, tests=tuple(red))) if red else None


def _require_green(evidence: Evidence, subject: Subject) -> None:
    """The suites that were there before come first: a red one is not the gap's fault."""
    red = evidence.baseline.red
    if red:
        named = [f"{test.id}: {test.message}" for test in red[:NAMED]]
        more = [f"and {len(red) - NAMED} more"] if len(red) > NAMED else []
        edited = ", ".join(sorted({edit.path for edit in subject.edits}))
        besides = f", but with what was added to {edited}" if edited else ""
        raise BaselineError(
            f"{len(red)} of {len(evidence.baseline.tests)} tests in '{subject.run.root}' are red "
            f"without the generated ones{besides}: {'; '.join([*named, *more])}",
            evidence.baseline.command,
        )


def _outcome(subject: Subject, evidence: Evidence, options: VerifyOptions) -> Outcome:
    parts = subject.owners
    tests = tuple(replace(t, part=parts.get(t.path, "")) for t in evidence.generated.tests)
    shards, count = ((options.shard[0],), options.shard[1]) if options.shard else ((), 0)
    todos = [test for test in tests if kind_of(test) is Kind.TODO]
    own = [test for test in todos if _is_declared(test, subject)]
    left = [test.path for test in todos if test not in own] or [test.path for test in own]
    return Outcome(
        gap=subject.slug,
        tests=tests,
        baseline=len(evidence.baseline.tests),
        targets=tuple(
            TargetProof(
                target.path,
                evidence.coverage.get(target.path),
                target.line_pct,
                kill_bar_pct=target.kill_pct,
                missing=ranges(evidence.missing.get(target.path, ())),
            )
            for target in subject.targets
        ),
        command=evidence.generated.command,
        parts=subject.parts,
        parts_left=subject.parts_left,
        seconds=0.0,
        sample=options.mutants if isinstance(options.mutants, int) else None,
        shards=shards,
        shard_count=count,
        deleted=subject.deleted,
        digests=subject.digests,
        declared_todos=len(own),
        without_tests=not subject.run.tests,
        todo_file=next(filter(None, left), "") if not subject.stubs else "",
    )


def _is_declared(todo: TestResult, subject: Subject) -> bool:
    """Whether the template itself has this test as a todo, in any of its cases."""
    names = subject.declared_todos.get(todo.path, ())
    file = PurePath(todo.path).name
    # Where a name begins with no file, it begins with a module.
    place = f"(.*/)?{re.escape(file)}" if file in todo.id else ".*"
    case = r"(\[.*)?( \(number \d+\))?"
    forms = (f"{place}::{re.escape(name)}{case}" for name in names)
    return any(re.fullmatch(form, todo.id, re.DOTALL) for form in forms)


def _explained(survivor: Survivor, twins: Sequence[Twin]) -> Survivor:
    for twin in twins:
        if twin.fits(survivor.file, survivor.operator, survivor.change):
            return replace(survivor, reason=twin.reason, equivalent=twin.equivalent)
    return survivor


def _with_kills(outcome: Outcome, kills: Kills, twins: Sequence[Twin]) -> Outcome:
    survivors = tuple(_explained(item, twins) for item in kills.survivors)
    by_target = {}
    for path, (killed, tried) in kills.by_target.items():
        same = sum(item.file == path and item.equivalent for item in survivors)
        by_target[path] = (killed, tried - same)
    tried = kills.viable + kills.invalid
    # Fewer than were asked for are all that there are.
    whole = outcome.sample is not None and not outcome.shards and tried < outcome.sample
    return replace(
        outcome,
        sample=None if whole else outcome.sample,
        kills=replace(kills, survivors=survivors, by_target=by_target),
    )
