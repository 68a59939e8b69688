"""Filling a stubbed Rust test module: a merge item by item, where the stub is the base."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
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
    def removal(self) -> tuple[int, int, str]:
        """The splice that takes it away."""
        return self.start, self.end + self.gap, ""


@dataclass(frozen=True)
class _Scope:
    """A file or an inline module: its items by name, and the byte behind its last one."""

    items: Mapping[str, _Item]
    end: int


@dataclass
class _Merge:
    """What to put where, what stayed as a person has it, the names of what a person deleted."""

    splices: list[tuple[int, int, str]] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    deleted: dict[str, set[str]] = field(default_factory=dict)
    filled: bool = False


def fill(mine: str, stub_base: str, full: str, *, path: str) -> tuple[str, tuple[str, ...]]:
    """The full module with a person's work kept, and the names of what is theirs; see `stubs.fill`.

    Raises:
        CheckoutError: `mine` does not parse, or filling it breaks it.
        KitError: The stub or the full module does not parse.
    """
    own = _scope_of(mine, path, CheckoutError)
    base, new = (_scope_of(text, path, KitError) for text in (stub_base, full))
    restored: set[str] = set()
    while True:
        merge = _Merge()
        _merge_scope(own, base, new, merge, "", restored)
        text = _spliced(mine.encode("utf-8"), merge.splices).decode("utf-8")
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


def _merge_scope(
    mine: _Scope,
    base: _Scope,
    new: _Scope,
    merge: _Merge,
    prefix: str,
    restored: Collection[str],
) -> None:
    for key, item in mine.items.items():
        stub, full = base.items.get(key), new.items.get(key)
        if full is not None and item.digest == full.digest:
            continue
        if stub is not None and item.digest == stub.digest:
            merge.splices.append((item.start, item.end, full.text) if full else item.removal)
            merge.filled = merge.filled or full is not None
        elif stub and full and item.inner and stub.inner and full.inner:
            _merge_scope(item.inner, stub.inner, full.inner, merge, f"{prefix}{key}::", restored)
        else:
            merge.kept.append(f"{prefix}{key}".split("@again")[0])
    _add_missing(mine, base, new, merge, prefix, restored)


def _add_missing(
    mine: _Scope,
    base: _Scope,
    new: _Scope,
    merge: _Merge,
    prefix: str,
    restored: Collection[str],
) -> None:
    """What the full module has beyond the stub, behind the item that it follows there."""
    keys = list(new.items)
    for at, key in enumerate(keys):
        if key in mine.items:
            continue
        if key in base.items and f"{prefix}{key}" not in restored:
            merge.deleted[f"{prefix}{key}"] = _bound(key, new.items[key])
            continue
        above = next((one for one in reversed(keys[:at]) if one in mine.items), None)
        place = mine.items[above].end if above else mine.end
        gap = "\n" if key.startswith("@use ") else "\n\n"
        merge.splices.append((place, place, gap + new.items[key].text))


def _bound(key: str, item: _Item) -> set[str]:
    """The names by which others mean an item; of tests nobody means one.

    An import is meant by whatever is filled: that of a trait is used without being named.
    """
    if key.startswith("@use "):
        return {_IMPORT}
    return set() if _TEST.search(item.text) else {key.split("@again")[0]}


def _spliced(data: bytes, splices: list[tuple[int, int, str]]) -> bytes:
    parts: list[bytes] = []
    place = 0
    for start, end, new in sorted(splices, key=lambda one: one[0]):
        parts += [data[place:start], new.encode("utf-8")]
        place = max(place, end)
    return b"".join([*parts, data[place:]])
