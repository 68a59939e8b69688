"""The functions of a Rust file by name, with the characters that they cover."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scaffold.errors import CheckoutError, ScaffoldError
from scaffold.languages.rust.symbols import (
    attributes_of,
    is_public,
    parse,
    type_name,
)
from scaffold.languages.trees import text_of

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True)
class Function:
    """A function: characters `start` to `end` with attributes and comments, `head` without."""

    name: str
    start: int
    head: int
    end: int
    public: bool

    def public_text(self, text: str) -> str:
        """Its text, with `pub` where it has no visibility."""
        word = "" if self.public else "pub "
        return text[self.start : self.head] + word + text[self.head : self.end]


def functions(text: str, path: str, error: type[ScaffoldError] = CheckoutError) -> list[Function]:
    """Every function of a file and of its `impl` blocks, as `name` or `Type.name`.

    Raises:
        ScaffoldError: Of the given class, where the file does not parse.
    """
    source = text.encode("utf-8")
    root = parse(path, source, error)
    return [_function(name, node, source) for name, node in _named(root)]


def find_function(text: str, name: str, path: str) -> Function | None:
    """The function of that name; None where there is none, or more than one.

    Raises:
        CheckoutError: The file does not parse.
    """
    found = [function for function in functions(text, path) if function.name == name]
    return found[0] if len(found) == 1 else None


def _named(root: Node) -> Iterator[tuple[str, Node]]:
    for node in root.named_children:
        if node.type == "function_item":
            yield text_of(node.child_by_field_name("name")), node
        elif node.type == "impl_item":
            body = node.child_by_field_name("body")
            for child in body.named_children if body is not None else ():
                if child.type == "function_item":
                    yield f"{type_name(node)}.{text_of(child.child_by_field_name('name'))}", child


def _function(name: str, node: Node, source: bytes) -> Function:
    above = attributes_of(node)
    first = above[0] if above else node
    places = (first.start_byte, node.start_byte, node.end_byte)
    start, head, end = (len(source[:at].decode("utf-8")) for at in places)
    return Function(name, start, head, end, is_public(node))
