"""Marks above a person's tests: what stands there stays, and each mark goes alone."""

from __future__ import annotations

import pytest

from scaffold import edits
from scaffold.errors import CheckoutError

PATH = "tests/test_old.py"
SUITE = """\
import pytest


@pytest.mark.skip("why")
def test_one():
    pass


class TestMore:
    def test_two(self):
        pass
"""


def test_marks_stand_above_what_is_there_in_their_order() -> None:
    done = edits.apply("pytest_marks", SUITE, 'b = ["test_one"]\na = ["test_one"]\n', path=PATH)
    assert '@pytest.mark.a\n@pytest.mark.b\n@pytest.mark.skip("why")\ndef test_one' in done.text
    one = [unit for unit in done.units if unit.name == "test_one @a"]
    left = edits.revert("pytest_marks", done.text, one, path=PATH)
    assert left == done.text.replace("@pytest.mark.a\n", "")


def test_a_test_that_is_not_there_or_not_of_the_module_is_left_out() -> None:
    done = edits.apply("pytest_marks", SUITE, 'a = ["test_two", "test_gone"]\n', path=PATH)
    assert (done.text, done.units) == (SUITE, ())


def test_a_module_without_pytest_is_refused() -> None:
    with pytest.raises(CheckoutError, match="does not import pytest"):
        edits.apply("pytest_marks", "def test_one(): pass\n", 'a = ["test_one"]\n', path=PATH)
