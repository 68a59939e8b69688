"""A helper of Rust tests is used in its part or what that needs: the compiler warns of dead code.

Plano's own hook makes an error of it (`clippy -D warnings`), so such a part could not be committed.
A name that something else has too is taken for used.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from tree_sitter import Node

from kit.test_part_contract import RENDERINGS, over_its_needs
from scaffold import __version__
from scaffold.kit.cases import case_answers
from scaffold.kit.catalog import Gap
from scaffold.kit.render import render
from scaffold.languages.rust.symbols import attributes_of, parse
from scaffold.languages.trees import text_of, within
from support.rendering import KIT

HELPERS = {"function_item", "const_item", "static_item", "struct_item", "enum_item"}
NAMES = {"identifier", "type_identifier", "field_identifier", "shorthand_field_identifier"}
CALLED_FROM_OUTSIDE = re.compile(r"\btest\b|no_mangle|export_name")
CAPTURED = re.compile(r"\{(\w+)(?::[^}]*)?\}")
"""A name that a format string takes in."""


def helpers(root: Node) -> Iterator[str]:
    """The names of what a file of tests defines, but for tests and what a trait asks for."""
    for node in within(root):
        marks = [text_of(one) for one in attributes_of(node) if one.type == "attribute_item"]
        if node.type not in HELPERS or any(CALLED_FROM_OUTSIDE.search(mark) for mark in marks):
            continue
        around = node.parent.parent if node.parent is not None else None
        if around is not None and around.child_by_field_name("trait") is not None:
            continue  # what a trait asks for
        yield text_of(node.child_by_field_name("name"))


def names_in(root: Node) -> Iterator[str]:
    """Every name in a file, also those in its format strings."""
    for node in within(root):
        if node.type in NAMES:
            yield text_of(node)
        elif node.type == "string_content":
            yield from CAPTURED.findall(text_of(node))


def unused(files: Iterable[tuple[str, bytes]]) -> list[str]:
    """`file: name` of the helpers that nothing in these files uses."""
    roots = {path: parse(path, content) for path, content in files}
    used = Counter(name for root in roots.values() for name in names_in(root))
    return [
        f"{path}: {name}"
        for path, root in roots.items()
        for name in helpers(root)
        if used[name] < 2
    ]


def is_of_tests(gap: object) -> bool:
    """Whether a row writes Rust tests: what a crate offers may wait for its users."""
    assert isinstance(gap, Gap)
    return gap.language == "rust" and gap.run is not None and gap.run.tests


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gap", "case", "facts"), [one for one in RENDERINGS if is_of_tests(one.values[0])]
)
def test_a_helper_is_used_where_its_part_is_written(
    gap: Gap, case: str, facts: dict[str, Any]
) -> None:
    whole = render(KIT, gap, case_answers(gap, case), facts, __version__)
    dead = {}
    for part in gap.parts:
        files = over_its_needs(gap, whole, part.name).files
        rust = [(path, text) for path, text in files.items() if path.endswith(".rs")]
        if {*part.files} & {path for path, _ in rust} and (found := unused(rust)):
            dead[part.name] = found
    assert dead == {}


def test_a_helper_that_nothing_uses_is_seen() -> None:
    text = b"""
const A: u8 = 1;
const B: u8 = 2;
struct S;
impl Clone for S { fn clone(&self) -> S { S } }
impl S { fn lost(&self) {} fn kept(&self) {} }
#[test]
fn one() { S.kept(); println!("{A:?}"); }
"""
    assert unused([("a.rs", text)]) == ["a.rs: B", "a.rs: lost"]
