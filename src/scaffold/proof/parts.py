"""What is proved of a gap that is cut into parts: all that are written, or those that are named."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from scaffold.checkout.parts import targets_of, written_parts
from scaffold.checkout.state import GapRecord
from scaffold.checkout.verdict import Verdict
from scaffold.errors import UsageError
from scaffold.kit.catalog import Gap
from scaffold.kit.parts import owner_of, part_named
from scaffold.proof.outcome import Outcome
from scaffold.proof.runner import Subject


def of_parts(subject: Subject, gap: Gap, record: GapRecord, names: Sequence[str] = ()) -> Subject:
    """The subject with the files of these parts, else of all that are written.

    The bars of the targets are for the whole gap: where a part is missing, none is judged, and the
    targets are those that the tests name.

    Raises:
        UsageError: A part is unknown, or is not written here.
    """
    there = written_parts(gap, record)
    for name in names:
        if part_named(gap, name).name not in there:
            raise UsageError(
                f"'{gap.slug}:{name}' was not generated in this checkout, so there is nothing to "
                "verify",
                f"scaffold new --part {gap.slug}:{name}",
            )
    if not gap.parts:
        return subject
    wanted = tuple(name for name in there if not names or name in names)
    left = tuple(part.name for part in gap.parts if part.name not in wanted)
    apart = {path for part in gap.parts if part.name in left for path in part.files}
    files = tuple(path for path in subject.files if path not in apart)
    targets = subject.targets
    if left:
        own = targets_of(subject.checkout, files, targets)
        targets = tuple(replace(one, line_pct=None, kill_pct=None) for one in own)
    return replace(
        subject,
        files=files,
        owners={path: owner_of(gap, path) for path in files},
        targets=targets,
        parts=wanted,
        parts_left=left,
    )


def red_parts(outcome: Outcome, names: Collection[str], untried: Collection[str]) -> dict[str, str]:
    """Which of these parts of a gap are not as declared, each with its first problem.

    Where something is red that belongs to no file, nothing was shown of any part.

    Args:
        outcome: The record of these parts.
        names: The parts.
        untried: Those that have tests of which none ran.
    """
    found = {part.part: part.problem for part in outcome.by_part if part.problem}
    if found or not outcome.tests:
        rest = {name: "none of its tests was collected" for name in untried if name not in found}
        return {name: why for name, why in {**found, **rest}.items() if name in names}
    if outcome.verdict is Verdict.RED:
        return dict.fromkeys(names, outcome.problems[0])
    return dict.fromkeys(untried, "none of its tests was collected")
