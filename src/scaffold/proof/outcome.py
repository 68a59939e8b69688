"""The record of one gap's proof: counts, coverage, kills, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from scaffold.checkout.verdict import Verdict
from scaffold.errors import ProofError, UsageError
from scaffold.proof.runner import Survivor, TestResult

TODO = "TODO:"
NAMED = 10
"""How many missing lines or survivors one sentence names; the record holds all of them."""


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
        missing: The lines that did not run, as (first, last).
    """

    path: str
    line_cov_pct: float | None
    line_bar_pct: float | None = None
    killed: int | None = None
    viable: int | None = None
    kill_bar_pct: float | None = None
    missing: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Outcome:
    """The record of one gap's proof.

    Attributes:
        gap: The gap.
        verdict: See `Verdict`.
        problems: One sentence for each reason why it is red, todo or below.
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
        lacks: What keeps a green record from being proved.
        deleted: Generated files that a person deleted since.
        digests: Generated files and targets as they were proved: path -> fingerprint.
        annotations: Mutants left out since nothing reads the annotations that they change.
        equal_code: Mutants left out since their compiled code is equal to the original's.
        declared_todos: Todos that the template itself declares: a person has to decide first. They
            are counted in `todo`, and the verdict is that of the other tests.
    """

    gap: str
    verdict: Verdict
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
    lacks: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    annotations: int = 0
    equal_code: int = 0
    declared_todos: int = 0

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
        """The record that `to_json` gave; what an earlier version did not know is empty."""
        names = [name for name in Outcome.__dataclass_fields__ if name in data]
        fields = {name: data[name] for name in names}
        fields["verdict"] = Verdict(data["verdict"])
        for name in ("problems", "shards", "lacks", "deleted"):
            fields[name] = tuple(data.get(name, ()))
        fields["targets"] = tuple(_target_from_json(item) for item in data["targets"])
        fields["survivors"] = tuple(Survivor(**item) for item in data["survivors"])
        fields["tests"] = tuple(TestResult(**item) for item in data["tests"])
        return Outcome(**fields)


def _target_from_json(data: Mapping[str, Any]) -> TargetProof:
    missing = tuple((int(first), int(last)) for first, last in data.get("missing", ()))
    return TargetProof(**{**data, "missing": missing})


def refusal(outcomes: Iterable[Outcome]) -> ProofError | None:
    """The error that a person sees where a gap is red, todo or below; else `None`."""
    lines: list[str] = []
    hint = ""
    for outcome in outcomes:
        lines += [f"{outcome.gap}: {' '.join(problem.split())}" for problem in outcome.problems]
        hint = hint or _hint(outcome)
    if not lines:
        return None
    more = f" (and {len(lines) - 1} more problems, above)" if len(lines) > 1 else ""
    return ProofError(lines[0] + more, hint)


def _hint(outcome: Outcome) -> str:
    """The command that shows more of what is wrong with a gap; empty where nothing is."""
    if outcome.verdict is Verdict.RED:
        return outcome.command or f"scaffold verify {outcome.gap}"
    if outcome.verdict is Verdict.TODO:
        return f"scaffold new --gap {outcome.gap}"
    if outcome.verdict is not Verdict.BELOW:
        return ""
    if outcome.checked and (outcome.sample or outcome.shard_count):
        return f"scaffold verify {outcome.gap} --mutants all"
    return f"scaffold verify {outcome.gap}{' --mutants all' if outcome.checked else ''} --json"


def merge(outcomes: Sequence[Outcome]) -> Outcome:
    """The records of a gap's cuts as one; with every cut there the kill bar is judged.

    Raises:
        UsageError: They are no cuts of one kill check, or a cut is there twice.
    """
    first = next((item for item in outcomes if item.verdict is Verdict.RED), outcomes[0])
    shards = [number for outcome in outcomes for number in outcome.shards]
    same = {(outcome.gap, outcome.shard_count, outcome.sample) for outcome in outcomes}
    if len(same) > 1 or len(set(shards)) != len(shards) or (len(outcomes) > 1 and not shards):
        raise UsageError(
            f"these records are not the cuts of one kill check of '{first.gap}'",
            f"scaffold verify {first.gap} --mutants all --shard 1/2",
        )
    if any(outcome.digests != first.digests for outcome in outcomes):
        raise UsageError(
            f"these records of '{first.gap}' were made of different files",
            f"scaffold verify {first.gap} --mutants all --shard 1/{first.shard_count} --json",
        )
    complete = len(shards) == first.shard_count
    survivors = [item for outcome in outcomes for item in outcome.survivors]
    merged = replace(
        first,
        targets=_merge_targets(outcomes),
        invalid=_sum(outcome.invalid for outcome in outcomes),
        timeouts=sum(outcome.timeouts for outcome in outcomes),
        cached=sum(outcome.cached for outcome in outcomes),
        annotations=sum(outcome.annotations for outcome in outcomes),
        equal_code=sum(outcome.equal_code for outcome in outcomes),
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
    """The record with verdict, problems and lacks that follow from the rest of it."""
    verdict, problems = _weakest(outcome)
    if problems and outcome.deleted:
        problems.append(f"deleted since it was generated: {', '.join(outcome.deleted)}")
    lacks = [] if problems else _lacks(outcome)
    if lacks:
        verdict = Verdict.GREEN
    return replace(outcome, verdict=verdict, problems=tuple(problems), lacks=tuple(lacks))


def _weakest(outcome: Outcome) -> tuple[Verdict, list[str]]:
    if red := _red_lines(outcome.tests):
        return Verdict.RED, red
    todos, whole = sum(kind_of(test) == "todo" for test in outcome.tests), len(outcome.tests)
    if todos > outcome.declared_todos or todos == whole:
        return Verdict.TODO, [f"{todos} of {whole} tests are still todos"]
    below = [line for target in outcome.targets for line in _below(target, outcome)]
    return (Verdict.BELOW if below else Verdict.PROVED), below


def _lacks(outcome: Outcome) -> list[str]:
    """What was not shown of a green gap; nothing where it is proved."""
    lacks = []
    if not outcome.checked:
        lacks.append("no kill check was run")
    elif outcome.shards:
        these = ", ".join(map(str, outcome.shards))
        lacks.append(f"only shard {these} of {outcome.shard_count} was tried")
    elif outcome.sample is not None:
        lacks.append(f"only a sample of {outcome.sample} mutants was tried")
    elif not outcome.killed:
        lacks.append("no mutant was killed")
    for target in outcome.targets:
        if target.line_bar_pct is not None and target.line_cov_pct is None:
            lacks.append(f"the line coverage of {target.path} is unknown")
    return lacks


def _red_lines(tests: Sequence[TestResult]) -> list[str]:
    if not tests:
        return ["no generated test was collected"]
    return [
        f"{test.id}: {why_red(test)}" for test in tests if kind_of(test) in ("skipped", "failed")
    ]


def why_red(test: TestResult) -> str:
    """Why a test is not as declared."""
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
        where = f": {_named(spans(target.missing))} did not run" if target.missing else ""
        lines.append(
            f"line coverage of {target.path} is {known:g} %, "
            f"below its bar of {target.line_bar_pct:g} %{where}"
        )
    if target.viable and target.kill_bar_pct is not None and not outcome.shards:
        share = 100 * (target.killed or 0) / target.viable
        if share < target.kill_bar_pct:
            lines.append(
                f"{target.killed} of {target.viable} mutants of {target.path} were killed "
                f"({share:.1f} %), below its bar of {target.kill_bar_pct:g} %"
                f"{_survived(target, outcome)}"
            )
    return lines


def _survived(target: TargetProof, outcome: Outcome) -> str:
    found = {
        item.line for item in outcome.survivors if item.file == target.path and not item.equivalent
    }
    return f": mutants survived in {_named(map(str, sorted(found)))}" if found else ""


def spans(missing: Iterable[tuple[int, int]]) -> list[str]:
    """Ranges of lines as a person reads them: `12-15`, `20`."""
    return [str(first) if first == last else f"{first}-{last}" for first, last in missing]


def ranges(lines: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Line numbers as ranges of neighbours: (first, last)."""
    found: list[tuple[int, int]] = []
    for line in sorted(set(lines)):
        if found and found[-1][1] == line - 1:
            found[-1] = (found[-1][0], line)
        else:
            found.append((line, line))
    return tuple(found)


def _named(places: Iterable[str]) -> str:
    every = list(places)
    more = f" and {len(every) - NAMED} more" if len(every) > NAMED else ""
    word = "line" if len(every) == 1 and "-" not in every[0] else "lines"
    return f"{word} {', '.join(every[:NAMED])}{more}"


def _sum(values: Iterable[int | None]) -> int:
    return sum(value or 0 for value in values)
