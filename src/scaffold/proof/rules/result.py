"""What is checked, and what a rule showed of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from scaffold.languages.rules import Hook, OwnRules
from scaffold.proof.rules.paths import Matches
from scaffold.proof.runner import Evidence, Progress, Subject, VerifyOptions


class Ruling(StrEnum):
    """What became of a rule."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"
    NO_FILES = "no files"
    """None of the files is one that the rule is for."""


@dataclass(frozen=True)
class Broken:
    """Where a rule is broken.

    Attributes:
        file: The file.
        line: 0 where it is the whole file.
        message: How it is broken.
        part: The part of the gap that writes the file; empty where the file has no part.
    """

    file: str
    line: int
    message: str
    part: str = ""

    def __str__(self) -> str:
        """On one line."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}"


@dataclass(frozen=True)
class RuleResult:
    """What one rule showed.

    Attributes:
        rule: Its name, with its version where it has one.
        place: File and line of the checkout that ask for it.
        ruling: What became of it.
        reason: Why it was not run.
        broken: Every place that breaks it.
        command: What shows or mends it; where it was not run, what makes it ready.
        missing: It could not be run since a program cannot be had.
    """

    rule: str
    place: str
    ruling: Ruling
    reason: str = ""
    broken: tuple[Broken, ...] = ()
    command: str = ""
    missing: bool = False

    def of_parts(self, owners: Mapping[str, str]) -> RuleResult:
        """The result, with the part that writes each broken file."""
        broken = (replace(item, part=owners.get(item.file, "")) for item in self.broken)
        return replace(self, broken=tuple(broken))

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> RuleResult:
        """The result that `dataclasses.asdict` gave."""
        broken = tuple(Broken(**item) for item in data["broken"])
        return RuleResult(**{**data, "ruling": Ruling(data["ruling"]), "broken": broken})


@dataclass(frozen=True)
class WrittenFile:
    """A file that was written, or edited: then `before` is what it was without our units.

    It is None where the file is wholly ours, and where it cannot be worked out.
    """

    path: str
    content: bytes
    before: bytes | None = None

    @cached_property
    def is_text(self) -> bool:
        """Whether it is text. Source: `is_text` of `identify`, which pre-commit asks."""
        return not self.content[:1024].translate(None, _TEXT)


_TEXT = bytes({7, 8, 9, 10, 11, 12, 13, 27} | set(range(0x20, 0x100)) - {0x7F})


@dataclass(frozen=True)
class Written:
    """All that the rules are run on.

    Attributes:
        subject: The gap.
        evidence: What running its tests showed.
        files: What it wrote and edited.
        rules: As they were read.
        matches: What the patterns of the hooks find in the files' names.
        options: See `VerifyOptions`.
        progress: Gets a line before what takes long.
    """

    subject: Subject
    evidence: Evidence
    files: Sequence[WrittenFile]
    rules: OwnRules
    matches: Matches
    options: VerifyOptions
    progress: Progress

    @property
    def root(self) -> Path:
        """The checkout."""
        return self.subject.checkout

    @property
    def before(self) -> dict[str, bytes]:
        """The edited files as they were without our units."""
        return {file.path: file.before for file in self.files if file.before is not None}

    def picked(self, hook: Hook, endings: Sequence[str] = ()) -> list[WrittenFile]:
        """The text files that a hook is for.

        Args:
            hook: Whose patterns hold.
            endings: How their names may end; all where there are none.
        """
        return [
            file
            for file in self.files
            if file.is_text
            and (not endings or file.path.endswith(tuple(endings)))
            and self.matches.fits(hook, file.path)
        ]


class Asked(Protocol):
    """What asks for a rule: a hook, or a script."""

    @property
    def label(self) -> str:
        """How the result is named."""

    @property
    def place(self) -> str:
        """File and line of it."""


def judged(
    asked: Asked, files: Sequence[WrittenFile], broken: Sequence[Broken], fix: str = ""
) -> RuleResult:
    """The result of a rule that was run on these files."""
    if not files:
        return RuleResult(asked.label, asked.place, Ruling.NO_FILES)
    if not broken:
        return RuleResult(asked.label, asked.place, Ruling.PASSED)
    return RuleResult(asked.label, asked.place, Ruling.FAILED, broken=tuple(broken), command=fix)


def left_out(asked: Asked, reason: str, command: str = "", *, missing: bool = False) -> RuleResult:
    """The result of a rule that was not run."""
    return RuleResult(
        asked.label, asked.place, Ruling.NOT_RUN, reason, command=command, missing=missing
    )


def broken_rules(rules: Sequence[RuleResult]) -> list[RuleResult]:
    """The rules that do not pass."""
    return [rule for rule in rules if rule.ruling is Ruling.FAILED]


def rule_problems(rules: Sequence[RuleResult], part: str | None = None) -> list[str]:
    """Each place that breaks a rule, with the rule; of one part, where it is given."""
    return [
        f"{item} (the checkout's own rule {rule.rule}, {rule.place})"
        for rule in broken_rules(rules)
        for item in rule.broken
        if part is None or item.part == part
    ]
