"""The mend check, from real runs on a small tree: a mend turns the tests of its defect alone."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from scaffold.checkout.find import Checkout
from scaffold.errors import ProofError
from scaffold.kit.catalog import RunSpec
from scaffold.kit.defects import Change, Defect, Mend
from scaffold.proof.mends import MendProof, MendVerdict
from scaffold.proof.outcome import Outcome
from scaffold.proof.runner import Subject, SubjectTarget, VerifyOptions
from scaffold.proof.verify import verify
from support.tree import snapshot, write_files

pytestmark = pytest.mark.slow

OPTIONS = VerifyOptions(python=sys.executable, jobs=2, mends=True)
CODE = """\
def limited(a):
    return min(a, 10)


def doubled(a):
    return 2 * limited(a)
"""
TESTS = """\
import pytest
from limits import doubled, limited


def test_limited():
    assert limited(20) == 10


@pytest.mark.parametrize("low", [-1, -20])
@pytest.mark.xfail(strict=True, raises=AssertionError, reason="nothing is below zero")
def test_below_zero(low):
    assert limited(low) == 0


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="a double may be 20 at most")
def test_double():
    assert doubled(-2) == 0
"""
CLAMP = ("return min(a, 10)", "return max(0, min(a, 10))")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_files(
        tmp_path / "checkout",
        {
            "lib/limits.py": CODE,
            "lib/test/test_gen_limits.py": TESTS,
            "lib/test/test_old.py": "import limits\n\n\ndef test_old():\n    limits.limited(-1)\n",
        },
    )


def defect(
    name: str, tests: tuple[str, ...], *changes: tuple[str, str], reason: str = ""
) -> Defect:
    """A defect of limits.py whose mend is made of these changes."""
    mend = Mend(tuple(Change("lib/limits.py", find, leave) for find, leave in changes))
    return Defect(
        name, "wrong result", "lib/limits.py", "limited", "today", "expected", "source", "limited",
        tests, reason, (mend,) if changes else (),
    )  # fmt: skip


def proved(tree: Path, *defects: Defect, options: VerifyOptions = OPTIONS) -> Outcome:
    """The outcome of the tree's generated tests with these defects."""
    checkout = Checkout(tree)
    subject = Subject(
        "limits",
        tree,
        RunSpec("pytest", "lib", ("test",)),
        ("lib/test/test_gen_limits.py",),
        (SubjectTarget("limits", "lib/limits.py", "limits"),),
        defects=tuple((one, one.look(checkout.text)) for one in defects),
        others=("lib/test/test_gen_limits.py",),
    )
    return verify(subject, options, lambda line: None)


def verdict(outcome: Outcome) -> MendProof:
    """What was found of the only defect."""
    assert outcome.mends is not None
    (found,) = outcome.mends
    return found


BOTH = ("test_below_zero", "test_double")


def test_a_mend_that_turns_exactly_its_tests_is_no_problem(tree: Path) -> None:
    before = snapshot(tree)
    outcome = proved(tree, defect("below", BOTH, CLAMP))
    assert verdict(outcome).verdict is MendVerdict.TURNED
    assert len(verdict(outcome).tests) == 3
    assert (outcome.verdict, outcome.problems) == ("green", ())
    assert snapshot(tree) == before


def test_a_mend_that_turns_the_test_of_another_defect_is_named(tree: Path) -> None:
    outcome = proved(tree, defect("below", ("test_below_zero",), CLAMP))
    found = verdict(outcome)
    assert found.verdict is MendVerdict.DISTURBS
    assert found.changed == ("test/test_gen_limits.py::test_double",)
    assert outcome.verdict == "below"
    (problem,) = outcome.problems
    assert problem.startswith(
        "mend below changes others: test/test_gen_limits.py::test_double is xpassed, was xfailed"
    )


def test_a_mend_that_breaks_a_test_of_the_checkout_is_named(tree: Path) -> None:
    refuse = ("return min(a, 10)", "assert a >= 0\nreturn min(a, 10)")
    found = verdict(proved(tree, defect("below", BOTH, refuse)))
    assert found.verdict is MendVerdict.DISTURBS
    assert "test/test_old.py::test_old" in found.changed
    assert "is failed, was passed" in found.why


def test_a_mend_that_mends_nothing_is_named(tree: Path) -> None:
    found = verdict(proved(tree, defect("below", BOTH, ("min(a, 10)", "min(10, a)"))))
    assert found.verdict is MendVerdict.STUCK
    assert "test_below_zero[-1] is still xfailed: nothing is below zero" in found.why


def test_a_mend_that_turns_one_case_of_two_is_named(tree: Path) -> None:
    half = ("return min(a, 10)", "return 0 if a == -1 else min(a, 10)")
    found = verdict(proved(tree, defect("below", ("test_below_zero",), half)))
    assert (found.verdict, found.changed) == (MendVerdict.STUCK, ())
    assert "test_below_zero[-20]" in found.why


@pytest.mark.parametrize(
    ("leave", "why"),
    [
        ("return min(a, 10", "SyntaxError"),
        ("__import__('os')._exit(1)", "the tests ended the process"),
        ("while True: pass", "they did not end in time"),
    ],
)
def test_a_mend_that_does_not_run_is_named(tree: Path, leave: str, why: str) -> None:
    outcome = proved(tree, defect("below", BOTH, ("return min(a, 10)", leave)))
    assert verdict(outcome).verdict is MendVerdict.BROKEN
    assert why in verdict(outcome).why
    assert outcome.verdict == "below"


def test_a_mend_that_does_not_apply_is_named_with_its_text(tree: Path) -> None:
    outcome = proved(tree, defect("below", BOTH, ("return minimum(a)", "return 0")))
    assert verdict(outcome).verdict is MendVerdict.GONE
    assert outcome.problems == (
        "mend below does not apply: lib/limits.py: 'return minimum(a)' is not there",
    )


def test_what_is_not_here_is_no_problem(tree: Path) -> None:
    defects = (
        defect("elsewhere", ("test_of_another_commit",), ("return minimum(a)", "return 0")),
        defect("large", ("test_double",), reason="needs a new design"),
    )
    outcome = proved(tree, *defects)
    assert [one.verdict for one in outcome.mends or ()] == ["not here", "no mend"]
    assert outcome.problems == ()


def test_a_mend_of_several_files_is_done_whole(tree: Path) -> None:
    write_files(tree, {"lib/low.py": "LOW = None\n"})
    (tree / "lib" / "limits.py").write_text(
        "import low\n\n\n" + CODE.replace("min(a, 10)", "min(a, 10) if low.LOW is None else 0")
    )
    one = defect("below", BOTH)
    changes = (
        Change("lib/low.py", "LOW = None", "LOW = 0"),
        Change("lib/limits.py", "else 0", "else max(low.LOW, min(a, 10))"),
    )
    found = verdict(proved(tree, replace(one, mends=(Mend(changes),))))
    assert found.verdict is MendVerdict.TURNED, found.why


def test_a_red_row_is_not_mended(tree: Path) -> None:
    place = tree / "lib" / "test" / "test_gen_limits.py"
    place.write_text(TESTS + "\n\ndef test_red():\n    assert False\n")
    outcome = proved(tree, defect("below", BOTH, CLAMP))
    assert (outcome.verdict, outcome.mends) == ("red", None)


def test_without_the_option_nothing_is_mended(tree: Path) -> None:
    options = replace(OPTIONS, mends=False)
    assert proved(tree, defect("below", BOTH, CLAMP), options=options).mends is None


def test_tests_that_know_where_they_are_stop_the_check(tree: Path) -> None:
    place = tree / "lib" / "test" / "test_gen_limits.py"
    place.write_text(
        TESTS + f"\n\ndef test_place():\n    assert __file__.startswith({str(tree)!r})\n"
    )
    with pytest.raises(ProofError, match="test_place is passed in the checkout and failed on an"):
        proved(tree, defect("below", BOTH, CLAMP))


def test_the_record_survives_json(tree: Path) -> None:
    outcome = proved(tree, defect("below", ("test_below_zero",), CLAMP))
    assert Outcome.from_json(outcome.to_json()) == outcome
