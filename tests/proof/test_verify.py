"""Verdicts on a gap's tests, from real runs on small trees."""

import json
import sys
from dataclasses import replace

import pytest

from scaffold.errors import BaselineError, UsageError
from scaffold.kit.catalog import RunSpec
from scaffold.proof.outcome import Outcome, TargetProof, judged
from scaffold.proof.runner import Subject, SubjectTarget, Survivor, TestResult, VerifyOptions
from scaffold.proof.verify import environment_of, merge, refusal, verify, verify_all

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


def test_later():
    pytest.skip("TODO: decide what is right")
"""


def write(root, path, text):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "checkout"
    write(root, "lib/limits.py", LIMITS)
    write(root, "lib/test/test_gen_limits.py", TESTS)
    write(root, "lib/test/test_old.py", "def test_old():\n    assert True\n")
    return root


def subject_of(root, slug="limits", test="test_gen_limits.py", line_pct=75, kill_pct=None):
    return Subject(
        slug=slug,
        checkout=root,
        run=RunSpec("pytest", "lib", ("test",)),
        files=(f"lib/test/{test}",),
        targets=(SubjectTarget("limits", "lib/limits.py", "limits", line_pct, kill_pct),),
    )


def test_a_gap_is_proved_with_every_number_in_the_record(tree):
    outcome = verify(subject_of(tree), OPTIONS, print)

    assert (outcome.verdict, outcome.problems) == ("proved", ())
    assert (outcome.baseline, outcome.generated) == (1, 3)
    assert (outcome.passed, outcome.known_defects, outcome.todo) == (1, 1, 1)
    assert (outcome.skipped, outcome.failed) == (0, 0)
    assert outcome.coverage == {"lib/limits.py": 75.0}
    assert (outcome.killed, outcome.viable, outcome.checked) == (None, None, False)
    assert refusal([outcome]) is None


def test_a_kill_check_is_held_to_its_bar(tree):
    subject = subject_of(tree, kill_pct=90)

    outcome = verify(subject, replace(OPTIONS, mutants="all"), print)

    assert (outcome.killed, outcome.viable, outcome.invalid) == (2, 4, 0)
    assert outcome.survivors == (
        Survivor("lib/limits.py", 6, "NumberReplacer", "return 1 -> return 2"),
        Survivor("lib/limits.py", 6, "NumberReplacer", "return 1 -> return 0"),
    )
    assert outcome.verdict == "below"
    error = refusal([outcome])
    assert error is not None and error.exit_code == 6
    assert error.fact == (
        "limits: 2 of 4 mutants of lib/limits.py were killed (50.0 %), below its bar of 90 %"
    )


def test_line_coverage_below_its_bar_is_told(tree):
    outcome = verify(subject_of(tree, line_pct=98), OPTIONS, print)

    assert outcome.verdict == "below"
    assert outcome.problems == ("line coverage of lib/limits.py is 75 %, below its bar of 98 %",)


def test_a_red_baseline_comes_before_everything(tree):
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


def test_no_generated_test_is_no_proof(tree):
    write(tree, "lib/test/test_gen_limits.py", "# nothing\n")

    outcome = verify(subject_of(tree), OPTIONS, print)

    assert (outcome.verdict, outcome.generated) == ("red", 0)
    assert outcome.problems == ("no generated test was collected",)


def test_several_gaps_share_one_run_and_keep_their_own_records(tree):
    write(
        tree,
        "lib/test/test_gen_unused.py",
        "from limits import unused\n\n\ndef test_unused():\n    assert unused() == 2\n",
    )
    second = subject_of(tree, "unused", "test_gen_unused.py")
    told = []

    outcomes = verify_all([second, subject_of(tree)], OPTIONS, told.append)

    assert [(o.gap, o.verdict, o.generated) for o in outcomes] == [
        ("unused", "red", 1),
        ("limits", "proved", 3),
    ]
    assert outcomes[0].problems == (
        "test/test_gen_unused.py::test_unused: assert 1 == 2 (test_gen_unused.py:5)",
    )
    assert len(told) == 1
    error = refusal(outcomes)
    assert error is not None
    assert error.hint.endswith("-m pytest -q test/test_gen_unused.py")


def test_the_environment_is_named(tree):
    assert environment_of(subject_of(tree), OPTIONS).startswith(f"{sys.executable} (Python 3.")


PASSED = TestResult("t.py::test_a", "passed")


def outcome_of(*tests, **changes):
    blank = Outcome(
        gap="limits", verdict="", problems=(), baseline=0, generated=len(tests), passed=0,
        known_defects=0, todo=0, skipped=0, failed=0,
        targets=(TargetProof("a.py", 100.0, 98, 9, 10, 90),), invalid=0, timeouts=0, cached=0,
        survivors=(), sample=None, shards=(), shard_count=0, seconds=1.0,
        tests=tests or (PASSED,), command="pytest",
    )  # fmt: skip
    return judged(replace(blank, **changes))


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
def test_whatever_is_not_as_declared_is_red(test, problem):
    outcome = outcome_of(PASSED, test)

    assert outcome.verdict == "red"
    assert len(outcome.problems) == 1
    assert outcome.problems[0].startswith(problem)


def test_a_record_survives_json():
    survivor = Survivor("a.py", 3, "NumberReplacer", "1 -> 2")
    outcome = outcome_of(PASSED, survivors=(survivor,), sample=50)

    data = json.loads(json.dumps(outcome.to_json()))

    assert Outcome.from_json(data) == outcome
    assert (data["killed"], data["viable"], data["coverage"]) == (9, 10, {"a.py": 100.0})


def cut(number, killed, viable, *survivors, count=2):
    return outcome_of(
        PASSED,
        targets=(TargetProof("a.py", 100.0, 98, killed, viable, 90),),
        shards=(number,),
        shard_count=count,
        survivors=survivors,
        invalid=1,
    )


def test_the_bar_is_judged_when_all_cuts_are_together():
    late, early = Survivor("a.py", 9, "Op", "c -> d"), Survivor("a.py", 1, "Op", "a -> b")
    cuts = [cut(2, 4, 5, late), cut(1, 4, 5, early)]
    assert [item.verdict for item in cuts] == ["proved", "proved"]

    merged = merge(cuts)

    assert (merged.killed, merged.viable, merged.invalid) == (8, 10, 2)
    assert merged.survivors == (early, late)
    assert (merged.shards, merged.shard_count) == ((), 0)
    assert merged.verdict == "below"


def test_some_cuts_stay_a_part():
    merged = merge([cut(3, 1, 5, count=3), cut(1, 1, 5, count=3)])

    assert (merged.shards, merged.shard_count, merged.verdict) == ((1, 3), 3, "proved")


@pytest.mark.parametrize(
    "cuts",
    [
        [cut(1, 1, 1), cut(1, 1, 1)],
        [cut(1, 1, 1), cut(2, 1, 1, count=3)],
        [outcome_of(PASSED), outcome_of(PASSED)],
    ],
    ids=["same-cut-twice", "different-counts", "no-cuts"],
)
def test_what_is_not_one_kill_check_is_not_merged(cuts):
    with pytest.raises(UsageError):
        merge(cuts)
