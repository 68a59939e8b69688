"""What of a TypeScript file its layout does not change: its words and comments, by parsing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from scaffold.errors import CheckoutError
from scaffold.languages.trees import text_of
from scaffold.languages.typescript.syntax import parse, string_of
from scaffold.system.reading import parsing

if TYPE_CHECKING:
    from tree_sitter import Node

_WHOLE = ("string", "string_fragment", "regex", "comment", "jsx_text", "number")
_CLOSING = (")", "]", "}", ">")
_JSX = ("jsx_element", "jsx_self_closing_element", "jsx_fragment")
_PLAIN_KEY = re.compile(r"[A-Za-z_$][\w$]*")


def meaning(path: str, source: bytes) -> tuple[str, ...]:
    """The words of a file, without what Biome sets and takes away.

    These are the kind of quotes, commas before a closing bracket, semicolons after statements,
    brackets around a single parameter or around JSX, and blanks in JSX.

    Raises:
        CheckoutError: The file does not parse.
    """
    with parsing(path, source):
        return tuple(words_of(parse(path, source, CheckoutError)))


def words_of(root: Node) -> list[str]:
    """The words of a tree."""
    words = list(_words(root))
    return [word for place, word in enumerate(words) if word != "," or _counts(words, place)]


def _counts(words: list[str], place: int) -> bool:
    """Whether a comma has a meaning: not before a closing bracket, but in `[,]` it has."""
    before, after = words[place - 1 : place], words[place + 1 : place + 2]
    return not after or after[0] not in _CLOSING or before in ([","], ["["])


def _words(root: Node) -> Iterator[str]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if _is_blank(node):
            continue
        if node.type in _WHOLE or not node.children:
            word = _word(node)
            if word:
                yield word
        else:
            waiting += reversed(_inside(node))


def _is_blank(node: Node) -> bool:
    """Whether it is `{" "}`, which keeps a blank of JSX at the end of a line."""
    inner = node.named_children if node.type == "jsx_expression" else []
    return len(inner) == 1 and (string_of(inner[0]) or "x").isspace()


def _word(node: Node) -> str:
    text = text_of(node)
    if node.type == ";":
        # In the head of a `for` it parts its three places; elsewhere a line end does as well.
        above = node.parent
        return text if above is not None and above.type == "for_statement" else ""
    if node.type == "comment":
        return "\n".join(line.strip() for line in text.strip().split("\n"))
    if node.type == "jsx_text":
        return " ".join(text.split())
    if node.type == "string":
        value = string_of(node)
        above = node.parent
        is_key = above is not None and above.type in ("pair", "property_signature")
        is_key = is_key and above is not None and above.named_children[0] == node
        return value if value and is_key and _PLAIN_KEY.fullmatch(value) else f'"{value}'
    return text


def _inside(node: Node) -> list[Node]:
    """What of a node counts: without brackets that a formatter sets."""
    inner = node.named_children
    if node.type == "parenthesized_expression" and inner and inner[0].type in _JSX:
        return inner
    if node.type == "formal_parameters" and len(inner) == 1 and inner[0].type != "comment":
        above, only = node.parent, inner[0]
        bare = len(only.children) == 1 and only.children[0].type == "identifier"
        if bare and above is not None and above.type == "arrow_function":
            return inner
    return node.children
