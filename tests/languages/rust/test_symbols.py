"""What is found in a Rust source by parsing, and what is refused."""

from __future__ import annotations

import pytest

from scaffold.errors import CheckoutError
from scaffold.languages.symbols import symbols_of

PATH = "crates/gate/src/lib.rs"
SOURCE = """\
//! A gate.
use std::{fmt, io::{self, Read as _, Write as Out}};
pub use crate::keys::*;

/// Opens it.
#[inline]
pub(crate) async fn open(key: &str, mut tries: u32, (a, b): (u8, u8)) -> Result<(), Error> {
    Ok(())
}

pub struct Gate<T> {
    pub keys: Vec<T>,
    open: bool,
}

pub enum State {
    Open,
    Closed(u8),
}

impl<T> Gate<T> {
    pub fn new() -> Self {
        todo!()
    }
}

impl<T> fmt::Display for crate::Gate<T> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        Ok(())
    }
}

trait Lock {
    const BITS: u8;
    fn lock(&mut self);
}

const TRIES: u32 = 3;
static NAME: &str = "gate";
type Keys = Vec<String>;

mod inner {
    pub fn deep() {}
}

#[cfg(test)]
mod tests;
"""


def names(source: str) -> set[str]:
    return set(symbols_of(PATH, source.encode()))


def test_items_methods_fields_and_variants_are_named_by_their_type() -> None:
    assert names(SOURCE) == {
        "fmt", "io", "_", "Out", "open", "Gate", "Gate.keys", "Gate.open", "Gate.new", "Gate.fmt",
        "State", "State.Open", "State.Closed", "Lock", "Lock.BITS", "Lock.lock", "TRIES", "NAME",
        "Keys", "inner", "inner.deep", "tests",
    }  # fmt: skip


def test_a_function_has_its_signature() -> None:
    assert symbols_of(PATH, SOURCE.encode())["open"] == {
        "kind": "function",
        "public": True,
        "attributes": ["inline"],
        "async": True,
        "params": ["key", "tries", "(a, b)"],
        "returns": "Result<(), Error>",
        "locals": [],
    }


def test_a_method_takes_self() -> None:
    found = symbols_of(PATH, SOURCE.encode())
    assert found["Lock.lock"]["params"] == ["self"]
    assert (found["Gate.new"]["public"], found["Gate.fmt"]["public"]) == (True, False)


def test_a_declared_module_has_its_attributes() -> None:
    assert symbols_of(PATH, SOURCE.encode())["tests"] == {
        "kind": "module",
        "public": False,
        "attributes": ["cfg(test)"],
    }


@pytest.mark.parametrize(
    "source",
    [
        "fn f() { let x = ; }\nfn g() {}\n",
        "fn f() { <<< }\nfn g() {}\n",
        "fn f() {}\nmacro_rules! m { ($a:tt) => { $a ] } }\nfn g() {}\n",
    ],
    ids=["expression", "operators", "macro"],
)
def test_a_broken_body_hides_nothing(source: str) -> None:
    assert {"f", "g"} <= names(source)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("fn a() {}\n<<<<<<< ours\nfn b() {}\n=======\n>>>>>>> theirs\n", 2),
        ("fn a() {}\n}\n", 2),
    ],
    ids=["merge-marks", "stray-brace"],
)
def test_what_may_hide_an_item_is_refused_with_its_line(source: str, line: int) -> None:
    with pytest.raises(CheckoutError, match=rf"{PATH}:{line} does not parse"):
        names(source)


def test_windows_line_ends_and_a_byte_order_mark_are_no_matter() -> None:
    assert names("\ufeff" + SOURCE.replace("\n", "\r\n")) == names(SOURCE)


def test_a_function_lists_what_it_binds() -> None:
    source = """\
fn f() {
    let (mut a, b) = g();
    if let Some(c) = a {
        let Ok(ref d) = b else { return };
    }
}
"""
    assert symbols_of(PATH, source.encode())["f"]["locals"] == ["a", "b", "c", "d"]
