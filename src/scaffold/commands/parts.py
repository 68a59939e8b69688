"""The parts of gaps as text and JSON: what each adds, and what it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scaffold.kit.parts import parts_of
from scaffold.system.output import counted

if TYPE_CHECKING:
    from scaffold.kit.catalog import Gap
    from scaffold.plan.sizes import Size
    from scaffold.proof.outcome import PartProof

HEADER = ("priority", "part", "lines", "tests", "language", "tools", "needs", "title")


def parts_to_json(gap: Gap, sizes: Mapping[str, Size]) -> list[dict[str, Any]]:
    """The parts of a gap as JSON, with their sizes where they were counted."""
    return [
        {
            "part": part.name,
            "title": part.title,
            "files": list(part.files),
            "edits": list(part.edits),
            "needs": list(part.needs),
            "lines": sizes[part.name].lines if part.name in sizes else None,
            "tests": sizes[part.name].tests if part.name in sizes else None,
        }
        for part in gap.parts
    ]


def part_rows(gap: Gap, sizes: Mapping[str, Size]) -> list[list[str]]:
    """The parts of a gap as rows of a table with `HEADER`; a gap without parts is one."""
    rows = []
    for part in parts_of(gap):
        size = sizes.get(part.name)
        rows.append(
            [
                gap.priority,
                f"{gap.slug}:{part.name}" if gap.parts else gap.slug,
                str(size.lines) if size else "-",
                str(size.tests) if size else "-",
                gap.language,
                tools(gap),
                ", ".join(part.needs) or "-",
                part.title,
            ]
        )
    return rows


def part_lines(gap: Gap, sizes: Mapping[str, Size]) -> Sequence[str]:
    """The parts of a gap, one line each, as `show` prints them."""
    lines = []
    for part in gap.parts:
        size = sizes.get(part.name)
        facts = [counted(size.lines, "line"), counted(size.tests, "test")] if size else []
        facts += [f"needs {', '.join(part.needs)}"] if part.needs else []
        lines.append(f"part: {part.name} ({', '.join(facts)}): {part.title}")
    return lines


def part_problems(parts: Sequence[PartProof]) -> list[str]:
    """The parts of a proof, where one of them is red: each with its first problem."""
    if not any(part.problem for part in parts):
        return []
    return [
        f"  part {part.part}: {part.verdict} ({counted(part.tests, 'test')})"
        + (f": {part.problem}" if part.problem else "")
        for part in parts
    ]


def tools(gap: Gap) -> str:
    """What runs the tests of a gap, and what they need besides."""
    runner = [gap.run.runner] if gap.run else []
    return ", ".join([*runner, *(need.name for need in gap.needs)]) or "-"
