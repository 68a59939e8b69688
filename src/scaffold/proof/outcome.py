"""The record of one gap's proof: counts, coverage, kills, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from scaffold.errors import ProofError, UsageError
from scaffold.proof.runner import Survivor, TestResult

TODO = "TODO:"


@dataclass(frozen=True)
class TargetProof:
    """What the generated tests showed of one target, and the bars it is held to.

    Attributes:
        path: The target, relative to the checkout.
        line_cov_pct: Line coverage by the generated tests alone; `None` where it is unknown, and
            then its bar is not judged.
        line_bar_pct: What it must reach.
        killed: Mutants that a test noticed; `None` without a kill check.
        viable: Mutants that a test can tell from the original.
        kill_bar_pct: What share must be killed.
    """

    path: str
    line_cov_pct: float | None
    line_bar_pct: float | None = None
    killed: int | None = None
    viable: int | None = None
    kill_bar_pct: float | None = None


@dataclass(frozen=True)
class Outcome:
    """The record of one gap's proof.

    Attributes:
        gap: The gap.
        verdict: `proved`; `red` where a test is not as declared; `below` where a bar is missed.
        problems: One sentence for each reason why it is not proved.
        baseline: How many tests of the checkout were run without the generated ones.
        generated: How many generated tests there are; the next four add up to it.
        passed: Green ones.
        known_defects: Strict known defects.
        todo: Skipped with a reason that starts with `TODO:`.
        skipped: Skipped for any other reason, which is red.
        failed: All else that is red.
        targets: Coverage and kills of each target.
        invalid: Mutants that an import alone kills; `None` without a kill check.
        timeouts: Killed because they never ended.
        cached: Verdicts known from before.
        survivors: Mutants that no test noticed; equivalent ones count neither way.
        sample: How many mutants were asked for; `None` for all.
        shards: The cuts that this record holds, from 1; empty for an uncut check.
        shard_count: Into how many cuts.
        seconds: How long it took.
        tests: Every generated test.
        command: What a person types to see the tests run.
    """

    gap: str
    verdict: str
    problems: tuple[str, ...]
    baseline: int
    generated: int
    passed: int
    known_defects: int
    todo: int
    skipped: int
    failed: int
    targets: tuple[TargetProof, ...]
    invalid: int | None
    timeouts: int
    cached: int
    survivors: tuple[Survivor, ...]
    sample: int | None
    shards: tuple[int, ...]
    shard_count: int
    seconds: float
    tests: tuple[TestResult, ...]
    command: str

    @property
    def coverage(self) -> dict[str, float | None]:
        """Target path -> line coverage in percent; `None` where it is unknown."""
        return {target.path: target.line_cov_pct for target in self.targets}

    @property
    def killed(self) -> int | None:
        """Mutants of all targets that a test noticed; `None` without a kill check."""
        return _sum(target.killed for target in self.targets) if self.checked else None

    @property
    def viable(self) -> int | None:
        """Mutants of all targets that could be noticed; `None` without a kill check."""
        return _sum(target.viable for target in self.targets) if self.checked else None

    @property
    def checked(self) -> bool:
        """Whether there was a kill check."""
        return self.invalid is not None

    def to_json(self) -> dict[str, Any]:
        """The record as plain data; `from_json` reads it."""
        data = asdict(self)
        data.update(coverage=self.coverage, killed=self.killed, viable=self.viable)
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in data.items()
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Outcome:
        """The record that `to_json` gave."""
        fields = {name: data[name] for name in Outcome.__dataclass_fields__}
        fields["problems"] = tuple(data["problems"])
        fields["shards"] = tuple(data["shards"])
        fields["targets"] = tuple(TargetProof(**item) for item in data["targets"])
        fields["survivors"] = tuple(Survivor(**item) for item in data["survivors"])
        fields["tests"] = tuple(TestResult(**item) for item in data["tests"])
        return Outcome(**fields)


def refusal(outcomes: Iterable[Outcome]) -> ProofError | None:
    """The error that a person sees where a record is not proved; `None` where all are."""
    lines: list[str] = []
    hint = ""
    for outcome in outcomes:
        lines += [f"{outcome.gap}: {' '.join(problem.split())}" for problem in outcome.problems]
        if outcome.verdict == "red" and not hint:
            hint = outcome.command
        elif outcome.verdict == "below" and not hint:
            hint = f"scaffold verify {outcome.gap} --mutants all" if outcome.checked else ""
    if not lines:
        return None
    more = f" (and {len(lines) - 1} more problems, above)" if len(lines) > 1 else ""
    return ProofError(lines[0] + more, hint or "scaffold status")


def merge(outcomes: Sequence[Outcome]) -> Outcome:
    """The records of a gap's cuts as one; with every cut there the kill bar is judged.

    Raises:
        UsageError: They are no cuts of one kill check, or a cut is there twice.
    """
    first = next((item for item in outcomes if item.verdict == "red"), outcomes[0])
    shards = [number for outcome in outcomes for number in outcome.shards]
    same = {(outcome.gap, outcome.shard_count, outcome.sample) for outcome in outcomes}
    if len(same) > 1 or len(set(shards)) != len(shards) or (len(outcomes) > 1 and not shards):
        raise UsageError(
            f"these records are not the cuts of one kill check of '{first.gap}'",
            f"scaffold verify {first.gap} --mutants all --shard 1/2",
        )
    complete = len(shards) == first.shard_count
    survivors = [item for outcome in outcomes for item in outcome.survivors]
    merged = replace(
        first,
        targets=_merge_targets(outcomes),
        invalid=_sum(outcome.invalid for outcome in outcomes),
        timeouts=sum(outcome.timeouts for outcome in outcomes),
        cached=sum(outcome.cached for outcome in outcomes),
        survivors=tuple(
            sorted(survivors, key=lambda item: (item.file, item.line, item.operator, item.change))
        ),
        shards=() if complete else tuple(sorted(shards)),
        shard_count=0 if complete else first.shard_count,
        seconds=round(sum(outcome.seconds for outcome in outcomes), 2),
    )
    return judged(merged)


def _merge_targets(outcomes: Sequence[Outcome]) -> tuple[TargetProof, ...]:
    return tuple(
        replace(
            target,
            killed=_sum(outcome.targets[at].killed for outcome in outcomes),
            viable=_sum(outcome.targets[at].viable for outcome in outcomes),
        )
        for at, target in enumerate(outcomes[0].targets)
    )


def kind_of(test: TestResult) -> str:
    """What a test is by the rules: passed, known defect, todo, skipped or failed."""
    if test.outcome == "passed":
        return "passed"
    if test.outcome == "xfailed":
        return "known defect" if test.strict and test.message.strip() else "failed"
    if test.outcome == "skipped":
        return "todo" if test.message.startswith(TODO) else "skipped"
    return "failed"


def judged(outcome: Outcome) -> Outcome:
    """The record with verdict and problems that follow from the rest of it."""
    red = _red_lines(outcome.tests)
    below = [line for target in outcome.targets for line in _below(target, outcome)]
    verdict = "red" if red else "below" if below else "proved"
    return replace(outcome, verdict=verdict, problems=tuple(red or below))


def _red_lines(tests: Sequence[TestResult]) -> list[str]:
    if not tests:
        return ["no generated test was collected"]
    return [
        f"{test.id}: {_why_red(test)}" for test in tests if kind_of(test) in ("skipped", "failed")
    ]


def _why_red(test: TestResult) -> str:
    if test.outcome == "skipped":
        return f"skipped, but not as a todo ('{TODO} …'): {test.message or 'no reason'}"
    if test.outcome == "xfailed" and not test.message.strip():
        return "a known defect without a reason"
    if test.outcome == "xfailed":
        return f"a known defect that is not strict: {test.message}"
    if test.outcome == "xpassed":
        return "passes although it is marked as a known defect; drop the mark"
    return test.message or test.outcome


def _below(target: TargetProof, outcome: Outcome) -> list[str]:
    lines = []
    known = target.line_cov_pct
    if known is not None and target.line_bar_pct is not None and known < target.line_bar_pct:
        lines.append(
            f"line coverage of {target.path} is {known:g} %, "
            f"below its bar of {target.line_bar_pct:g} %"
        )
    if target.viable and target.kill_bar_pct is not None and not outcome.shards:
        share = 100 * (target.killed or 0) / target.viable
        if share < target.kill_bar_pct:
            lines.append(
                f"{target.killed} of {target.viable} mutants of {target.path} were killed "
                f"({share:.1f} %), below its bar of {target.kill_bar_pct:g} %"
            )
    return lines


def _sum(values: Iterable[int | None]) -> int:
    return sum(value or 0 for value in values)
