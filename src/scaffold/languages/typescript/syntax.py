"""TypeScript sources by tree-sitter: the one door to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from scaffold.errors import CheckoutError, ScaffoldError
from scaffold.languages.trees import line_of, text_of, whole
from scaffold.system.invocation import quoted

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(\r?\n)|(.))")


def parse(path: str, source: bytes, error: type[ScaffoldError] = CheckoutError) -> Node:
    """The root of a file's tree.

    Raises:
        ScaffoldError: Of the given class, where text between the statements does not parse.
    """
    # JSX and `<T>value` exclude each other: the ending decides, as for the compiler.
    root = _parser(path.endswith("x")).parse(source).root_node
    return whole(root, path, error, f"npx tsc --noEmit {quoted(path)}")


@cache
def _parser(jsx: bool) -> Parser:
    import tree_sitter_typescript as grammar
    from tree_sitter import Language, Parser

    return Parser(Language(grammar.language_tsx() if jsx else grammar.language_typescript()))


def string_of(node: Node | None) -> str | None:
    """The value of a string, or of a template without a value in it; None for all else."""
    if node is None or node.type not in ("string", "template_string"):
        return None
    if any(child.type == "template_substitution" for child in node.children):
        return None
    return _ESCAPE.sub(_unescaped, text_of(node)[1:-1])


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2] or found[3]
    if code:
        return chr(int(code, 16)) if int(code, 16) <= 0x10FFFF else ""
    return "" if found[4] else _ESCAPES.get(found[5], found[5])


def comments_above(node: Node) -> list[Node]:
    """The comments right above a statement, from the top; one of the line before it is not."""
    found: list[Node] = []
    below, above = node, node.prev_sibling
    while above is not None and above.type == "comment":
        before = above.prev_sibling
        shares = before is not None and before.end_point[0] == above.start_point[0]
        if below.start_point[0] - above.end_point[0] > 1 or shares:
            break
        found.append(above)
        below, above = above, before
    return found[::-1]


def comment_text(nodes: list[Node]) -> str:
    """The words of comments, without their signs."""
    return "\n".join(line for node in nodes for line in _comment_lines(text_of(node)))


def _comment_lines(text: str) -> Iterator[str]:
    for line in text.removesuffix("*/").split("\n"):
        yield re.sub(r"^\s*(?:///?|/\*+|\*)?\s?", "", line).strip()


__all__ = ["comment_text", "comments_above", "line_of", "parse", "string_of", "text_of"]
