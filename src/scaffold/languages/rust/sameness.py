"""What of a Rust file its layout does not change: its words and comments, by parsing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from scaffold.errors import CheckoutError
from scaffold.languages.rust.symbols import parse
from scaffold.languages.trees import text_of
from scaffold.system.reading import parsing

if TYPE_CHECKING:
    from tree_sitter import Node

_WHOLE = frozenset(
    {"line_comment", "block_comment", "string_literal", "raw_string_literal", "char_literal"}
)
_CLOSING = {")": "(", "]": "[", "}": "{", ">": "<"}
_BEFORE_A_TUPLE = frozenset(
    ("return", "in", "let", "match", "if", "while", "for", "else", "mut", "ref", "=>", "->")
)


def meaning(path: str, source: bytes) -> tuple[str, ...]:
    """The words of a file, without the commas that rustfmt sets and takes away.

    Raises:
        CheckoutError: The file does not parse.
    """
    with parsing(path, source):
        words = list(_words(parse(path, source, CheckoutError)))
    return tuple(word for place, word in enumerate(words) if word != "," or _counts(words, place))


def _counts(words: list[str], place: int) -> bool:
    """Whether a comma has a meaning: not after a block, nor before a bracket that closes.

    The one comma of `(x,)` does: it makes a tuple.
    """
    before, after = words[place - 1], words[place + 1] if place + 1 < len(words) else ""
    if before == "}":
        return False
    if after not in _CLOSING:
        return True
    return after == ")" and _is_tuple_of_one(words, place)


def _is_tuple_of_one(words: list[str], place: int) -> bool:
    depth = 0
    for at in range(place - 1, -1, -1):
        word = words[at]
        if word in (")", "]", "}"):
            depth += 1
        elif word in ("(", "[", "{"):
            depth -= 1
            if depth < 0:
                lead = words[at - 1] if at else ""
                called = lead[-1:].isalnum() or lead[-1:] in ("_", "!", ")", "]", ">")
                return not called or lead in _BEFORE_A_TUPLE
        elif word == "," and depth == 0:
            return False
    return False


def _words(root: Node) -> Iterator[str]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.type in _WHOLE or not node.children:
            word = text_of(node)
            if node.type.endswith("_comment"):
                word = "\n".join(line.strip() for line in word.strip().split("\n"))
            if word:
                yield word
        else:
            waiting += reversed(node.children)
