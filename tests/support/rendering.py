"""The real kit and what its ready rows render to, once a session."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import pytest

from scaffold import __version__
from scaffold.kit.cases import case_answers, load_cases
from scaffold.kit.catalog import load_kit
from scaffold.kit.render import Rendered, render
from scaffold.languages.formatting import format_source

ROOT = Path(__file__).resolve().parent.parent.parent
KIT = load_kit(ROOT)
ROWS = list(KIT.gaps.values())
READY = [gap for gap in ROWS if gap.built]
# Rows that are brought to docs/style.md.
STYLED = (
    "state_edge_cases",
    "streaming_transforms",
    "docker_cli",
    "cli_main",
    "common_utils",
    "llm_gateway",
    "handlers",
    "targets",
    "config_validation",
    "bedrock_mock",
    "e2e_errors",
    "trace_cmd",
    "pytest_orchestration",
    "concurrency",
    "pg_state",
)
CASES = [(gap, case) for gap in READY for case in load_cases(gap)]

each_row = pytest.mark.parametrize("gap", ROWS, ids=lambda gap: gap.slug)
each_ready_row = pytest.mark.parametrize("gap", READY, ids=lambda gap: gap.slug)
each_case = pytest.mark.parametrize(
    ("gap", "case"), CASES, ids=[f"{gap.slug}-{case}" for gap, case in CASES]
)


@dataclass(frozen=True)
class Source:
    """A file as it is written into a checkout, or the payload of an edit."""

    path: str
    text: str
    payload: bool

    @property
    def python(self) -> bool:
        """Whether it is Python."""
        return self.path.endswith(".py")


@functools.cache
def rendered(slug: str, case: str) -> Rendered:
    """The rendering of a case without facts, as Copier leaves it."""
    gap = KIT.gaps[slug]
    return render(KIT, gap, case_answers(gap, case), {}, __version__)


@functools.cache
def sources(slug: str, case: str) -> tuple[Source, ...]:
    """The files of a case, formatted as they are written, and its payloads."""
    found = rendered(slug, case)
    files = [
        Source(path, formatted(path, content).decode("utf-8"), payload=False)
        for path, content in found.files.items()
        if is_text(content)
    ]
    return (*files, *(Source(name, text, True) for name, text in found.payloads.items()))


def formatted(path: str, content: bytes) -> bytes:
    """The file as it is written."""
    return format_source(path, content)


def is_text(content: bytes) -> bool:
    """Whether the file is text: a fixture may be an image or a frame."""
    return b"\0" not in content
