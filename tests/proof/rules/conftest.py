"""A checkout with rules, and a gap in it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from scaffold.checkout.state import EditRecord
from scaffold.kit.catalog import RunSpec
from scaffold.proof.outcome import Outcome
from scaffold.proof.runner import Subject, SubjectTarget, VerifyOptions
from scaffold.proof.verify import verify
from support.tree import write_files

CLEAN = 'from limits import limited\n\n\ndef test_limited():\n    assert limited(20) == 10, "a"\n'
Prove = Callable[..., Outcome]


def black_config(rev: str = "", more: str = "") -> str:
    """A hook of black, of the version that is installed unless another is named."""
    return (
        "repos:\n  - repo: https://github.com/psf/black\n"
        f"    rev: {rev or version('black')}\n    hooks:\n      - id: black\n{more}"
    )


@pytest.fixture
def prove(tmp_path: Path) -> Prove:
    """Prove a test file in a checkout that has such files more."""

    def proved(
        test: str = CLEAN,
        files: dict[str, str | bytes] | None = None,
        edits: tuple[EditRecord, ...] = (),
        rules: bool | None = None,
    ) -> Outcome:
        root = write_files(
            tmp_path / "checkout",
            {
                "lib/limits.py": "def limited(a):\n    return min(a, 10)\n",
                "lib/test/test_limits.py": test,
                **(files or {}),
            },
        )
        subject = Subject(
            slug="limits",
            checkout=root,
            run=RunSpec("pytest", "lib", ()),
            files=("lib/test/test_limits.py",),
            targets=(SubjectTarget("limits", "lib/limits.py", "limits"),),
            edits=edits,
        )
        options = VerifyOptions(python=sys.executable, jobs=1, rules=rules)
        return verify(subject, options, print)

    return proved
