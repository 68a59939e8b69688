"""Code of a Rust file moved into a module of its own, and put back byte for byte."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaffold import edits
from scaffold.edits import EditResult
from scaffold.errors import CheckoutError, ConflictError, KitError
from support.edit_samples import EditKind

PATH, TO = "crates/shop/src/order.rs", "crates/shop/src/prices.rs"
ORDER = """\
//! An order.

use std::fmt;

pub struct Order {
    base: u64,
    pieces: u64,
}

impl Order {
    /// What it costs.
    pub fn total(&self) -> u64 {
        let price = self
            .base
            .max(self.pieces) // at least
            * 2;
        println!("{}, said self", price);
        price + 1
    }
}

/// Adds.
#[inline]
fn add(one: u64, two: u64) -> u64 {
    one + two
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}", add(self.base, self.pieces))
    }
}
"""
PART = """
[part.price]
within = "Order.total"
find = "let price = «self.base.max(…) …»;"
with = { "self.base" = "base", "self.pieces" = "pieces" }
into = '''
/// The price.
pub fn price(base: u64, pieces: u64) -> u64 {
    «»
}
'''
leave = "let price = prices::price(self.base, self.pieces);"
"""
PAYLOAD = f"""
head = "//! What things cost."

[change.import]
find = "use std::fmt;"
leave = '''
use crate::prices::{{self, add}};
use std::fmt;
'''

[item.add]
{PART}"""
MOVED = """\
//! What things cost.

/// Adds.
#[inline]
pub fn add(one: u64, two: u64) -> u64 {
    one + two
}

/// The price.
pub fn price(base: u64, pieces: u64) -> u64 {
    base
        .max(pieces) // at least
        * 2
}
"""


KIND = EditKind("rust_extract", PATH, PAYLOAD)
take = KIND.take


def put(text: str = ORDER, payload: str = PAYLOAD, **options: Any) -> EditResult:
    return KIND.put(text, payload, **options)


def make(text: str | None = None, payload: str = MOVED, **options: Any) -> EditResult:
    return edits.apply("rust_items", text, payload, path=TO, **options)


def test_a_call_stays_and_what_moves_is_a_module() -> None:
    result = put()
    assert "        let price = prices::price(self.base, self.pieces);\n" in result.text
    assert "use crate::prices::{self, add};\nuse std::fmt;\n" in result.text
    assert "fn add" not in result.text
    assert result.moved == MOVED
    assert [unit.name for unit in result.units] == ["change import", "extract price", "move add"]


@pytest.mark.parametrize(
    "text",
    [ORDER, ORDER.replace("\n", "\r\n"), ORDER.rstrip(), ORDER + "\n\n", "\ufeff" + ORDER],
    ids=["plain", "crlf", "no-line-end", "blank-lines", "byte-order-mark"],
)
def test_taking_it_back_gives_every_byte_back(text: str) -> None:
    result = put(text)
    assert result.moved == MOVED
    assert result.text.count("\r\n") == (result.text.count("\n") if "\r\n" in text else 0)
    assert take(result.text, result.units) == text


FRAGMENTS = [
    "use std::io;",
    "// let price = self.base.max(1) * 2;",
    "/// let price = \"«\";\nfn f<'a>(c: char) -> bool {\n    c == '\"' || c == '\\''\n}",
    'const T: &str = r#"\nfn add() { let price = "x"; }\n"#;',
    "impl Other {\n    pub fn total(&self) -> u64 {\n        let price = self.base.max(1) * 2;\n"
    "        price\n    }\n}",
    "mod inner {\n    fn add() {}\n}",
    "/* { */ struct Ü;",
    "macro_rules! m { ($($x:ident)*) => {$(fn $x() {})*}; }",
]


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(FRAGMENTS), max_size=4),
    st.lists(st.sampled_from(FRAGMENTS), max_size=4),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(0, 3),
)
def test_whatever_stands_around_it_comes_back(
    above: list[str], below: list[str], newline: str, blank: int
) -> None:
    parts = [ORDER.partition("\nimpl fmt")[0]]
    text = "\n\n".join([*parts, *above, *below]).rstrip() + "\n" * blank
    text = text.replace("\n", newline)
    result = put(text)
    assert result.moved == MOVED
    assert put(result.text, owned=result.units) == result
    assert take(result.text, result.units) == text


def test_functions_that_stood_next_to_each_other_come_back_in_their_order() -> None:
    text = ORDER + "\nfn one() {}\n\nfn two() {}\n\nfn three() {}\n"
    items = "\n".join(f"[item.{name}]" for name in ("two", "one", "add", "three"))
    result = put(text, items)
    assert "fn two" not in result.text
    assert result.moved.count("pub fn") == 4
    assert take(result.text, result.units) == text


def test_a_literal_of_several_lines_moves_as_it_is() -> None:
    text = ORDER.replace("self\n            .base\n", '"a\n      b".len() as u64 + self.base\n')
    payload = PAYLOAD.replace("«self.base", "«…self.base")
    assert 'u64 {\n    "a\n      b".len() as u64 + base' in put(text, payload).moved


REFUSED = {
    "a pattern that is not there": (
        ORDER.replace("self.pieces) //", "3).max(self.pieces) //").replace(".max(3)", ".min(3)"),
        PAYLOAD,
        rf"{PATH}: in Order.total: `let price = «self.base.max\(…\) …»;` is not there",
    ),
    "a pattern that is there twice": (
        ORDER.replace("        price + 1\n", "        let price = self.base.max(1);\n" * 2),
        PAYLOAD,
        rf"{PATH}: in Order.total: `let price = .*` is 3 times, and must be there once",
    ),
    "a function that is not there": (
        ORDER.replace("fn total", "fn sum"),
        PAYLOAD,
        rf"{PATH}: there is no function `Order.total`",
    ),
    "an item that is not there": (
        ORDER.replace("fn add", "fn sum"),
        PAYLOAD,
        rf"{PATH}: there is no `fn add` to move",
    ),
    "an import that is not there": (
        ORDER.replace("use std::fmt;", "use core::fmt;"),
        PAYLOAD,
        rf"{PATH}: `use std::fmt;` is not there",
    ),
    "a parameter that is not in it": (
        ORDER.replace(".max(self.pieces)", ".max(3)"),
        PAYLOAD,
        r"what `.*` takes for `price` does not hold `self.pieces`",
    ),
    "more of self than is given": (
        ORDER,
        PAYLOAD.replace(', "self.pieces" = "pieces"', ""),
        r"what `.*` takes for `price` needs more of `self` than is given to it",
    ),
    "a comment inside of a text that is quoted whole": (
        ORDER.replace("let price = self", "let price /* ! */ = self"),
        PAYLOAD,
        r"`let price = .*` is not there",
    ),
    "a file that does not parse": ("fn add( {", PAYLOAD, rf"{PATH}:1 does not parse"),
    "no file": (None, PAYLOAD, f"{PATH} is not in this checkout"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_exactly_is_refused(case: str) -> None:
    text, payload, says = REFUSED[case]
    with pytest.raises(CheckoutError, match=says):
        put(text, payload)


BROKEN = {
    "no TOML": ("[part", "payload: "),
    "an unknown table": ("[piece.price]\n", "'piece' is none of head, change, item, part"),
    "an unknown key": (PART + "times = 2\n", r"\[part.price\]: `times` is missing or unknown"),
    "no function": (PART.replace("within", "inside"), r"`\w+` is missing or unknown"),
    "nothing is meant": (PART.replace("«self", "self"), r"`find` needs one «…»"),
    "no end": (PART.replace(" …»;", " …»"), "`find` does not fix where `…` ends"),
    "no place for it": (PART.replace("    «»\n", ""), "`into` one «»"),
    "nothing is left": (
        PART.replace("let price = prices::price(self.base, self.pieces);", ""),
        "`leave` is empty, so nothing could be put back",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_payload_is_the_kits_fault(case: str) -> None:
    payload, says = BROKEN[case]
    with pytest.raises(KitError, match=says):
        put(payload=payload)


def test_an_empty_payload_does_nothing() -> None:
    assert put(payload="") == edits.EditResult(ORDER, ())
    assert edits.units("rust_extract", "") == ()


def test_a_persons_edit_around_a_call_is_kept_when_it_is_taken_back() -> None:
    result = put()
    edited = result.text.replace("price + 1", "price + 2")
    assert take(edited, result.units) == ORDER.replace("price + 1", "price + 2")
    assert put(edited, owned=result.units).text == edited


def test_a_call_that_was_laid_out_anew_is_known() -> None:
    result = put()
    call = "prices::price(self.base, self.pieces)"
    edited = result.text.replace(call, "prices::price(\n    self.base,\n    self.pieces)")
    assert take(edited, result.units) == ORDER


def test_a_call_that_a_person_changed_stays_and_cannot_be_taken_back() -> None:
    result = put()
    edited = result.text.replace("prices::price(", "1 + prices::price(")
    again = put(edited, owned=result.units)
    assert (again.text, again.moved) == (edited, MOVED)
    with pytest.raises(ConflictError, match="what 'extract price' left was edited"):
        take(edited, result.units)
    kept = take(edited, result.units, on_conflict="skip")
    assert kept is not None and "1 + prices::price(" in kept and "fn add" in kept


def test_a_call_that_a_person_changed_and_the_kit_too_is_a_conflict() -> None:
    result = put()
    edited = result.text.replace("prices::price(", "1 + prices::price(")
    newer = PAYLOAD.replace("prices::price(self", "2 + prices::price(self")
    with pytest.raises(ConflictError, match="what 'extract price' left was edited"):
        put(edited, newer, owned=result.units)
    kept = put(edited, newer, owned=result.units, on_conflict="skip")
    assert kept.text == edited


def test_a_newer_payload_changes_the_call_and_can_still_be_taken_back() -> None:
    result = put()
    newer = PAYLOAD.replace("prices::price(self", "prices::price_of(self").replace(
        "pub fn price(", "pub fn price_of("
    )
    again = put(result.text, newer, owned=result.units)
    assert "prices::price_of(self.base, self.pieces)" in again.text
    assert "pub fn price_of(base: u64" in again.moved
    assert take(again.text, again.units) == ORDER


def test_how_the_units_stand_is_reported() -> None:
    result = put()

    def standing(text: str) -> dict[str, edits.Presence]:
        return edits.standing("rust_extract", text, result.units, path=PATH)

    assert set(standing(result.text).values()) == {"present"}
    assert standing(result.text.replace("prices::price", "prices::cost"))["extract price"] == (
        "edited"
    )
    assert standing(result.text + "\nfn add() {}\n")["move add"] == "edited"


def test_the_module_is_made_with_a_line_that_says_where_it_comes_from() -> None:
    result = make()
    assert result.text == MOVED
    assert result.wholly_ours
    assert [unit.name for unit in result.units] == ["fn add", "fn price", "head"]
    assert make(result.text, owned=result.units, created=True) == result


def test_a_module_of_a_persons_is_never_written_into() -> None:
    with pytest.raises(ConflictError, match=f"{TO} is there already, and this gap makes it"):
        make("fn mine() {}\n")


def test_layout_is_no_edit_of_the_module() -> None:
    result = make()
    other = result.text.replace(
        "(base: u64, pieces: u64)", "(\n    base: u64,\n    pieces: u64,\n)"
    )
    again = make(other, owned=result.units, created=True)
    assert (again.text, again.units) == (other, result.units)


def test_a_persons_edit_of_a_function_is_kept_and_named() -> None:
    result = make()
    edited = result.text.replace("* 2", "* 3") + "\npub fn mine() {}\n"
    again = make(edited, owned=result.units, created=True)
    assert again.text == edited and not again.wholly_ours
    newer = MOVED.replace("* 2", "* 4")
    with pytest.raises(ConflictError, match="'fn price' was edited since it was generated"):
        make(edited, newer, owned=result.units, created=True)
    with pytest.raises(ConflictError, match="'fn price' was edited since it was generated"):
        edits.revert("rust_items", edited, result.units, path=TO)
    stands = edits.standing("rust_items", edited, result.units, path=TO)
    assert stands == {"fn add": "present", "fn price": "edited", "head": "present"}


def test_a_newer_function_takes_the_place_of_the_one_before() -> None:
    result = make()
    newer = MOVED.replace("* 2", "* 4") + "\npub fn more() {}\n"
    again = make(result.text, newer, owned=result.units, created=True)
    assert again.text == newer


def test_the_module_goes_when_nothing_of_a_persons_is_in_it() -> None:
    result = make()
    assert edits.revert("rust_items", result.text, result.units, path=TO) is None
    mine = result.text + "\npub fn mine() {}\n"
    left = edits.revert("rust_items", mine, result.units, path=TO)
    assert left is not None and "fn mine" in left and "fn price" not in left
