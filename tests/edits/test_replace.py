"""Paths that are called otherwise, found by whole components, and lines that are replaced."""

from __future__ import annotations

import itertools

import pytest

from scaffold import edits
from scaffold.edits.paths import places
from scaffold.errors import CheckoutError, ConflictError

PATH = '[[path]]\nold = "tests/old"\nnew = "tests/new"\n'
NAMES = (
    "tests/old",
    "cd ./tests/old && x",
    '"../../tests/old/x.py"',
    "$ROOT/tests/old",
    "${{ github.workspace }}/tests/old:",
    "see [it](https://example.org/a/b/tree/main/tests/old).",
    "`tests/old`.",
    "a=tests/old",
)
BLOCKS = {
    "first": 'old = """\nfirst\none\n"""\nnew = ""\n',
    "second": 'old = """\nsecond\ntwo\n"""\nnew = "down"\n',
    "third": 'old = "third"\nnew = ""\n',
}
"""Edits of lines; what takes the place of `second` stands elsewhere as well."""
OTHERS = (
    "tests/older",
    "my-tests/old",
    "other/tests/old",
    "tests/old.py",
    "tests/old-2",
    ".tests/old",
)


@pytest.mark.parametrize("text", NAMES)
def test_a_path_is_found_by_whole_components(text: str) -> None:
    done = edits.apply("replace", text, PATH, path="run.sh")
    assert done.text == text.replace("tests/old", "tests/new")
    assert edits.revert("replace", done.text, done.units, path="run.sh") == text


@pytest.mark.parametrize("text", OTHERS)
def test_another_path_stays(text: str) -> None:
    assert edits.apply("replace", text, PATH, path="run.sh").units == ()


def test_a_name_without_a_folder_is_not_that_of_another_folder() -> None:
    text = "./a.yaml a.yaml ../a.yaml x/a.yaml a.yaml.bak"
    assert places(text, "a.yaml") == [2, 9]


def test_a_path_that_a_person_had_already_stays_when_ours_goes() -> None:
    text = "tests/new\ntests/old\ntests/new\n"
    done = edits.apply("replace", text, PATH, path="run.sh")
    assert done.text == "tests/new\n" * 3
    assert edits.revert("replace", done.text, done.units, path="run.sh") == text
    with pytest.raises(ConflictError, match="was edited since"):
        edits.revert("replace", done.text + "tests/new\n", done.units, path="run.sh")


def test_a_reference_that_comes_later_is_replaced_too() -> None:
    first = edits.apply("replace", "tests/old\n", PATH, path="run.sh")
    text = "tests/old\n" + first.text
    assert set(edits.standing("replace", text, first.units, path="run.sh").values()) == {"edited"}
    again = edits.apply("replace", text, PATH, path="run.sh", owned=first.units)
    assert again.text == "tests/new\ntests/new\n"


def test_what_has_a_parser_must_hold_the_same_afterwards() -> None:
    text = "a: tests/old\ntests/old: 1\ntests/new: 2\n"
    with pytest.raises(CheckoutError, match="cannot be replaced by 'tests/new' as this file"):
        edits.apply("replace", text, PATH, path="a.yaml")
    assert edits.apply("replace", "a: tests/old # tests/old\n", PATH, path="a.yaml").text == (
        "a: tests/new # tests/new\n"
    )


@pytest.mark.parametrize("text", ["one\n", "two\ntwo\n", "two\r\none\n"])
def test_lines_that_do_not_stand_there_once_are_refused(text: str) -> None:
    payload = '[[lines]]\nold = "two"\nnew = "three"\n'
    with pytest.raises(CheckoutError, match="are to be replaced and stand there"):
        edits.apply("replace", text, payload, path="run.sh")
    assert edits.apply("replace", text, f"{payload}optional = true\n", path="run.sh").units == ()


def test_a_file_that_is_not_there_is_no_error_where_all_lines_are_optional() -> None:
    one = '[[lines]]\nold = "make"\nnew = "make all"\noptional = true\n'
    payload = one + one.replace("make", "test")

    assert edits.apply("replace", None, payload, path="run.sh") == edits.EditResult(None, ())
    with pytest.raises(CheckoutError, match=r"run\.sh is not in this checkout"):
        edits.apply("replace", None, one + '[[lines]]\nold = "b"\nnew = "c"\n', path="run.sh")


@pytest.mark.parametrize(
    "text", ["two", "two\n", "one\ntwo\n", "one\r\ntwo\r\nthree", "\n\ntwo\n\n"]
)
def test_lines_that_are_taken_out_come_back_in_their_place(text: str) -> None:
    done = edits.apply("replace", text, '[[lines]]\nold = "two"\nnew = ""\n', path="run.sh")
    assert "two" not in done.text
    assert edits.revert("replace", done.text, done.units, path="run.sh") == text


@pytest.mark.parametrize("order", [*itertools.permutations(BLOCKS)], ids=lambda it: "-".join(it))
def test_lines_that_are_there_more_than_once_come_back_whatever_was_replaced_first(
    order: tuple[str, ...],
) -> None:
    text = "down\nhead\nfirst\none\ndown\nmiddle\nsecond\ntwo\nlast\nthird\ndown\nend\n"
    payload = "\n".join(f"[[lines]]\n{BLOCKS[name]}" for name in order)
    done = edits.apply("replace", text, payload, path="run.sh")
    assert done.text == "down\nhead\ndown\nmiddle\ndown\nlast\ndown\nend\n"
    back = edits.revert("replace", done.text, done.units, path="run.sh")
    assert back == text, f"expected the text before, got {back!r}"
