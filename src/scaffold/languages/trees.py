"""What every language asks of a tree of tree-sitter, which reads on where a file is broken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from scaffold.errors import ScaffoldError

if TYPE_CHECKING:
    from tree_sitter import Node


def whole(root: Node, path: str, error: type[ScaffoldError], hint: str) -> Node:
    """The root of a file's tree, where nothing between the items is broken.

    A broken body is the compiler's business: the items around it are still found.

    Raises:
        ScaffoldError: Of the given class; the line is named.
    """
    if root.has_error:
        top = [root] if root.is_error else root.children
        broken = next((node for node in top if node.is_error or node.is_missing), None)
        if broken is not None:
            raise error(f"{path}:{line_of(broken)} does not parse: {_excerpt(broken)}", hint)
    return root


def text_of(node: Node | None) -> str:
    """The source of a node; empty for none."""
    return "" if node is None or node.text is None else node.text.decode("utf-8", "replace")


def line_of(node: Node) -> int:
    """The line on which a node starts, counted from 1."""
    return int(node.start_point[0]) + 1


def within(root: Node) -> Iterator[Node]:
    """A node and all below it, in their order; a file may nest deeper than Python's stack."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(node.children)


def _excerpt(node: Node) -> str:
    text = " ".join(text_of(node).split())
    return f"`{text[:60]}…`" if len(text) > 60 else f"`{text}`"
