"""Three-way merge of named items: a file as a person left it, the stub as its base, the full file.

A language parses its files into scopes of items; which item stays, goes, is filled or comes back
is decided here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import AnyStr

_AGAIN = "@again"


@dataclass(frozen=True)
class Splice:
    """A stretch of a file, by offsets, and what stands there afterwards (in LF)."""

    start: int
    end: int
    new: str


@dataclass(frozen=True)
class Item:
    """A statement or an item of a file, with the comments above it.

    `key` lasts over an edit; `label` is for messages. `digest` ignores layout. `source` has LF.
    `start` and `end` are offsets of the file, `removal` takes the item out. `gap` parts it from
    the item above, with the indentation where `start` comes after that. `names` are those by which
    other code uses it. `inner` holds its own items where they are merged one by one.
    """

    key: str
    label: str
    digest: str
    source: str
    start: int
    end: int
    removal: Splice
    gap: str
    names: frozenset[str] = frozenset()
    inner: Scope | None = None


@dataclass(frozen=True)
class Scope:
    """A file, or the body of a class or module: its items, in order.

    `first` is the first item that another can be put above, `end` the offset after the content.
    """

    items: Mapping[str, Item]
    first: Item | None
    end: int

    @classmethod
    def of(cls, items: Iterable[Item], first: Item | None, end: int) -> Scope:
        """A scope of items, of which several may have one key."""
        found: dict[str, Item] = {}
        times: Counter[str] = Counter()
        for item in items:
            again = times[item.key]
            found[f"{item.key}{_AGAIN}{again}" if again else item.key] = item
            times[item.key] += 1
        return cls(found, first, end)

    def insertion(self, item: Item, above: Item | None) -> Splice:
        """What puts an item after the one above it, or at the top."""
        if above is not None:
            return Splice(above.end, above.end, item.gap + item.source)
        if self.first is not None:
            gap = max(item.gap, self.first.gap, key=len)
            return Splice(self.first.start, self.first.start, item.source + gap)
        new = item.gap + item.source if self.end else f"{item.source}\n"
        return Splice(self.end, self.end, new)


Write = Callable[[Sequence[Splice]], str]
"""The person's file after some splices."""
Uses = Callable[[str, Collection[str], bool], Collection[str]]
"""(text, names, whether a test was filled) -> those of the names that the text needs."""


def merged(
    mine: Scope, base: Scope, new: Scope, write: Write, uses: Uses
) -> tuple[str, tuple[str, ...]]:
    """The person's file with every untouched item filled, and the names of what is theirs.

    What the person deleted comes back where a filled item needs it.
    """
    restored: set[str] = set()
    while True:
        merge = _Merge(restored)
        merge.scope(mine, base, new)
        text = write(merge.splices)
        names = frozenset[str]().union(*merge.deleted.values())
        used = frozenset(uses(text, names, merge.filled))
        needed = {key for key, given in merge.deleted.items() if given & used}
        if not needed:
            return text, tuple(merge.kept)
        restored |= needed


def spliced(text: AnyStr, splices: Iterable[Splice], encoded: Callable[[str], AnyStr]) -> AnyStr:
    """A text after some splices; at one place, in their order."""
    result, place = text[:0], 0
    for splice in sorted(splices, key=lambda one: one.start):
        result += text[place : splice.start] + encoded(splice.new)
        place = max(place, splice.end)
    return result + text[place:]


@dataclass
class _Merge:
    """What to put where, what stayed as a person has it, and what a person deleted.

    Deleted items come back that `restored` names.
    """

    restored: Collection[str]
    splices: list[Splice] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    deleted: dict[str, frozenset[str]] = field(default_factory=dict)
    filled: bool = False

    def scope(self, mine: Scope, base: Scope, new: Scope, prefix: str = "") -> None:
        """Merge one scope and those inside it."""
        for key, item in mine.items.items():
            stub, full = base.items.get(key), new.items.get(key)
            if full is not None and item.digest == full.digest:
                continue
            if stub is not None and item.digest == stub.digest:
                self._fill(item, full)
            elif item.inner and stub and stub.inner and full and full.inner:
                self.scope(item.inner, stub.inner, full.inner, f"{prefix}{key}::")
            else:
                self.kept.append(prefix + item.label)
        self._add_missing(mine, base, new, prefix)

    def _fill(self, item: Item, full: Item | None) -> None:
        if full is None:
            self.splices.append(item.removal)
        else:
            self.splices.append(Splice(item.start, item.end, full.source))
            self.filled = True

    def _add_missing(self, mine: Scope, base: Scope, new: Scope, prefix: str) -> None:
        """What the full file has beyond the stub, after the item that it follows there."""
        above: Item | None = None
        for key, item in new.items.items():
            if key in mine.items:
                above = mine.items[key]
            elif key in base.items and prefix + key not in self.restored:
                self.deleted[prefix + key] = item.names
            else:
                self.splices.append(mine.insertion(item, above))
                self.filled = True
