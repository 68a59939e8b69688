"""What a plan is made of: the request, one plan a gap, and the whole change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scaffold.checkout.find import Checkout, Findings
from scaffold.checkout.journal import Write
from scaffold.checkout.verdict import Mode
from scaffold.edits.conflicts import OnConflict
from scaffold.kit.catalog import Gap
from scaffold.kit.render import Rendered
from scaffold.plan.changes import Change


@dataclass(frozen=True)
class Request:
    """What was asked for: gaps with their answers, and how to treat what is in the way."""

    gaps: tuple[Gap, ...]
    answers: Mapping[str, Mapping[str, Any]]
    named: frozenset[str] = frozenset()
    stubs: bool = False
    on_conflict: OnConflict = OnConflict.REFUSE


@dataclass(frozen=True)
class GapPlan:
    """One gap in the plan: what it found, what it writes, and in which mode."""

    gap: Gap
    findings: Findings
    answers: Mapping[str, Any]
    mode: Mode
    digest: str
    rendered: Rendered
    stubs: Mapping[str, bytes] = field(default_factory=dict)
    todos: int = 0

    def left_out(self) -> list[str]:
        """What this checkout lacks, and the files of which nothing applies to it."""
        empty = [f"{path}: nothing of it applies to this checkout" for path in self.rendered.empty]
        return [*self.findings.left_out(), *empty]

    @property
    def files(self) -> Mapping[str, bytes]:
        """The files as they are to be written: stubs where stubs were asked for."""
        return self.stubs if self.mode is Mode.STUBS else self.rendered.files


@dataclass(frozen=True)
class Skipped:
    """A gap that bulk left out, and why."""

    gap: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """The whole change: shown, then applied as one transaction.

    `deletes` are files of the checkout, not of ours, that go.
    """

    checkout: Checkout
    gaps: tuple[GapPlan, ...]
    changes: tuple[Change, ...]
    skipped: tuple[Skipped, ...]
    writes: tuple[Write, ...]
    deletes: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What the undo history calls it."""
        return f"new {' '.join(plan.gap.slug for plan in self.gaps)}"

    def notes(self) -> list[str]:
        """What was left out: gaps of a bulk, and cases whose symbol this checkout lacks."""
        lines = [f"{item.gap}: {item.reason}" for item in self.skipped]
        for plan in self.gaps:
            lines += [f"{plan.gap.slug}: {line}" for line in plan.left_out()]
        return lines
