"""What a plan is made of: the request, one plan a gap, and the whole change."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from scaffold.checkout.find import Checkout, Findings
from scaffold.checkout.journal import Write
from scaffold.checkout.state import State
from scaffold.checkout.verdict import Mode
from scaffold.edits.conflicts import OnConflict
from scaffold.kit.catalog import EditSpec, Gap
from scaffold.kit.parts import edits_with, label_of, names_of, owner_of
from scaffold.kit.render import Rendered
from scaffold.plan.changes import Action, Change


@dataclass(frozen=True)
class Request:
    """What was asked for: gaps with their answers, and how to treat what is in the way.

    Attributes:
        gaps: The rows.
        answers: By gap.
        named: Those that were asked for by name.
        stubs: Every test a todo.
        on_conflict: What to do where a person's work is in the way.
        parts: By gap the parts that are meant; a gap that is not in it is meant whole.
        next_part: Of each gap only the first part that is not here.
        waiting: Gaps of which nothing is to be written, and why.
        state: Whether git carries the state, a word of `InGit`; None leaves it as it is.
    """

    gaps: tuple[Gap, ...]
    answers: Mapping[str, Mapping[str, Any]]
    named: frozenset[str] = frozenset()
    stubs: bool = False
    on_conflict: OnConflict = OnConflict.REFUSE
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    next_part: bool = False
    waiting: Mapping[str, str] = field(default_factory=dict)
    state: str | None = None

    def picked(self, gap: Gap) -> tuple[str, ...]:
        """The parts that are meant of a gap."""
        return self.parts.get(gap.slug, names_of(gap))


@dataclass(frozen=True)
class GapPlan:
    """One gap in the plan: what it found, and what it writes.

    Attributes:
        gap: The row.
        findings: What the checkout has of it.
        answers: To its questions.
        picked: The parts that this plan is about.
        modes: The parts that are there afterwards: name -> mode.
        digest: Of all that is there afterwards.
        rendered: The same, without stubs.
        touched: The files that this plan is about; others stay as they are.
        stubs: Files with every test a todo.
        todos: How many of them.
        places: Where the files are that its edits name and that moved; empty for one that is gone.
    """

    gap: Gap
    findings: Findings
    answers: Mapping[str, Any]
    picked: tuple[str, ...]
    modes: Mapping[str, Mode]
    digest: str
    rendered: Rendered
    touched: frozenset[str]
    stubs: Mapping[str, bytes] = field(default_factory=dict)
    todos: int = 0
    places: Mapping[str, str] = field(default_factory=dict)

    def left_out(self) -> list[str]:
        """What this checkout lacks, and the files of which nothing applies to it."""
        empty = [f"{path}: nothing of it applies to this checkout" for path in self.rendered.empty]
        return [*self.findings.left_out(), *empty]

    @property
    def mode(self) -> Mode:
        """`stubs` where a part of it is."""
        return Mode.STUBS if Mode.STUBS in self.modes.values() else Mode.FULL

    @property
    def files(self) -> Mapping[str, bytes]:
        """The files as they are to be written: stubs where stubs were asked for."""
        return {
            path: self.stubs[path] if self.mode_of(path) is Mode.STUBS else content
            for path, content in self.rendered.files.items()
        }

    @property
    def edits(self) -> tuple[EditSpec, ...]:
        """The edits of the parts that are there afterwards; a file that moved is edited there."""
        payloads = edits_with(self.gap, self.modes)
        wanted = (spec for spec in self.gap.edits if spec.payload in payloads)
        placed = (replace(one, path=self.places.get(one.path, one.path)) for one in wanted)
        return tuple(one for one in placed if one.path)

    @property
    def complete(self) -> bool:
        """Whether every part of the gap is there afterwards."""
        return set(names_of(self.gap)) <= self.modes.keys()

    @property
    def whole(self) -> bool:
        """Whether the plan is about every file that is there afterwards."""
        return self.touched >= self.rendered.files.keys()

    @property
    def name(self) -> str:
        """The gap, with its parts where not all of them are meant."""
        if set(names_of(self.gap)) <= set(self.picked):
            return self.gap.slug
        return " ".join(f"{self.gap.slug}:{part}" for part in self.picked)

    def untried(self, ran: Collection[str]) -> list[str]:
        """The parts of this plan that have tests, but none of those that ran is theirs."""
        from scaffold.languages import stubs

        having = {
            owner_of(self.gap, path)
            for path, content in self.files.items()
            if stubs.todos_in(path, content)
        }
        return [part for part in self.concerned if part in having - set(ran)]

    @property
    def concerned(self) -> tuple[str, ...]:
        """The parts of which this plan may write a file, in the order of the gap."""
        owners = {owner_of(self.gap, path) for path in self.touched}
        return tuple(name for name in self.modes if name in self.picked or name in owners)

    def mode_of(self, path: str) -> Mode:
        """The mode in which a file is written."""
        return self.modes[owner_of(self.gap, path)]


@dataclass(frozen=True)
class Skipped:
    """A gap that bulk left out, or a part that is not as declared in this checkout, and why."""

    gap: str
    reason: str
    part: str = ""

    @property
    def name(self) -> str:
        """The gap, with the part where it is one of several."""
        return label_of((self.gap, self.part))


@dataclass(frozen=True)
class Plan:
    """The whole change: shown, then applied as one transaction.

    `deletes` are files of the checkout, not of ours, that go; `state` is what is remembered then.
    """

    checkout: Checkout
    gaps: tuple[GapPlan, ...]
    changes: tuple[Change, ...]
    skipped: tuple[Skipped, ...]
    writes: tuple[Write, ...]
    state: State
    deletes: tuple[str, ...] = ()

    @property
    def moves(self) -> tuple[str, ...]:
        """The files of the checkout that move, each as `place -> new place`."""
        found = (change for change in self.changes if change.action is Action.MOVE)
        return tuple(f"{change.source} -> {change.path}" for change in found)

    @property
    def label(self) -> str:
        """What the undo history calls it."""
        return f"new {' '.join(plan.name for plan in self.gaps)}"

    def notes(self) -> list[str]:
        """What was left out: gaps of a bulk, and cases whose symbol this checkout lacks."""
        lines = [f"left out: {item.name}: {item.reason}" for item in self.skipped]
        for plan in self.gaps:
            lines += [f"left out of {plan.gap.slug}: {line}" for line in plan.left_out()]
        return lines
