"""What the tests of the cargo runner share."""

from __future__ import annotations

import shutil
from typing import Protocol

import pytest

from scaffold.proof import verify
from scaffold.proof.outcome import Outcome
from scaffold.proof.runner import Subject, VerifyOptions


class Progress:
    """Keeps every line of progress."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, line: str) -> None:
        """Keep a line."""
        self.lines.append(line)


class Generate(Protocol):
    """Writes a generated test module into a crate, declares it, and returns the subject."""

    def __call__(
        self, source: str = ..., *, kill_pct: float | None = 90, crate: str = "fold"
    ) -> Subject:
        """The subject of this source; without one, of green tests."""


def hide(monkeypatch: pytest.MonkeyPatch, tool: str) -> None:
    """As on a machine without the tool."""
    real = shutil.which
    monkeypatch.setattr(
        shutil, "which", lambda name, **how: None if name == tool else real(name, **how)
    )


def prove(subject: Subject, options: VerifyOptions, progress: Progress) -> Outcome:
    return verify.verify(subject, options, progress)
