"""Filling a stubbed Vitest file: its statements, and those of its describes, for the merge."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scaffold.errors import CheckoutError, KitError, ScaffoldError
from scaffold.languages.stub_merge import Item, Scope, Splice, merged, spliced
from scaffold.languages.trees import text_of, within
from scaffold.languages.typescript.sameness import words_of
from scaffold.languages.typescript.stub import ALLOWED
from scaffold.languages.typescript.syntax import comments_above, parse, string_of
from scaffold.languages.typescript.tests import GROUPS, call_of, tests_of

if TYPE_CHECKING:
    from tree_sitter import Node

_NAME = re.compile(r"[A-Za-z_$][\w$]*")


def fill_stub(mine: str, stub_base: str, full: str, *, path: str) -> tuple[str, tuple[str, ...]]:
    """The full file with a person's work kept, and the names of what is theirs; see `stubs.fill`.

    Raises:
        CheckoutError: `mine` does not parse, or filling it breaks it.
        KitError: The stub or the full file does not parse.
    """
    newline = "\r\n" if "\r\n" in mine else "\n"
    # A person who took the head of the stub away keeps the rest all the same.
    mine = mine.removeprefix(ALLOWED.replace("\n", newline))

    def encoded(text: str) -> bytes:
        return text.replace("\n", newline).encode("utf-8")

    own = _top(mine, path, CheckoutError)
    base, new = (_top(text, path, KitError) for text in (stub_base.removeprefix(ALLOWED), full))
    text, kept = merged(
        own,
        base,
        new,
        lambda splices: spliced(mine.encode("utf-8"), splices, encoded).decode("utf-8"),
        lambda text, names, filled: _NAME.findall(text),
    )
    parse(path, text.encode("utf-8"), CheckoutError)
    return text, kept


def _top(text: str, path: str, error: type[ScaffoldError]) -> Scope:
    data = text.encode("utf-8")
    return _scope(parse(path, data, error), data, len(data.rstrip()))


def _scope(parent: Node, data: bytes, end: int) -> Scope:
    nodes = [node for node in parent.named_children if node.type not in ("comment", "empty")]
    items = [_item(node, data) for node in nodes]
    return Scope.of(items, next(iter(items), None), end)


def _item(node: Node, data: bytes) -> Item:
    above = [one for one in comments_above(node) if not _is_head(one)]
    top = above[0] if above else node
    start, end = top.start_byte, node.end_byte
    rest = data[end:]
    key = _key(node)
    return Item(
        key=key,
        label=key.removeprefix("@"),
        digest="\0".join(word for one in (*above, node) for word in words_of(one)),
        source=data[start:end].decode("utf-8").replace("\r\n", "\n"),
        start=start,
        end=end,
        removal=Splice(start, end + len(rest) - len(rest.lstrip(b"\r\n")), ""),
        gap=("\n" if node.type == "import_statement" else "\n\n") + " " * top.start_point[1],
        names=frozenset(_names(node)),
        inner=_inside(node, data),
    )


def _is_head(comment: Node) -> bool:
    """Whether it is the comment at the top of a file, which belongs to no statement."""
    return comment.start_point[0] == 0


def _inside(node: Node, data: bytes) -> Scope | None:
    found = call_of(node.named_children[0]) if node.named_children else None
    body = found.body if found is not None and found.word in GROUPS else None
    if body is None or body.type != "statement_block":
        return None
    return _scope(body, data, len(data[: body.end_byte - 1].rstrip()))


def _key(node: Node) -> str:
    """A name that lasts over an edit: the title, the name, what is imported, else the text."""
    found = call_of(node.named_children[0]) if node.type == "expression_statement" else None
    if found is not None:
        return found.title
    if node.type == "import_statement":
        return f"@import {string_of(node.child_by_field_name('source'))}"
    if names := _names(node):
        return names[0]
    # A loop around tests has them as a stub and in full.
    titles = [test.title for test in tests_of(node)]
    return f"@{', '.join(titles) or ' '.join(text_of(node).split())}"


def _names(node: Node) -> list[str]:
    """The names that a statement gives to others; nothing uses a test."""
    if node.type == "export_statement":
        node = node.child_by_field_name("declaration") or node
    if node.type == "import_statement":
        bound = (one for one in within(node) if one.type == "identifier")
        return [text_of(one) for one in bound]
    if node.type in ("lexical_declaration", "variable_declaration"):
        declared = [one.child_by_field_name("name") for one in node.named_children]
        return [name for one in declared for name in _NAME.findall(text_of(one))]
    name = text_of(node.child_by_field_name("name"))
    return [name] if name else []
