"""Filling a stubbed Rust test module: a merge item by item, where the stub is the base."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scaffold.errors import CheckoutError, KitError, ScaffoldError
from scaffold.symbols_rust import attributes_of, parse, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_TEST = re.compile(r"#\[(?:\w+::)*test\b")
_IMPORT = "use"
_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class _Item:
    """An item with what stands above it: its bytes in the file, its text, its own items.

    `gap` is how many line ends follow it.
    """

    start: int
    end: int
    text: str
    gap: int
    inner: _Scope | None = None

    @property
    def digest(self) -> str:
        """The text without how it is laid out."""
        return " ".join(self.text.split())

    @property
    def removal(self) -> Splice:
        """What takes it away."""
        return Splice(self.start, self.end + self.gap, "")

    def replaced(self, text: str) -> Splice:
        """What puts another text in its place."""
        return Splice(self.start, self.end, text)


@dataclass(frozen=True)
class _Scope:
    """A file or an inline module: its items by name, and the byte behind its last one."""

    items: Mapping[str, _Item]
    end: int


@dataclass(frozen=True)
class Splice:
    """A stretch of a file, by bytes, and what stands there afterwards."""

    start: int
    end: int
    new: str


@dataclass(frozen=True)
class _Sides:
    """The same scope as a person left it, as the stub was, and as it is rendered now."""

    mine: _Scope
    base: _Scope
    new: _Scope
    prefix: str = ""

    def inside(self, key: str) -> _Sides | None:
        """The sides of an inline module that all three have; None for anything else."""
        items = [scope.items.get(key) for scope in (self.mine, self.base, self.new)]
        mine, base, new = (item.inner if item is not None else None for item in items)
        if mine is None or base is None or new is None:
            return None
        return _Sides(mine, base, new, f"{self.prefix}{key}::")


@dataclass
class _Merge:
    """What to put where, what stayed as a person has it, the names of what a person deleted.

    Deleted items come back that `restored` names.
    """

    restored: Collection[str]
    splices: list[Splice] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    deleted: dict[str, set[str]] = field(default_factory=dict)
    filled: bool = False

    def scope(self, sides: _Sides) -> None:
        """Merge a file or an inline module."""
        for key, item in sides.mine.items.items():
            stub, full = sides.base.items.get(key), sides.new.items.get(key)
            if full is not None and item.digest == full.digest:
                continue
            if stub is not None and item.digest == stub.digest:
                self.splices.append(item.replaced(full.text) if full else item.removal)
                self.filled = self.filled or full is not None
            elif inner := sides.inside(key):
                self.scope(inner)
            else:
                self.kept.append(f"{sides.prefix}{key}".split("@again")[0])
        self._add_missing(sides)

    def _add_missing(self, sides: _Sides) -> None:
        """What the full module has beyond the stub, behind the item that it follows there."""
        there, keys = sides.mine.items, list(sides.new.items)
        for at, key in enumerate(keys):
            if key in there:
                continue
            name = f"{sides.prefix}{key}"
            if key in sides.base.items and name not in self.restored:
                self.deleted[name] = _bound(key, sides.new.items[key])
                continue
            above = next((one for one in reversed(keys[:at]) if one in there), None)
            place = there[above].end if above else sides.mine.end
            gap = "\n" if key.startswith("@use ") else "\n\n"
            self.splices.append(Splice(place, place, gap + sides.new.items[key].text))


def fill(mine: str, stub_base: str, full: str, *, path: str) -> tuple[str, tuple[str, ...]]:
    """The full module with a person's work kept, and the names of what is theirs; see `stubs.fill`.

    Raises:
        CheckoutError: `mine` does not parse, or filling it breaks it.
        KitError: The stub or the full module does not parse.
    """
    own = _scope_of(mine, path, CheckoutError)
    base, new = (_scope_of(text, path, KitError) for text in (stub_base, full))
    sides = _Sides(own, base, new)
    restored: set[str] = set()
    while True:
        merge = _Merge(restored)
        merge.scope(sides)
        text = spliced(mine.encode("utf-8"), merge.splices).decode("utf-8")
        used = set(_NAME.findall(text)) | ({_IMPORT} if merge.filled else set())
        needed = {key for key, names in merge.deleted.items() if used & names}
        if not needed:
            break
        restored |= needed
    _scope_of(text, path, CheckoutError)
    return text, tuple(merge.kept)


def _scope_of(text: str, path: str, error: type[ScaffoldError]) -> _Scope:
    data = text.encode("utf-8")
    return _scope(parse(path, data, error), data, len(data.rstrip()))


def _scope(parent: Node, data: bytes, end: int) -> _Scope:
    items: dict[str, _Item] = {}
    for node in parent.named_children:
        if node.type in ("line_comment", "block_comment", "attribute_item"):
            continue
        above = attributes_of(node)
        start = (above[0] if above else node).start_byte
        body = node.child_by_field_name("body")
        inner = None
        if node.type == "mod_item" and body is not None:
            inner = _scope(body, data, len(data[: body.end_byte - 1].rstrip()))
        key = _key(node)
        again = sum(1 for other in items if other.split("@again")[0] == key)
        rest = data[node.end_byte :]
        gap = len(rest) - len(rest.lstrip(b"\r\n"))
        text = data[start : node.end_byte].decode("utf-8")
        item = _Item(start, node.end_byte, text, gap, inner)
        items[f"{key}@again{again}" if again else key] = item
    return _Scope(items, end)


def _key(node: Node) -> str:
    """A name that lasts over an edit: what the item is called, else what it says."""
    name = text_of(node.child_by_field_name("name"))
    if node.type == "impl_item":
        parts = [text_of(node.child_by_field_name(part)) for part in ("trait", "type")]
        return " for ".join(part for part in parts if part)
    return name or f"@{' '.join(text_of(node).split())}"


def _bound(key: str, item: _Item) -> set[str]:
    """The names by which others mean an item; of tests nobody means one.

    An import is meant by whatever is filled: that of a trait is used without being named.
    """
    if key.startswith("@use "):
        return {_IMPORT}
    return set() if _TEST.search(item.text) else {key.split("@again")[0]}


def spliced(data: bytes, splices: Sequence[Splice]) -> bytes:
    """A file after some splices; at one place, in their order."""
    parts: list[bytes] = []
    place = 0
    for splice in sorted(splices, key=lambda one: one.start):
        parts += [data[place : splice.start], splice.new.encode("utf-8")]
        place = max(place, splice.end)
    return b"".join([*parts, data[place:]])
