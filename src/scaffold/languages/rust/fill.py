"""Filling a stubbed Rust test module: its items, and those of its inline modules, for the merge."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from scaffold.errors import CheckoutError, KitError, ScaffoldError
from scaffold.languages.rust.symbols import attributes_of, parse
from scaffold.languages.stub_merge import Item, Scope, Splice, merged, spliced
from scaffold.languages.trees import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_TEST = re.compile(r"#\[(?:\w+::)*test\b")
_IMPORT = "use"
_NAME = re.compile(r"[A-Za-z_]\w*")
_COMMENTS = ("line_comment", "block_comment")
_ABOVE = (*_COMMENTS, "attribute_item")
"""What belongs to the item below."""


def fill_stub(mine: str, stub_base: str, full: str, *, path: str) -> tuple[str, tuple[str, ...]]:
    """The full module with a person's work kept, and the names of what is theirs; see `stubs.fill`.

    Raises:
        CheckoutError: `mine` does not parse, or filling it breaks it.
        KitError: The stub or the full module does not parse.
    """
    newline = "\r\n" if "\r\n" in mine else "\n"

    def encoded(text: str) -> bytes:
        return text.replace("\n", newline).encode("utf-8")

    own = _top(mine, path, CheckoutError)
    base, new = (_top(text, path, KitError) for text in (stub_base, full))
    text, kept = merged(
        own,
        base,
        new,
        lambda splices: spliced(mine.encode("utf-8"), splices, encoded).decode("utf-8"),
        # An import is needed by whatever is filled: that of a trait is used without being named.
        lambda text, _, filled: {*_NAME.findall(text), *([_IMPORT] if filled else [])},
    )
    parse(path, text.encode("utf-8"), CheckoutError)
    return text, kept


def is_head(node: Node) -> bool:
    """Whether it is the plain comment at the top of a file, which belongs to no item."""
    if node.type not in _COMMENTS or node.start_point[0] > 0:
        return False
    below = node.next_sibling
    is_doc = text_of(node).startswith(("///", "/**"))
    return not is_doc and (below is None or below.type != "inner_attribute_item")


def _top(text: str, path: str, error: type[ScaffoldError]) -> Scope:
    data = text.encode("utf-8")
    return _scope(parse(path, data, error), data, len(data.rstrip()))


def _scope(parent: Node, data: bytes, end: int) -> Scope:
    nodes = [node for node in parent.named_children if node.type not in _ABOVE]
    items = [_item(node, data) for node in nodes]
    others = (item for item in items if not item.key.startswith("@#!["))
    return Scope.of(items, next(others, None), end)


def _item(node: Node, data: bytes) -> Item:
    top = next((one for one in attributes_of(node) if not is_head(one)), node)
    start, end = top.start_byte, node.end_byte
    source = data[start:end].decode("utf-8")
    rest = data[end:]
    line_ends = len(rest) - len(rest.lstrip(b"\r\n"))
    key = _key(node)
    return Item(
        key=key,
        label=key.removeprefix("@"),
        digest=" ".join(source.split()),
        source=source,
        start=start,
        end=end,
        removal=Splice(start, end + line_ends, ""),
        gap=("\n" if key.startswith("@use ") else "\n\n") + " " * top.start_point[1],
        names=frozenset(_names(key, source)),
        inner=_inside(node, data),
    )


def _inside(node: Node, data: bytes) -> Scope | None:
    body = node.child_by_field_name("body")
    if node.type != "mod_item" or body is None:
        return None
    return _scope(body, data, len(data[: body.end_byte - 1].rstrip()))


def _key(node: Node) -> str:
    """A name that lasts over an edit: the item's name, else its text."""
    name = text_of(node.child_by_field_name("name"))
    if node.type == "impl_item":
        parts = [text_of(node.child_by_field_name(part)) for part in ("trait", "type")]
        return " for ".join(part for part in parts if part)
    return name or f"@{' '.join(text_of(node).split())}"


def _names(key: str, source: str) -> Iterator[str]:
    """The names by which other code uses an item; nothing uses a test."""
    if key.startswith("@use "):
        yield _IMPORT
    elif not _TEST.search(source):
        yield key
