"""Verdicts on a gap's tests, from real runs on small trees."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from scaffold.commands.report import outcomes
from scaffold.errors import BaselineError, UsageError
from scaffold.kit.catalog import RunSpec
from scaffold.proof.outcome import Outcome, TargetProof, merge, refusal
from scaffold.proof.runner import (
    Kills,
    Subject,
    SubjectTarget,
    Survivor,
    TestResult,
    VerifyOptions,
)
from scaffold.proof.verify import environment_of, verify, verify_all

OPTIONS = VerifyOptions(python=sys.executable, jobs=2)

LIMITS = """\
def limited(a):
    return min(a, 10)


def unused():
    return 1
"""

TESTS = """\
import pytest
from limits import limited


def test_limited():
    assert limited(20) == 10
    assert limited(3) == 3


@pytest.mark.xfail(strict=True, reason="limits.py:limited: nothing is below zero")
def test_below_zero():
    assert limited(-1) == 0
"""

LATER = """

def test_later():
    pytest.skip("TODO: decide what is right")
"""


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    write(root, "lib/limits.py", LIMITS)
    write(root, "lib/test/test_gen_limits.py", TESTS)
    write(root, "lib/test/test_old.py", "def test_old():\n    assert True\n")
    return root


def subject_of(
    root: Path,
    slug: str = "limits",
    test: str = "test_gen_limits.py",
    line_pct: float | None = 75,
    kill_pct: float | None = None,
) -> Subject:
    return Subject(
        slug=slug,
        checkout=root,
        run=RunSpec("pytest", "lib", ("test",)),
        files=(f"lib/test/{test}",),
        targets=(SubjectTarget("limits", "lib/limits.py", "limits", line_pct, kill_pct),),
    )


def test_a_gap_is_shown_with_every_number_in_the_record(tree: Path) -> None:
    write(tree, "lib/test/test_gen_limits.py", TESTS + LATER)

    outcome = verify(subject_of(tree), OPTIONS, print)

    assert (outcome.verdict, outcome.problems) == ("todo", ("1 of 3 tests are still todos",))
    assert (outcome.baseline, outcome.counts["generated"]) == (1, 3)
    assert (outcome.counts["passed"], outcome.counts["known_defects"], outcome.counts["todo"]) == (
        1,
        1,
        1,
    )
    assert (outcome.counts["skipped"], outcome.counts["failed"]) == (0, 0)
    assert {t.path: t.line_cov_pct for t in outcome.targets} == {"lib/limits.py": 75.0}
    assert outcome.kills is None
    error = refusal([outcome])
    assert error is not None and error.exit_code == 6
    assert (error.fact, error.hint) == (
        "limits: 1 of 3 tests are still todos",
        "scaffold new --gap limits",
    )


def test_without_a_kill_check_a_gap_is_green_and_no_more(tree: Path) -> None:
    outcome = verify(subject_of(tree), OPTIONS, print)

    assert (outcome.verdict, outcome.problems) == ("green", ())
    assert outcome.lacks == ("no kill check was run",)
    assert refusal([outcome]) is None


def test_todos_alone_are_run_against_no_mutant(tree: Path) -> None:
    write(tree, "lib/test/test_gen_limits.py", "import pytest\n" + LATER)

    outcome = verify(subject_of(tree, kill_pct=90), replace(OPTIONS, mutants="all"), print)

    assert (outcome.verdict, outcome.counts["todo"], outcome.kills) == ("todo", 1, None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mutants", "verdict", "lacks"),
    [
        ("all", "proved", ()),
        (4, "green", ("only a sample of 4 mutants was tried",)),
        (5, "proved", ()),
    ],
)
def test_a_gap_is_proved_by_all_mutants_and_not_by_a_sample(
    tree: Path, mutants: Literal["all"] | int, verdict: str, lacks: tuple[str, ...]
) -> None:
    subject = subject_of(tree, kill_pct=50)

    outcome = verify(subject, replace(OPTIONS, mutants=mutants), print)

    assert (outcome.kills.viable, outcome.verdict, outcome.lacks) == (4, verdict, lacks)


def test_a_kill_check_is_held_to_its_bar(tree: Path) -> None:
    subject = subject_of(tree, kill_pct=90)

    outcome = verify(subject, replace(OPTIONS, mutants="all"), print)

    kills = outcome.kills
    assert (kills.killed, kills.viable, kills.invalid) == (2, 4, 0)
    assert outcome.kills.survivors == (
        Survivor("lib/limits.py", 6, "NumberReplacer", "return 1 -> return 2"),
        Survivor("lib/limits.py", 6, "NumberReplacer", "return 1 -> return 0"),
    )
    assert outcome.verdict == "below"
    error = refusal([outcome])
    assert error is not None and error.exit_code == 6
    assert error.hint == "scaffold verify limits --mutants all --json"
    assert error.fact == (
        "limits: 2 of 4 mutants of lib/limits.py were killed (50.0 %), below its bar of 90 %: "
        "mutants survived in line 6"
    )


def test_line_coverage_below_its_bar_is_told(tree: Path) -> None:
    outcome = verify(subject_of(tree, line_pct=98), OPTIONS, print)

    assert outcome.verdict == "below"
    assert outcome.problems == (
        "line coverage of lib/limits.py is 75 %, below its bar of 98 %: line 6 did not run",
    )
    assert [target.missing for target in outcome.targets] == [((6, 6),)]


def test_a_red_baseline_comes_before_everything(tree: Path) -> None:
    write(tree, "lib/test/test_old.py", "def test_old():\n    assert 1 == 2\n")
    write(tree, "lib/test/test_gen_limits.py", "def test_red():\n    assert False\n")

    with pytest.raises(BaselineError) as caught:
        verify(subject_of(tree), OPTIONS, print)

    assert caught.value.exit_code == 5
    assert caught.value.fact == (
        "1 of 1 tests in 'lib' are red without the generated ones: "
        "test/test_old.py::test_old: assert 1 == 2 (test_old.py:2)"
    )
    assert caught.value.hint == (
        f"cd lib && PYTHONPATH=. {sys.executable} -m pytest -q test "
        "--ignore=test/test_gen_limits.py"
    )


def test_no_generated_test_is_no_proof(tree: Path) -> None:
    write(tree, "lib/test/test_gen_limits.py", "# nothing\n")

    outcome = verify(subject_of(tree), OPTIONS, print)

    assert (outcome.verdict, outcome.counts["generated"]) == ("red", 0)
    assert outcome.problems == ("no generated test was collected",)


def test_several_gaps_share_one_run_and_keep_their_own_records(tree: Path) -> None:
    write(
        tree,
        "lib/test/test_gen_unused.py",
        "from limits import unused\n\n\ndef test_unused():\n    assert unused() == 2\n",
    )
    second = subject_of(tree, "unused", "test_gen_unused.py")
    told: list[str] = []

    outcomes = verify_all([second, subject_of(tree)], OPTIONS, told.append)

    assert [(o.gap, o.verdict, len(o.tests)) for o in outcomes] == [
        ("unused", "red", 1),
        ("limits", "green", 2),
    ]
    assert outcomes[0].problems == (
        "test/test_gen_unused.py::test_unused: assert 1 == 2 (test_gen_unused.py:5)",
    )
    assert len(told) == 1
    error = refusal(outcomes)
    assert error is not None
    assert error.hint.endswith("-m pytest -q test/test_gen_unused.py")


def test_the_environment_is_named(tree: Path) -> None:
    assert environment_of(subject_of(tree), OPTIONS).startswith(f"{sys.executable} (Python 3.")


PASSED = TestResult("t.py::test_a", "passed")


CHECKED = Kills(by_target={"a.py": (9, 10)})


def outcome_of(*tests: TestResult, **changes: Any) -> Outcome:
    target = TargetProof("a.py", 100.0, 98, kill_bar_pct=90)
    blank = Outcome("limits", tests or (PASSED,), 0, (target,), "pytest", 1.0, kills=CHECKED)
    return replace(blank, **changes)


@pytest.mark.parametrize(
    ("test", "problem"),
    [
        (TestResult("t", "failed", "assert 1 == 2 (t.py:3)"), "t: assert 1 == 2 (t.py:3)"),
        (TestResult("t", "error", "no fixture"), "t: no fixture"),
        (TestResult("t", "skipped", "no docker"), "t: skipped, but not as a todo"),
        (TestResult("t", "xfailed", "", strict=True), "t: a known defect without a reason"),
        (TestResult("t", "xfailed", "why"), "t: a known defect that is not strict: why"),
        (TestResult("t", "xpassed"), "t: passes although it is marked as a known defect"),
    ],
    ids=lambda value: value.outcome + value.message if isinstance(value, TestResult) else "",
)
def test_whatever_is_not_as_declared_is_red(test: TestResult, problem: str) -> None:
    outcome = outcome_of(PASSED, test)

    assert outcome.verdict == "red"
    assert len(outcome.problems) == 1
    assert outcome.problems[0].startswith(problem)


def test_a_record_survives_json() -> None:
    survivor = Survivor("a.py", 3, "NumberReplacer", "1 -> 2")
    outcome = outcome_of(PASSED, kills=replace(CHECKED, survivors=(survivor,)), sample=50)

    data = json.loads(json.dumps(outcome.to_json()))

    assert Outcome.from_json(data) == outcome
    assert (data["killed"], data["viable"], data["coverage"]) == (9, 10, {"a.py": 100.0})


def cut(number: int, killed: int, viable: int, *survivors: Survivor, count: int = 2) -> Outcome:
    return outcome_of(
        PASSED,
        shards=(number,),
        shard_count=count,
        kills=Kills(invalid=1, survivors=survivors, by_target={"a.py": (killed, viable)}),
    )


def test_the_bar_is_judged_when_all_cuts_are_together() -> None:
    late, early = Survivor("a.py", 9, "Op", "c -> d"), Survivor("a.py", 1, "Op", "a -> b")
    cuts = [cut(2, 4, 5, late), cut(1, 4, 5, early)]
    assert [item.verdict for item in cuts] == ["green", "green"]
    assert cuts[0].lacks == ("only shard 2 of 2 was tried",)

    merged = merge(cuts)

    kills = merged.kills
    assert (kills.killed, kills.viable, kills.invalid) == (8, 10, 2)
    assert kills.survivors == (early, late)
    assert (merged.shards, merged.shard_count) == ((), 0)
    assert merged.verdict == "below"


def test_what_is_left_out_is_added_up_over_the_cuts_and_named() -> None:
    one, two = cut(1, 4, 5), cut(2, 4, 5)
    merged = merge(
        [
            replace(one, kills=replace(one.kills, annotations=2, equal_code=1)),
            replace(two, kills=replace(two.kills, annotations=3, equal_code=0)),
        ]
    )

    assert (merged.kills.annotations, merged.kills.equal_code) == (5, 1)
    text = outcomes([merged])
    assert "  5 left out: annotations that nothing reads; 1 left out: of equal code\n" in text
    assert "left out:" not in outcomes([cut(1, 4, 5)])
    old = {k: v for k, v in merged.to_json().items() if k not in ("annotations", "equal_code")}
    assert Outcome.from_json(json.loads(json.dumps(old))).kills.annotations == 0


def test_some_cuts_stay_a_part() -> None:
    merged = merge([cut(3, 1, 5, count=3), cut(1, 1, 5, count=3)])

    assert (merged.shards, merged.shard_count, merged.verdict) == ((1, 3), 3, "green")


@pytest.mark.parametrize(
    "cuts",
    [
        [cut(1, 1, 1), cut(1, 1, 1)],
        [cut(1, 1, 1), cut(2, 1, 1, count=3)],
        [outcome_of(PASSED), outcome_of(PASSED)],
        [cut(1, 1, 1), replace(cut(2, 1, 1), digests={"a.py": "0"})],
    ],
    ids=["same-cut-twice", "different-counts", "no-cuts", "different-files"],
)
def test_what_is_not_one_kill_check_is_not_merged(cuts: list[Outcome]) -> None:
    with pytest.raises(UsageError):
        merge(cuts)


TODO = TestResult("later", "skipped", "TODO: decide")
RED = TestResult("red", "failed", "assert 1 == 2")
LOW_LINES = TargetProof("a.py", 50.0, 98, 90)
LOW_KILLS = Kills(by_target={"a.py": (1, 10)})
UNKNOWN = TargetProof("a.py", None, 98, 90)
NOTHING_KILLED = Kills(by_target={"a.py": (0, 9)})


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        pytest.param(outcome_of(PASSED), "proved", id="all of it"),
        pytest.param(outcome_of(PASSED, TODO), "todo", id="a todo among others"),
        pytest.param(outcome_of(TODO, kills=None), "todo", id="a stub"),
        pytest.param(outcome_of(TODO, targets=(LOW_LINES,)), "todo", id="a stub, no bar applied"),
        pytest.param(outcome_of(TODO, RED), "red", id="a todo and a red one"),
        pytest.param(
            outcome_of(PASSED, TODO, declared_todos=1), "proved", id="a todo of the template"
        ),
        pytest.param(outcome_of(TODO, declared_todos=1), "todo", id="todos of the template alone"),
        pytest.param(
            outcome_of(PASSED, TODO, TODO, declared_todos=1), "todo", id="a todo more than declared"
        ),
        pytest.param(outcome_of(RED, targets=(LOW_LINES,)), "red", id="red and below"),
        pytest.param(outcome_of(PASSED, targets=(LOW_LINES,)), "below", id="lines"),
        pytest.param(outcome_of(PASSED, kills=LOW_KILLS), "below", id="kills"),
        pytest.param(
            outcome_of(PASSED, targets=(LOW_LINES,), kills=None), "below", id="lines, unchecked"
        ),
        pytest.param(outcome_of(PASSED, targets=(UNKNOWN,)), "green", id="coverage unknown"),
        pytest.param(outcome_of(PASSED, kills=None), "green", id="no kill check"),
        pytest.param(outcome_of(PASSED, sample=10), "green", id="a sample"),
        pytest.param(outcome_of(PASSED, shards=(1,), shard_count=2), "green", id="a shard"),
        pytest.param(outcome_of(PASSED, targets=(), kills=Kills()), "green", id="nothing to break"),
        pytest.param(
            outcome_of(PASSED, targets=(TargetProof("a.py", None),), kills=NOTHING_KILLED),
            "green",
            id="no bar, nothing killed",
        ),
    ],
)
def test_a_verdict_claims_no_more_than_was_shown(outcome: Outcome, verdict: str) -> None:
    assert outcome.verdict == verdict
    assert (refusal([outcome]) is None) == (verdict in ("green", "proved"))
    assert bool(outcome.problems) == (verdict in ("red", "todo", "below"))
    assert bool(outcome.lacks) == (verdict == "green")


def test_missing_lines_are_named_as_ranges_and_the_rest_counted() -> None:
    missing = tuple((line, line + 2) for line in range(10, 130, 10))
    outcome = outcome_of(PASSED, targets=(TargetProof("a.py", 50.0, 98, 90, missing=missing),))

    assert outcome.problems[0].endswith(
        ": lines 10-12, 20-22, 30-32, 40-42, 50-52, 60-62, 70-72, 80-82, 90-92, 100-102 "
        "and 2 more did not run"
    )


def test_files_that_a_person_deleted_are_named_where_a_bar_is_missed() -> None:
    outcome = outcome_of(PASSED, targets=(LOW_LINES,), deleted=("test/test_a.py",))

    assert outcome.problems[-1] == "deleted since it was generated: test/test_a.py"
