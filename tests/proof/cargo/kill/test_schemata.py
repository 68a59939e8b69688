"""Mutants woven into one file: what is an arm, what is left out, and whose an error is."""

from __future__ import annotations

import pytest

from scaffold.proof.cargo.kill.schemata import VARIABLE, Woven, weave

SOURCE = b"""\
use std::fmt;

pub fn double(n: u32) -> u32 {
    n * 2
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "\xc3\xa9 {}", self.0)
    }
}

const fn limit() -> usize {
    7 + 1
}

fn evens(n: u32) -> impl Iterator<Item = u32> {
    fn step() -> usize {
        1 + 1
    }
    (0..n).step_by(step())
}

macro_rules! made {
    () => {
        fn made() -> u32 {
            3 + 4
        }
    };
}
"""


def woven(*changes: tuple[bytes, bytes]) -> Woven:
    """The source with a mutant for each change, numbered from 1."""
    for old, _ in changes:
        assert SOURCE.count(old) == 1
    mutants = {n: ("lib.rs", SOURCE.replace(*c)) for n, c in enumerate(changes, 1)}
    return weave({"lib.rs": SOURCE}, mutants)


def lines_of(result: Woven, number: int) -> str:
    """The lines that are said to be a mutant's own."""
    lines = result.arms[number]
    text = result.sources["lib.rs"].decode().split("\n")
    return "\n".join(text[lines.first - 1 : lines.last])


def test_each_mutant_has_an_arm_and_the_last_is_the_code_as_it_was() -> None:
    result = woven((b"n * 2", b"n + 2"), (b"n * 2", b"n / 2"))
    text = result.sources["lib.rs"].decode()
    head, _, rest = text.partition("pub fn double(n: u32) -> u32 {")
    assert head == "use std::fmt;\n\n"
    body = rest.partition("\nimpl")[0]
    assert body.index("n + 2") < body.index("n / 2") < body.index("_ => {\n    n * 2")
    assert body.count(VARIABLE) == 1


def test_an_arm_is_found_by_its_lines_also_after_another_function() -> None:
    result = woven((b"n * 2", b"n + 2"), (b'"\xc3\xa9 {}"', b'"\xc3\xa8 {}"'))
    assert lines_of(result, 1) == "1 => {\n    n + 2\n}"
    assert lines_of(result, 2) == '2 => {\n        write!(f, "è {}", self.0)\n    }'


def test_what_is_not_in_a_function_body_is_left_out() -> None:
    result = woven((b"7 + 1", b"7 - 1"), (b"3 + 4", b"3 - 4"), (b"n: u32) -> u32", b"n: u8) -> u8"))
    assert result.arms == {}
    assert result.sources == {}


def test_a_function_inside_one_with_mutants_is_left_out() -> None:
    both = woven((b"1 + 1", b"1 - 1"), (b"(0..n)", b"(1..n)"))
    assert set(both.arms) == {2}
    assert set(woven((b"1 + 1", b"1 - 1")).arms) == {1}


def test_line_ends_of_windows_stay() -> None:
    source = SOURCE.replace(b"\n", b"\r\n")
    mutant = source.replace(b"n * 2", b"n + 2")
    result = weave({"lib.rs": source}, {1: ("lib.rs", mutant)})
    assert b"1 => {\r\n    n + 2\r\n}" in result.sources["lib.rs"]


def test_an_error_in_an_arm_says_that_its_mutant_is_no_program() -> None:
    result = woven((b"n * 2", b"n + 2"), (b"n * 2", b"n / 2"))
    assert result.refused("lib.rs", result.arms[2].first + 1) == {2}
    assert result.refused("other.rs", result.arms[2].first) == set()


def test_an_error_where_all_arms_must_agree_says_nothing_of_one_alone() -> None:
    result = woven((b"(0..n)", b"(1..n)"), (b"n * 2", b"n + 2"))
    line = result.arms[1].first
    assert result.refused("lib.rs", line) == set()
    assert result.disturbed("lib.rs", line) == {1}


@pytest.mark.parametrize(
    ("path", "line", "gone"),
    [
        pytest.param("lib.rs", 3, {1, 2}, id="the function"),
        pytest.param("lib.rs", 1, {1, 2, 3}, id="the file"),
        pytest.param("other.rs", 1, {1, 2, 3}, id="all"),
    ],
)
def test_an_error_elsewhere_takes_away_as_little_as_can_be_known(
    path: str, line: int, gone: set[int]
) -> None:
    result = woven((b"n * 2", b"n + 2"), (b"n * 2", b"n / 2"), (b"self.0", b"self.1"))
    assert result.disturbed(path, line) == gone
