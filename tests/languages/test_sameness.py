"""One notion of "same": line ends and what a formatter does are no edit, all else is one."""

from __future__ import annotations

from pathlib import Path

import black
import pytest

from scaffold.languages import same_text

PYTHON = b'''\
"""What is said.

    Deeper.
"""

import pytest  # the runner


@pytest.mark.parametrize(("a", "b"), [(1, "one"), (2, 'two "quoted"')])  # two rows
def test_a(a, b):
    """It holds."""
    # why
    value = {"key": [a, b], "other": (a,)}
    assert value["key"] == [a, b] and f"{a}" == str(a), "a long reason that stands on a long line"
    del (value, b)
'''
PYTHON_EDITS = {
    "a word": (b"(1, ", b"(3, "),
    "a string": (b'"one"', b'"one "'),
    "a comment": (b"# why", b"# why not"),
    "a comment less": (b"    # why\n", b""),
    "a comment at another statement": (b"    # why\n    value = {", b"    value = {"),
    "a tuple": (b"(a,)", b"(a)"),
    "an indentation": (b"    del", b"del"),
    "a docstring": (b"It holds", b"It  holds"),
    "no Python": (b"import pytest", b"import import"),
}
RUST = b"""\
//! What is said.
use std::fmt::Debug;

/// It holds.
#[test]
fn test_a() {
    // why
    let pair = (1, "a  b", 'c');
    let one = (1,);
    match pair.0 {
        1 => {}
        _ => panic!("no: {}", pair.1),
    }
    assert_eq!(called(pair.0, |x: i64| x | 1), one.0, "two words");
}
"""
RUST_LAID_OUT = b"""\
//! What is said.
use std::fmt::Debug;


/// It holds.
#[test]
fn test_a()
{
  // why
  let pair = (
      1,
      "a  b",
      'c',
  );
  let one = (1,);
  match pair.0 {
    1 => {},
    _ => panic!(
      "no: {}",
      pair.1,
    )
  }
  assert_eq!(
      called(
          pair.0,
          |x: i64| x | 1,
      ),
      one.0,
      "two words",
  );
}
"""
RUST_EDITS = {
    "a word": (b"pair.0 {", b"pair.1 {"),
    "a string": (b"a  b", b"a b"),
    "a comment": (b"// why", b"// why not"),
    "a comment less": (b"    // why\n", b""),
    "a tuple": (b"(1,)", b"(1)"),
    "a comma that separates": (b"pair.0, |x: i64| x | 1", b"pair.0 | 1"),
    "an attribute": (b"#[test]\n", b""),
    "no Rust": (b"fn test_a", b"fn fn test_a"),
}


@pytest.mark.parametrize("width", [40, 60, 79, 120, 200])
@pytest.mark.parametrize("magic", [True, False])
def test_what_black_does_at_any_width_is_no_edit(width: int, magic: bool) -> None:
    mode = black.Mode(line_length=width, magic_trailing_comma=magic)
    laid_out = black.format_str(PYTHON.decode(), mode=mode).encode()
    assert laid_out != PYTHON
    assert same_text("test_a.py", PYTHON, laid_out)
    assert same_text("test_a.py", PYTHON, laid_out.replace(b"\n", b"\r\n"))


@pytest.mark.parametrize("edit", PYTHON_EDITS)
def test_an_edit_of_python_is_one(edit: str) -> None:
    old, new = PYTHON_EDITS[edit]
    edited = PYTHON.replace(old, new, 1)
    if "another" in edit:
        edited = edited.replace(b"    del", b"    # why\n    del")
    assert edited != PYTHON
    assert not same_text("test_a.py", PYTHON, edited)


def test_what_rustfmt_does_is_no_edit() -> None:
    assert same_text("a.rs", RUST, RUST_LAID_OUT)
    assert same_text("a.rs", RUST, RUST_LAID_OUT.replace(b"\n", b"\r\n"))


@pytest.mark.parametrize("edit", RUST_EDITS)
def test_an_edit_of_rust_is_one(edit: str) -> None:
    old, new = RUST_EDITS[edit]
    assert old in RUST
    assert not same_text("a.rs", RUST, RUST.replace(old, new, 1))
    assert not same_text("a.rs", RUST_LAID_OUT, RUST.replace(old, new, 1))


@pytest.mark.parametrize("path", ["a.txt", "Dockerfile", "a.py", "a.rs"])
def test_line_ends_are_no_edit_in_any_file(path: str) -> None:
    assert same_text(path, b"a\n\tb\n", b"a\r\n\tb\r\n")
    assert not same_text(path, b"a\n\tb\n", b"a\n  b\n\n\x00")


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"x = " + b"(" * 5000, b"a\0b", b"# " + b"x" * (1 << 21)], ids=str
)
@pytest.mark.parametrize("path", [Path("a.py"), Path("a.rs")], ids=str)
def test_what_cannot_be_read_is_an_edit_and_no_error(path: Path, content: bytes) -> None:
    assert not same_text(str(path), b"x = 1\n", content)
