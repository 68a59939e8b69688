"""Module declarations put at the end of a Rust file, items taken out, and both taken back."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaffold import edits
from scaffold.errors import CheckoutError, ConflictError, KitError
from support.edit_files import RUST_FRAGMENTS
from support.edit_samples import EditKind

PATH = "crates/gate/src/lib.rs"
PAYLOAD = "#[cfg(test)]\nmod generated_tests;\n"
LIB = "pub mod metrics;\n\nfn one() -> u8 {\n    1\n}\n"
HANDLERS = (
    "pub mod chat;\npub mod utils;\n\n#[cfg(test)]\nmod integration_tests;\n\nuse chat::Chat;\n"
)
REMOVE = "// scaffold: remove mod integration_tests\n"


KIND = EditKind("rust", PATH, PAYLOAD)
put, take = KIND.put, KIND.take


def test_a_declaration_stands_after_one_blank_line_at_the_end() -> None:
    result = put(LIB)
    assert result.text == LIB + "\n#[cfg(test)]\nmod generated_tests;\n"
    assert [unit.name for unit in result.units] == ["mod generated_tests"]
    assert put("").text == PAYLOAD


def test_a_module_of_the_same_name_that_is_not_ours_is_a_conflict() -> None:
    with pytest.raises(ConflictError, match=rf"^{PATH}:3: 'mod generated_tests' is there already"):
        put("fn a() {}\n\nmod generated_tests {\n    fn b() {}\n}\n")


def test_the_same_declaration_of_a_person_is_left_alone_and_never_ours() -> None:
    text = LIB + "\n#[cfg(test)]   mod generated_tests;\n"
    assert put(text) == edits.EditResult(text, ())


def test_an_edited_declaration_stays_and_is_not_removed() -> None:
    first = put(LIB)
    edited = first.text.replace("#[cfg(test)]", '#[cfg(all(test, feature = "slow"))]')
    assert put(edited, owned=first.units) == edits.EditResult(edited, first.units)
    assert edits.standing("rust", edited, first.units, path=PATH) == {
        "mod generated_tests": "edited"
    }
    with pytest.raises(ConflictError, match=r":7: 'mod generated_tests' was edited"):
        take(edited, first.units)
    assert take(edited, first.units, on_conflict="skip") == edited


def test_what_a_person_adds_below_stays() -> None:
    first = put(LIB)
    assert take(first.text + "\nfn mine() {}\n", first.units) == LIB + "\nfn mine() {}\n"


def test_text_between_items_that_is_no_rust_is_refused_with_its_line() -> None:
    with pytest.raises(CheckoutError, match=rf"{PATH}:2 does not parse"):
        put("fn a() {}\n<<<<<<< ours\nfn b() {}\n")


@pytest.mark.parametrize(
    "payload",
    ["fn a() {}\n", "mod a {}\n", "mod a;\n// lost\n", "mod a;\nmod a;\n", "mod a; }\n"],
    ids=["function", "inline-module", "loose-comment", "twice", "no-rust"],
)
def test_a_payload_of_anything_else_is_a_broken_kit(payload: str) -> None:
    with pytest.raises(KitError, match=r"gate/lib\.rs"):
        put(LIB, payload, origin="gate/lib.rs")


def test_an_item_goes_with_its_attributes_and_comes_back() -> None:
    result = put(HANDLERS, REMOVE)
    assert result.text == "pub mod chat;\npub mod utils;\n\nuse chat::Chat;\n"
    assert put(result.text, REMOVE, owned=result.units) == result
    assert edits.standing("rust", result.text, result.units, path=PATH) == {
        "remove mod integration_tests": "present"
    }
    assert take(result.text, result.units) == HANDLERS


def test_an_item_comes_back_to_its_place_after_edits_around() -> None:
    result = put(HANDLERS, REMOVE)
    edited = "//! New.\n" + result.text.replace("use chat", "pub mod added;\n\nuse chat")
    assert take(edited, result.units) == "//! New.\n" + HANDLERS.replace(
        "use chat", "pub mod added;\n\nuse chat"
    )


def test_an_item_that_a_person_put_back_is_theirs() -> None:
    result = put(HANDLERS, REMOVE)
    assert put(HANDLERS, REMOVE, owned=result.units).text == HANDLERS
    assert edits.standing("rust", HANDLERS, result.units, path=PATH) == {
        "remove mod integration_tests": "edited"
    }


def test_an_item_to_remove_that_is_not_there_is_reported() -> None:
    with pytest.raises(CheckoutError, match=f"{PATH}: there is no `mod integration_tests`"):
        put(LIB, REMOVE)


def test_an_item_that_may_be_gone_already_is_removed_where_it_is_there() -> None:
    maybe = REMOVE.replace("\n", " if there\n")
    assert put(LIB, maybe) == edits.EditResult(LIB, ())
    result = put(HANDLERS, maybe)
    assert result == put(HANDLERS, REMOVE)
    assert put(result.text, maybe, owned=result.units) == result
    assert take(result.text, result.units) == HANDLERS


def test_a_place_that_is_gone_is_a_conflict() -> None:
    result = put(HANDLERS, REMOVE)
    with pytest.raises(ConflictError, match="can no longer be found"):
        take("fn all_new() {}\n", result.units)


@pytest.mark.parametrize(
    "memory",
    ["", "[" * 100_000, "[]", "{}", '{"text": "", "line": "1", "above": [], "below": []}',
     '{"text": "", "line": 1, "above": [1], "below": []}',
     '{"text": "", "line": 1, "above": [], "below": [], "more": 1}'],
    ids=["empty", "deep", "list", "no-keys", "type", "inner-type", "more-keys"],
)  # fmt: skip
def test_a_damaged_memory_of_an_item_is_refused(memory: str) -> None:
    unit = edits.Unit("remove mod integration_tests", edits.KEPT, memory)
    with pytest.raises(CheckoutError, match="'remove mod integration_tests' is damaged"):
        take(HANDLERS, (unit,))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 5), st.lists(st.sampled_from(RUST_FRAGMENTS), min_size=1, max_size=6))
def test_an_item_anywhere_comes_back(at: int, fragments: list[str]) -> None:
    pieces = [*fragments[:at], "#[cfg(test)]\nmod integration_tests;", *fragments[at:]]
    text = "\n\n".join(pieces) + "\n"
    result = put(text, REMOVE)
    assert take(result.text, result.units) == text


@pytest.mark.skipif(shutil.which("rustfmt") is None, reason="rustfmt is not installed")
@pytest.mark.parametrize("payload", [PAYLOAD, REMOVE], ids=["declare", "remove"])
def test_a_formatted_file_stays_formatted(payload: str) -> None:
    text = put(HANDLERS.replace("use chat::Chat;", "pub fn f() {}"), payload).text
    argv = ["rustfmt", "--edition", "2021", "--emit", "stdout"]
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=True)
    assert done.stdout == text
