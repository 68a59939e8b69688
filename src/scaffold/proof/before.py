"""What the checkout's own tests show of the targets, without the generated ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from scaffold.errors import ProofError
from scaffold.languages import language_of
from scaffold.proof.kill_check import check
from scaffold.proof.runner import Progress, Subject, VerifyOptions, load_runner


@dataclass(frozen=True)
class Before:
    """One target under the checkout's own tests.

    Attributes:
        path: The target.
        line_cov_pct: Line coverage in percent; None where it is unknown.
        killed: How many mutants they notice; None without a kill check.
        viable: How many they could notice.
    """

    path: str
    line_cov_pct: float | None
    killed: int | None = None
    viable: int | None = None


def measure_before(
    subject: Subject, options: VerifyOptions, progress: Progress
) -> tuple[Before, ...]:
    """Each target under the tests that were there; nothing where these have no files of tests.

    Raises:
        MissingToolError: What makes the mutants is missing.
        ProofError: The tests are red on an unbroken copy.
    """
    files = _own_suites(subject)
    if not files:
        progress(f"{subject.slug}: the checkout's own tests have no files to be measured by")
        return ()
    run = replace(subject.run, baseline=())
    own = replace(subject, files=files, run=run, others=(), owners={}, parts=(), parts_left=())
    progress(f"{subject.slug}: the checkout's own tests on its targets")
    evidence = load_runner(run.runner).examine([own], options, progress)[0]
    if evidence.generated.red:
        raise ProofError(
            f"{evidence.generated.red[0].id} is red when it is measured", evidence.generated.command
        )
    counts = (
        check(own, evidence, options, progress).by_target if options.mutants is not None else {}
    )
    return tuple(
        Before(one.path, evidence.coverage.get(one.path), *counts.get(one.path, (None, None)))
        for one in subject.targets
    )


def _own_suites(subject: Subject) -> tuple[str, ...]:
    """The files of tests in the suites of the baseline that were not generated."""
    ours = {*subject.files, *subject.others}
    language = language_of(subject.targets[0].path) if subject.targets else None
    tops = [subject.checkout / subject.run.root / suite for suite in subject.run.baseline]
    if language is None:
        return ()
    found = (place for top in tops for place in language.suite_files(top, lambda error: None))
    paths = (Path(place).relative_to(subject.checkout).as_posix() for place in found)
    return tuple(sorted({*paths} - ours))
