"""The record of one gap's proof: counts, coverage, kills, and what is wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from scaffold.checkout.verdict import Verdict
from scaffold.errors import ProofError
from scaffold.proof.before import Before
from scaffold.proof.mends import MendProof
from scaffold.proof.rules.result import RuleResult, broken_rules, rule_problems
from scaffold.proof.runner import Kills, Survivor, TestResult
from scaffold.system.invocation import edit

TODO = "TODO:"
NAMED = 10
"""How many missing lines or survivors one sentence names; the record holds all of them."""


class Kind(StrEnum):
    """What a generated test is, as the record counts it."""

    PASSED = "passed"
    KNOWN_DEFECT = "known_defects"
    """A strict known defect with its reason."""
    TODO = "todo"
    """Skipped with a reason that starts with `TODO:`."""
    SKIPPED = "skipped"
    """Skipped for any other reason, which is red."""
    FAILED = "failed"
    """All else that is red."""


RED = (Kind.SKIPPED, Kind.FAILED)


@dataclass(frozen=True)
class TargetProof:
    """What the generated tests showed of one target, and the bars it is held to.

    Attributes:
        path: The target, relative to the checkout.
        line_cov_pct: Line coverage by the generated tests alone; `None` where it is unknown, and
            then its bar is not judged.
        line_bar_pct: What it must reach.
        kill_bar_pct: What share must be killed.
        missing: The lines that did not run, as (first, last).
    """

    path: str
    line_cov_pct: float | None
    line_bar_pct: float | None = None
    kill_bar_pct: float | None = None
    missing: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class PartProof:
    """What was shown of one part by its tests; the bars are for the gap.

    Attributes:
        part: Its name.
        verdict: `red`, `todo` where each of its tests is one, else `green`.
        tests: How many it has.
        problem: The first test or file that is not as declared, and why.
    """

    part: str
    verdict: Verdict
    tests: int
    problem: str = ""


@dataclass(frozen=True)
class Outcome:
    """The record of one gap's proof: what was shown, and the verdict that follows from it.

    Attributes:
        gap: The gap.
        tests: Every generated test.
        baseline: How many tests of the checkout were run without the generated ones.
        targets: Coverage and bars of each target.
        command: What a person types to see the tests run.
        seconds: How long it took.
        kills: The kill check, if there was one; equivalent survivors count neither way.
        sample: How many mutants were asked for; `None` for all.
        shards: The cuts that this record holds, from 1; empty for an uncut check.
        shard_count: Into how many cuts.
        deleted: Generated files that a person deleted since.
        digests: Generated files and targets as they were proved: path -> fingerprint.
        declared_todos: Todos that the template itself declares: a person has to decide first. They
            are counted as todos, and the verdict is that of the other tests.
        without_tests: The gap writes no tests: the checkout's suites, run with it, are its proof.
        todo_file: Where a person writes the first todo that is left; empty where there is none, or
            `new` writes it.
        parts: The parts of the gap that were proved; none where the gap has no parts.
        parts_left: The others; with one of them no bar is judged.
        mends: The mend check, if there was one: each known defect with its verdict.
        rules: What the checkout's own rules showed of the files.
        before: What the checkout's own tests showed of each target, where that was asked for.
    """

    gap: str
    tests: tuple[TestResult, ...]
    baseline: int
    targets: tuple[TargetProof, ...]
    command: str
    seconds: float
    kills: Kills | None = None
    sample: int | None = None
    shards: tuple[int, ...] = ()
    shard_count: int = 0
    deleted: tuple[str, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    declared_todos: int = 0
    todo_file: str = ""
    without_tests: bool = False
    parts: tuple[str, ...] = ()
    parts_left: tuple[str, ...] = ()
    mends: tuple[MendProof, ...] | None = None
    rules: tuple[RuleResult, ...] = ()
    before: tuple[Before, ...] = ()

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many tests there are (`generated`), and of each kind; the kinds add up to it."""
        found = Counter(kind_of(test) for test in self.tests)
        return {"generated": len(self.tests), **{kind: found[kind] for kind in Kind}}

    @cached_property
    def verdict(self) -> Verdict:
        """See `Verdict`."""
        return Verdict.GREEN if self.lacks else _weakest(self)[0]

    @cached_property
    def problems(self) -> tuple[str, ...]:
        """One sentence for each reason why it is red, todo or below."""
        problems = _weakest(self)[1]
        if problems and self.deleted:
            problems.append(f"deleted since it was generated: {', '.join(self.deleted)}")
        return tuple(problems)

    @cached_property
    def by_part(self) -> tuple[PartProof, ...]:
        """What was shown of each part that was run."""
        tests = {part: [test for test in self.tests if test.part == part] for part in self.parts}
        return tuple(_of_part(p, own, rule_problems(self.rules, p)) for p, own in tests.items())

    @cached_property
    def lacks(self) -> tuple[str, ...]:
        """What keeps a green record from being proved."""
        return () if self.problems else tuple(_lacks(self))

    def to_json(self) -> dict[str, Any]:
        """The record as plain data; `from_json` reads it."""
        kills = self.kills or Kills()
        data = {**asdict(self), **self.counts, **asdict(kills)}
        del data["kills"], data["by_target"]
        if self.kills is None:
            data["invalid"] = None
        for target in data["targets"]:
            killed, viable = kills.by_target.get(target["path"], (None, None))
            target.update(killed=killed, viable=viable)
        data.update(
            verdict=self.verdict,
            problems=self.problems,
            lacks=self.lacks,
            by_part=[asdict(part) for part in self.by_part],
            coverage={target.path: target.line_cov_pct for target in self.targets},
            killed=self.kills and self.kills.killed,
            viable=self.kills and self.kills.viable,
        )
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in data.items()
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Outcome:
        """The record that `to_json` gave; what an earlier version did not know is empty."""
        given = {name: data[name] for name in Outcome.__dataclass_fields__ if name in data}
        for name in ("shards", "deleted", "parts", "parts_left"):
            given[name] = tuple(data.get(name, ()))
        given["targets"] = tuple(_target_from_json(item) for item in data["targets"])
        given["before"] = tuple(Before(**item) for item in data.get("before", ()))
        given["rules"] = tuple(RuleResult.from_json(item) for item in data.get("rules", ()))
        given["tests"] = tuple(TestResult(**item) for item in data["tests"])
        if data.get("mends") is not None:
            given["mends"] = tuple(MendProof.from_json(item) for item in data["mends"])
        if data["invalid"] is not None:
            counts = [name for name in Kills.__dataclass_fields__ if name in data]
            survivors = tuple(Survivor(**item) for item in data["survivors"])
            by_target = {
                item["path"]: (item["killed"], item["viable"])
                for item in data["targets"]
                if item["killed"] is not None
            }
            kept = {**{name: data[name] for name in counts}, "survivors": survivors}
            given["kills"] = Kills(**kept, by_target=by_target)
        return Outcome(**given)


def _target_from_json(data: Mapping[str, Any]) -> TargetProof:
    known = {name: data[name] for name in TargetProof.__dataclass_fields__ if name in data}
    missing = tuple((int(first), int(last)) for first, last in data.get("missing", ()))
    return TargetProof(**{**known, "missing": missing})


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
    red_tests = not outcome.without_tests and _red_lines(outcome.tests)
    if (rules := broken_rules(outcome.rules)) and not red_tests:
        return rules[0].command or f"scaffold verify {outcome.gap}"
    if outcome.verdict is Verdict.RED:
        # Nothing was run where a file has the markers of a conflict.
        for test in () if outcome.command else outcome.tests:
            if test.outcome == "error" and test.path:
                return edit(test.path)
        return outcome.command or f"scaffold verify {outcome.gap}"
    if outcome.verdict is Verdict.TODO:
        return edit(outcome.todo_file) if outcome.todo_file else f"scaffold new --gap {outcome.gap}"
    if outcome.verdict is not Verdict.BELOW:
        return ""
    if outcome.kills and (outcome.sample or outcome.shard_count):
        return f"scaffold verify {outcome.gap} --mutants all"
    return f"scaffold verify {outcome.gap}{' --mutants all' if outcome.kills else ''} --json"


def kind_of(test: TestResult) -> Kind:
    """What a test is by the rules."""
    if test.outcome == "passed":
        return Kind.PASSED
    if test.outcome == "xfailed" and test.strict and test.message.strip():
        return Kind.KNOWN_DEFECT
    if test.outcome == "skipped":
        return Kind.TODO if test.message.startswith(TODO) else Kind.SKIPPED
    return Kind.FAILED


def _weakest(outcome: Outcome) -> tuple[Verdict, list[str]]:
    if outcome.without_tests:
        nothing = [] if outcome.baseline else ["no test of the checkout was collected"]
        red = [*nothing, *rule_problems(outcome.rules)]
        return (Verdict.RED if red else Verdict.GREEN), red
    if red := [*_red_lines(outcome.tests), *rule_problems(outcome.rules)]:
        return Verdict.RED, red
    todos, whole = outcome.counts[Kind.TODO], len(outcome.tests)
    if todos > outcome.declared_todos or todos == whole:
        return Verdict.TODO, [f"{todos} of {whole} tests are still todos"]
    below = [line for target in outcome.targets for line in _below(target, outcome)]
    below += [mend.problem for mend in outcome.mends or () if mend.problem]
    return (Verdict.BELOW if below else Verdict.PROVED), below


def _of_part(part: str, tests: Sequence[TestResult], broken: Sequence[str]) -> PartProof:
    red = [*(_red_lines(tests) if tests else ()), *broken]
    todos = bool(tests) and all(kind_of(test) is Kind.TODO for test in tests)
    verdict = Verdict.RED if red else Verdict.TODO if todos else Verdict.GREEN
    return PartProof(part, verdict, len(tests), red[0] if red else "")


def _lacks(outcome: Outcome) -> list[str]:
    """What was not shown of a green gap; nothing where it is proved."""
    if outcome.without_tests:
        return [f"it has no tests of its own; tests of the checkout that ran: {outcome.baseline}"]
    lacks = []
    if not outcome.kills:
        lacks.append("no kill check was run")
    elif outcome.shards:
        these = ", ".join(map(str, outcome.shards))
        lacks.append(f"only shard {these} of {outcome.shard_count} was tried")
    elif outcome.sample is not None:
        lacks.append(f"only a sample of {outcome.sample} mutants was tried")
    elif not outcome.kills.killed:
        lacks.append("no mutant was killed")
    if outcome.parts_left:
        lacks.append(f"the bars are for all parts; without {', '.join(outcome.parts_left)}")
    for target in outcome.targets:
        if target.line_bar_pct is not None and target.line_cov_pct is None:
            lacks.append(f"the line coverage of {target.path} is unknown")
    return lacks


def _red_lines(tests: Sequence[TestResult]) -> list[str]:
    if not tests:
        return ["no generated test was collected"]
    return [f"{test.id}: {why_red(test)}" for test in tests if kind_of(test) in RED]


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
    if outcome.kills and target.kill_bar_pct is not None and not outcome.shards:
        killed, viable = outcome.kills.by_target.get(target.path, (0, 0))
        if viable and 100 * killed / viable < target.kill_bar_pct:
            lines.append(
                f"{killed} of {viable} mutants of {target.path} were killed "
                f"({100 * killed / viable:.1f} %), below its bar of {target.kill_bar_pct:g} %"
                f"{_survived(target, outcome.kills)}"
            )
    return lines


def _survived(target: TargetProof, kills: Kills) -> str:
    found = {
        item.line for item in kills.survivors if item.file == target.path and not item.equivalent
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
