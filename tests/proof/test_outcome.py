"""The record of a proof: what follows from what was shown."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from scaffold.commands.proof.joined import merge
from scaffold.commands.report import outcomes
from scaffold.errors import UsageError
from scaffold.proof.outcome import Outcome, TargetProof, refusal
from scaffold.proof.runner import (
    Kills,
    Survivor,
    TestResult,
)

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
