"""Module declarations put at the end of a Rust file, items taken out, and both taken back."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaffold import edits
from scaffold.errors import CheckoutError, ConflictError, KitError

PATH = "crates/gate/src/lib.rs"
PAYLOAD = "#[cfg(test)]\nmod generated_tests;\n"
LIB = "pub mod metrics;\n\nfn one() -> u8 {\n    1\n}\n"
HANDLERS = (
    "pub mod chat;\npub mod utils;\n\n#[cfg(test)]\nmod integration_tests;\n\nuse chat::Chat;\n"
)
REMOVE = "// scaffold: remove mod integration_tests\n"
FRAGMENTS = [
    "use std::fmt;",
    "// a note",
    "//! inner",
    "/// doc\nfn f() {}",
    "mod other; // said",
    "#[cfg(test)]\nmod tests {\n    #[test]\n    fn t() {}\n}",
    'const T: &str = "\n\nmod generated_tests;\n";',
    "proxy_wasm::main! {{\n    f();\n}}",
    "/* block\n\nmod generated_tests; */",
    "struct Ü;",
    "",
]


def put(text, payload=PAYLOAD, **options):
    return edits.apply("rust", text, payload, path=PATH, **options)


def take(text, units, **options):
    return edits.revert("rust", text, units, path=PATH, **options)


def test_a_declaration_stands_behind_one_blank_line_at_the_end():
    result = put(LIB)
    assert result.text == LIB + "\n#[cfg(test)]\nmod generated_tests;\n"
    assert [unit.name for unit in result.units] == ["mod generated_tests"]


def test_the_second_time_changes_nothing():
    first = put(LIB)
    assert put(first.text, owned=first.units) == first


@pytest.mark.parametrize(
    "text",
    [LIB, LIB.replace("\n", "\r\n"), LIB.rstrip(), LIB + "\n\n", "\ufeff" + LIB, ""],
    ids=["plain", "crlf", "no-line-end", "blank-lines", "byte-order-mark", "empty"],
)
def test_taking_it_back_gives_every_byte_back(text):
    result = put(text)
    assert "mod generated_tests;" in result.text
    if text:
        assert take(result.text, result.units) == text


def test_line_ends_are_those_of_the_file():
    result = put(LIB.replace("\n", "\r\n"))
    assert result.text.count("\n") == result.text.count("\r\n")


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(FRAGMENTS), max_size=6),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\n", "\n\n\n"]),
)
def test_whatever_the_file_it_comes_back(fragments, newline, tail):
    text = "\n".join(fragments).rstrip() + tail
    text = text.replace("\n", newline)
    once = put(text)
    assert put(once.text, owned=once.units).text == once.text
    if text.strip():
        assert take(once.text, once.units) == text


def test_a_module_of_the_same_name_that_is_not_ours_is_a_conflict():
    with pytest.raises(ConflictError, match=rf"^{PATH}:3: 'mod generated_tests' is there already"):
        put("fn a() {}\n\nmod generated_tests {\n    fn b() {}\n}\n")


def test_the_same_declaration_of_a_person_is_left_alone_and_never_ours():
    text = LIB + "\n#[cfg(test)]   mod generated_tests;\n"
    assert put(text) == edits.EditResult(text, ())


@pytest.mark.parametrize(("how", "kept"), [("skip", True), ("overwrite", False)])
def test_a_conflict_is_settled_as_asked(how, kept):
    text = "fn a() {}\nmod generated_tests { fn mine() {} }\n"
    result = put(text, on_conflict=how)
    assert ("mine" in result.text) is kept
    assert ("#[cfg(test)]\nmod generated_tests;" in result.text) is not kept


def test_an_edited_declaration_stays_and_is_not_removed():
    first = put(LIB)
    edited = first.text.replace("#[cfg(test)]", '#[cfg(all(test, feature = "slow"))]')
    assert put(edited, owned=first.units) == edits.EditResult(edited, first.units)
    assert edits.standing("rust", edited, first.units, path=PATH) == {
        "mod generated_tests": "edited"
    }
    with pytest.raises(ConflictError, match=r":7: 'mod generated_tests' was edited"):
        take(edited, first.units)
    assert take(edited, first.units, on_conflict="skip") == edited


def test_a_declaration_as_we_wrote_it_follows_a_new_payload():
    first = put(LIB)
    new = '#[cfg(test)]\n#[path = "x.rs"]\nmod generated_tests;\n'
    second = put(first.text, new, owned=first.units)
    assert second.text == LIB + "\n" + new


def test_two_gaps_in_one_file_go_in_any_order():
    first = put(LIB)
    second = put(first.text, "#[cfg(test)]\nmod more_tests;\n")
    assert take(take(second.text, first.units), second.units) == LIB
    assert take(take(second.text, second.units), first.units) == LIB


def test_what_a_person_adds_behind_stays():
    first = put(LIB)
    assert take(first.text + "\nfn mine() {}\n", first.units) == LIB + "\nfn mine() {}\n"


def test_a_file_that_is_not_there_is_told():
    with pytest.raises(CheckoutError, match=f"{PATH} is not in this checkout"):
        put(None)
    assert put(None, "").units == ()


def test_text_between_items_that_is_no_rust_is_refused_with_its_line():
    with pytest.raises(CheckoutError, match=rf"{PATH}:2 does not parse"):
        put("fn a() {}\n<<<<<<< ours\nfn b() {}\n")


@pytest.mark.parametrize(
    "payload",
    ["fn a() {}\n", "mod a {}\n", "mod a;\n// lost\n", "mod a;\nmod a;\n", "mod a; }\n"],
    ids=["function", "inline-module", "loose-comment", "twice", "no-rust"],
)
def test_a_payload_of_anything_else_is_a_broken_kit(payload):
    with pytest.raises(KitError, match=r"gate/lib\.rs"):
        put(LIB, payload, origin="gate/lib.rs")


def test_an_item_goes_with_its_attributes_and_comes_back():
    result = put(HANDLERS, REMOVE)
    assert result.text == "pub mod chat;\npub mod utils;\n\nuse chat::Chat;\n"
    assert put(result.text, REMOVE, owned=result.units) == result
    assert edits.standing("rust", result.text, result.units, path=PATH) == {
        "remove mod integration_tests": "present"
    }
    assert take(result.text, result.units) == HANDLERS


def test_an_item_comes_back_to_its_place_after_edits_around():
    result = put(HANDLERS, REMOVE)
    edited = "//! New.\n" + result.text.replace("use chat", "pub mod added;\n\nuse chat")
    assert take(edited, result.units) == "//! New.\n" + HANDLERS.replace(
        "use chat", "pub mod added;\n\nuse chat"
    )


def test_an_item_that_a_person_put_back_is_theirs():
    result = put(HANDLERS, REMOVE)
    assert put(HANDLERS, REMOVE, owned=result.units).text == HANDLERS
    assert edits.standing("rust", HANDLERS, result.units, path=PATH) == {
        "remove mod integration_tests": "edited"
    }


def test_an_item_to_remove_that_is_not_there_is_told():
    with pytest.raises(CheckoutError, match=f"{PATH}: there is no `mod integration_tests`"):
        put(LIB, REMOVE)


def test_an_item_that_may_be_gone_already_is_removed_where_it_is_there():
    maybe = REMOVE.replace("\n", " if there\n")
    assert put(LIB, maybe) == edits.EditResult(LIB, ())
    result = put(HANDLERS, maybe)
    assert result == put(HANDLERS, REMOVE)
    assert put(result.text, maybe, owned=result.units) == result
    assert take(result.text, result.units) == HANDLERS


def test_a_place_that_is_gone_is_a_conflict():
    result = put(HANDLERS, REMOVE)
    with pytest.raises(ConflictError, match="cannot be told"):
        take("fn all_new() {}\n", result.units)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 5), st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=6))
def test_an_item_anywhere_comes_back(at, fragments):
    pieces = [*fragments[:at], "#[cfg(test)]\nmod integration_tests;", *fragments[at:]]
    text = "\n\n".join(pieces) + "\n"
    result = put(text, REMOVE)
    assert take(result.text, result.units) == text


@pytest.mark.skipif(shutil.which("rustfmt") is None, reason="rustfmt is not installed")
@pytest.mark.parametrize("payload", [PAYLOAD, REMOVE], ids=["declare", "remove"])
def test_a_formatted_file_stays_formatted(payload):
    text = put(HANDLERS.replace("use chat::Chat;", "pub fn f() {}"), payload).text
    argv = ["rustfmt", "--edition", "2021", "--emit", "stdout"]
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=True)
    assert done.stdout == text
