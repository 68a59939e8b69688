"""Where the members of a JSON text are, to the character, by tree-sitter."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from scaffold.errors import CheckoutError, ScaffoldError
from scaffold.system.invocation import quoted

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

Path = tuple[str, ...]
_COMMENTED = ("tsconfig*.json", "jsconfig*.json", "turbo.json", "*.jsonc")
"""Files whose tools read comments; elsewhere one is an error, as it is for npm."""


@dataclass(frozen=True)
class Value:
    """A value: `start` to `end` is the whole of it; `plain` is what it comes to."""

    start: int
    end: int
    plain: Any
    members: tuple[Member, ...] = ()


@dataclass(frozen=True)
class Member:
    """An entry of an object, or an element of an array (which has no key)."""

    start: int
    end: int
    value: Value
    key: str | None = None


# Every unit of a payload looks for its place in the same text.
@lru_cache(maxsize=16)
def scan(text: str, path: str, error: type[ScaffoldError] = CheckoutError) -> Value:
    """The value of a text, which may begin with a byte order mark.

    Raises:
        ScaffoldError: Of the given class: it does not parse, has a comma before a closing bracket,
            a key twice, or a comment where its tool reads none.
    """
    return _Reader(text, path, error).whole()


class _Reader:
    """Reads the tree; the places are those of characters."""

    def __init__(self, text: str, path: str, error: type[ScaffoldError]) -> None:
        self.path, self.error = path, error
        self.lead = len(text) - len(text.removeprefix("\ufeff"))
        self.data = text[self.lead :].encode("utf-8")
        self.inside = [at for at, byte in enumerate(self.data) if byte & 0xC0 == 0x80]
        name = PurePosixPath(path)
        self.commented = any(name.match(pattern) for pattern in _COMMENTED)

    def whole(self) -> Value:
        root = _parser().parse(self.data).root_node
        for node in _nodes(root):
            if node.is_error and node.text and node.text.strip(b", \t\r\n") == b"":
                raise self._fault(node, ": a comma with no value after it")
            if node.is_error or node.is_missing:
                raise self._fault(node)
            if node.type == "comment" and not self.commented:
                raise self._fault(node, ": a comment, which its tool does not read")
        values = [node for node in root.named_children if node.type != "comment"]
        if len(values) != 1:
            raise self._fault(root, f": {len(values)} values, not one")
        return self._value(values[0])

    def _value(self, node: Node) -> Value:
        start, end = self._place(node.start_byte), self._place(node.end_byte)
        inner = [child for child in node.named_children if child.type != "comment"]
        if node.type == "object":
            members = tuple(self._pair(child) for child in inner)
            plain = {member.key: member.value.plain for member in members}
            if len(plain) != len(members):
                keys = [member.key for member in members]
                at = next(at for at, key in enumerate(keys) if key in keys[:at])
                raise self._fault(inner[at], f": the key {json.dumps(keys[at])} is there twice")
            return Value(start, end, plain, members)
        if node.type == "array":
            elements = [self._value(child) for child in inner]
            members = tuple(Member(one.start, one.end, one) for one in elements)
            return Value(start, end, [one.plain for one in elements], members)
        return Value(start, end, self._plain(node))

    def _pair(self, node: Node) -> Member:
        key, value = (node.child_by_field_name(name) for name in ("key", "value"))
        if key is None or value is None or key.type != "string":
            raise self._fault(node)
        start, end = self._place(node.start_byte), self._place(node.end_byte)
        return Member(start, end, self._value(value), self._plain(key))

    def _plain(self, node: Node) -> Any:
        try:
            value = json.loads(node.text or b"")
            json.dumps(value, ensure_ascii=False).encode("utf-8")
            return value
        except ValueError:
            raise self._fault(node) from None

    def _place(self, at: int) -> int:
        # A character of several bytes counts once.
        return self.lead + at - bisect_left(self.inside, at)

    def _fault(self, node: Node, why: str = "") -> ScaffoldError:
        line = node.start_point[0] + 1
        return self.error(
            f"{self.path}:{line} does not parse{why}", f"sed -n {line}p {quoted(self.path)}"
        )


def _nodes(root: Node) -> Iterator[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(node.children)


@cache
def _parser() -> Parser:
    import tree_sitter_json
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_json.language()))
