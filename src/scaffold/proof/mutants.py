"""Mutants of any tool: what one is, what became of it, and which are tried."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class MutantVerdict(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    """A test noticed it."""
    SURVIVED = "survived"
    """No test did."""
    TIMEOUT = "timeout"
    """The tests never ended: noticed as well."""
    UNVIABLE = "unviable"
    """It does not compile, or cannot even be imported: it shows nothing about the tests."""


@dataclass(frozen=True)
class Mutant:
    """One small fault: the whole mutated source, and where it differs.

    Attributes:
        id: Hash of path, function, operator and change: the same while these are, wherever the
            lines move.
        path: The mutated file, POSIX, relative to the checkout.
        operator: The name of the operator.
        line: Where the fault is, counted from 1.
        change: What is changed, in words or as `before -> after`.
        source: The mutated file.
    """

    id: str
    path: str
    operator: str
    line: int
    change: str
    source: str


@dataclass(frozen=True)
class Found:
    """The mutants of sources, and those that are left out by how they are made.

    Attributes:
        mutants: What is tried, in the order of its lines.
        annotations: Left out: they change annotations that nothing reads.
        equal_code: Left out: their compiled code is equal to the original's.
    """

    mutants: Sequence[Mutant]
    annotations: Sequence[Mutant] = ()
    equal_code: Sequence[Mutant] = ()

    def chosen(self, count: int | Literal["all"] | None, cut: tuple[int, int] | None) -> Found:
        """What the options ask for: a sample of all files together, then the cut of it.

        What is left out is so before a sample is drawn; each of it belongs to one cut.
        """
        mutants = sample(self.mutants, count) if isinstance(count, int) else self.mutants
        each = (mutants, self.annotations, self.equal_code)
        return Found(*(shard(items, *cut) for items in each) if cut else each)


def identity(*parts: str) -> str:
    """The id of a mutant that these parts name."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def sample(items: Iterable[Mutant], count: int) -> list[Mutant]:
    """At most `count` of them, the same on every machine; a larger sample holds the smaller."""
    pool = list(items)
    chosen = {item.id for item in sorted(pool, key=lambda item: _rank(item.id))[:count]}
    return [item for item in pool if item.id in chosen]


def shard(items: Iterable[Mutant], number: int, count: int) -> list[Mutant]:
    """Cut `number` (from 1) of `count`; the cuts are disjoint and together everything."""
    return [item for item in items if int(_rank(item.id)[:12], 16) % count == number - 1]


def _rank(identity: str) -> str:
    return hashlib.sha256(b"scaffold mutant " + identity.encode()).hexdigest()
