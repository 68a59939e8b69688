"""Verdicts on a gap's tests, from real runs on small trees."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from scaffold.errors import BaselineError, ScaffoldError
from scaffold.kit.catalog import RunSpec
from scaffold.proof.outcome import refusal
from scaffold.proof.runner import (
    Subject,
    SubjectTarget,
    Survivor,
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
        "${EDITOR:-vi} lib/test/test_gen_limits.py",
    )


def test_without_a_kill_check_a_gap_is_green_and_no_more(tree: Path) -> None:
    outcome = verify(subject_of(tree), OPTIONS, print)

    assert (outcome.verdict, outcome.problems) == ("green", ())
    assert outcome.lacks == ("no kill check was run",)
    assert refusal([outcome]) is None


def test_a_gap_whose_targets_are_settings_is_run_against_no_mutant(tree: Path) -> None:
    subject = replace(subject_of(tree), targets=())

    outcome = verify(subject, replace(OPTIONS, mutants="all"), print)

    assert (outcome.verdict, outcome.kills) == ("green", None)


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


def test_line_coverage_below_its_bar_is_reported(tree: Path) -> None:
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


def without_tests(tree: Path) -> Subject:
    """A gap that writes a helper, which the tests of the checkout use."""
    write(tree, "lib/test/test_gen_limits.py", "")
    subject = replace(subject_of(tree), files=("lib/test/helpers.py",), targets=())
    write(tree, "lib/test/helpers.py", "ONE = 1\n")
    return replace(subject, run=replace(subject.run, tests=False))


def test_the_suites_are_the_proof_of_a_gap_that_writes_no_tests(tree: Path) -> None:
    write(tree, "lib/test/test_old.py", "def test_old():\n    assert True\n")

    outcome = verify(without_tests(tree), replace(OPTIONS, mutants="all"), print)

    assert (outcome.verdict, outcome.problems, outcome.kills) == ("green", (), None)
    assert outcome.lacks == ("it has no tests of its own; tests of the checkout that ran: 1",)
    assert refusal([outcome]) is None


def test_a_gap_that_writes_no_tests_is_red_with_a_suite_that_it_breaks(tree: Path) -> None:
    write(tree, "lib/test/test_old.py", "def test_old():\n    assert 1 == 2\n")

    with pytest.raises(BaselineError):
        verify(without_tests(tree), OPTIONS, print)


def test_a_gap_that_writes_no_tests_is_not_proved_by_none(tree: Path) -> None:
    subject = without_tests(tree)
    for path in (tree / "lib/test").glob("test_*.py"):
        path.unlink()

    outcome = verify(subject, OPTIONS, print)

    assert outcome.verdict == "red"
    assert outcome.problems == ("no test of the checkout was collected",)


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


def test_a_kill_check_that_cannot_be_done_blocks_its_gap_alone(tree: Path) -> None:
    """What it reads beside the checkout is not beside the copy."""
    (tree.parent / "beside.txt").write_text("beside")
    far = "    assert limits.unused() == 1 and open('../../beside.txt').read()\n"
    write(tree, "lib/test/test_gen_far.py", f"import limits\n\n\ndef test_far():\n{far}")
    blocked: dict[str, ScaffoldError] = {}
    options = replace(OPTIONS, mutants="all")

    outcomes = verify_all(
        [subject_of(tree, "far", "test_gen_far.py"), subject_of(tree)], options, print, blocked
    )

    assert [(outcome.gap, outcome.kills is not None) for outcome in outcomes] == [("limits", True)]
    assert list(blocked) == ["far"]
    assert "red on an unbroken copy" in blocked["far"].fact


def test_the_environment_is_named(tree: Path) -> None:
    assert environment_of(subject_of(tree), OPTIONS).startswith(f"{sys.executable} (Python 3.")
