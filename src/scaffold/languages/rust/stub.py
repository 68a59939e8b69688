"""Stubs of Rust test modules: each test ignored, its body a `todo!` with what is to be proved.

A test that a macro makes is not seen by parsing and stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from scaffold.errors import CheckoutError, KitError
from scaffold.languages import KnownDefect, Todo
from scaffold.languages.rust.fill import is_head
from scaffold.languages.rust.symbols import parse
from scaffold.languages.rust.tests import RustTest, attribute, attributes, head_of, tests_of
from scaffold.languages.stub_merge import Splice, spliced
from scaffold.languages.trees import line_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

ALLOWED = "// A stub: what the bodies will use stays.\n#![allow(dead_code, unused_imports)]\n"


def make_stub(path: str, source: str) -> tuple[str, tuple[Todo, ...]]:
    """The stub of a test module and its todos; see `stubs.stub`.

    Raises:
        KitError: The module does not parse.
    """
    data = source.encode("utf-8")
    root = parse(path, data, KitError)
    tests = list(tests_of(root))
    if not tests and not _has_files(root):
        return source, ()
    splices: list[Splice] = []
    sentences: list[str] = []
    for test in tests:
        sentence = _sentence(test)
        sentences.append(sentence)
        splices += _as_todo(test, sentence)
    place = _behind_the_head(root)
    blank = "\n" if place and not data[:place].endswith(b"\n\n") else ""
    gap = "" if data[place : place + 1] == b"\n" else "\n"
    splices.append(Splice(place, place, f"{blank}{ALLOWED}{gap}"))
    text = spliced(data, splices, str.encode).decode("utf-8")
    return text, _todos(path, text, sentences)


def find_todos(path: str, source: bytes) -> list[bool]:
    """For each test of a module whether it is a todo.

    Raises:
        CheckoutError: It does not parse.
    """
    return [
        any(head_of(item) == "ignore" and "TODO:" in item for item in attributes(test.above))
        for test in tests_of(parse(path, source, CheckoutError))
    ]


def known_defects(path: str, source: bytes) -> list[KnownDefect]:
    """The known defects that the tests of a module declare, in order.

    Raises:
        CheckoutError: It does not parse.
    """
    found = tests_of(parse(path, source, CheckoutError))
    return [KnownDefect(path, test.name, test.reason) for test in found if test.reason]


def _has_files(root: Node) -> bool:
    """Whether modules in other files are declared: they inherit what is allowed here."""
    modules = [node for node in root.named_children if node.type == "mod_item"]
    return any(node.child_by_field_name("body") is None for node in modules)


def _sentence(test: RustTest) -> str:
    said = text_of(test.node.child_by_field_name("name")).replace("_", " ").strip()
    return f"{said} (known defect: {test.reason})" if test.reason else said


def _as_todo(test: RustTest, sentence: str) -> Iterator[Splice]:
    """The test ignored, without what it expects to fail today."""
    indent = " " * int(test.node.start_point[1])
    quoted = sentence.replace("\\", "\\\\").replace('"', '\\"')
    for item in test.above:
        if head_of(attribute(item)) in ("should_panic", "ignore"):
            following = item.next_sibling
            assert following is not None
            yield Splice(item.start_byte, following.start_byte, "")
    place = test.node.start_byte
    yield Splice(place, place, f'#[ignore = "TODO: {quoted}"]\n{indent}')
    body = test.node.child_by_field_name("body")
    assert body is not None
    yield Splice(body.start_byte, body.end_byte, f"{{\n{indent}    todo!()\n{indent}}}")


def _behind_the_head(root: Node) -> int:
    """Where an inner attribute can stand: after the comments at the top of the file."""
    place = 0
    for node in root.children:
        inner = text_of(node).startswith(("//!", "/*!"))
        if node.type == "inner_attribute_item" or inner or is_head(node):
            place = _line_end(node)
        elif not _is_comment(node):
            break
    return place


def _is_comment(node: Node) -> bool:
    return node.type in ("line_comment", "block_comment")


def _line_end(node: Node) -> int:
    # A doc comment holds its line end.
    return node.end_byte if text_of(node).endswith("\n") else node.end_byte + 1


def _todos(path: str, text: str, sentences: Sequence[str]) -> tuple[Todo, ...]:
    found = tests_of(parse(path, text.encode("utf-8"), KitError))
    return tuple(
        Todo(test.name, sentence, line_of(test.node))
        for test, sentence in zip(found, sentences, strict=True)
    )
