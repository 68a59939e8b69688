"""Known defects and their mends as text, JSON and JUnit. Nothing here prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scaffold.checkout.find import Checkout
    from scaffold.kit.defects import Defect, Looked
    from scaffold.proof.outcome import Outcome

MEND_WORDS = {
    "applies": "the smallest change that mends it:",
    "mended": "the code has it already",
    "does not apply": "does not apply here",
}


def where(defect: Defect) -> str:
    """The place of a defect in the code."""
    return f"{defect.file}: {defect.function}"


def defect_rows(defects: Sequence[Defect]) -> list[str]:
    """One line a defect: what `show` prints of each."""
    return [f"defect: {one.id} ({one.severity}) {where(one)}: {one.today}" for one in defects]


def defect_to_json(defect: Defect) -> dict[str, Any]:
    """A defect as JSON, without its mends."""
    found = {**asdict(defect), "tests": list(defect.tests)}
    del found["mends"]
    return found


def look_to_json(looked: Looked, checkout: Checkout | None) -> dict[str, Any]:
    """What a mend finds in a checkout, as JSON."""
    fit = str(looked.fit) if checkout else None
    return {"fit": fit, "why": looked.why, "diff": diff_of(looked, checkout)}


def diff_of(looked: Looked, checkout: Checkout | None) -> str:
    """A mend as the unified diff of a checkout, as `git apply` takes it."""
    from scaffold.plan.changes import Action, Change, diff, with_line_ends_of

    if checkout is None:
        return ""
    changes = []
    for path, text in looked.texts.items():
        before = checkout.read(path)
        after = with_line_ends_of(before, text.encode("utf-8"))
        changes.append(Change(path, "", Action.UPDATE, before, after))
    return diff(changes)


def defect_lines(
    defect: Defect, looked: Looked, files: Mapping[str, bytes], checkout: Checkout | None
) -> list[str]:
    """A defect in full: what `show --defect` prints.

    Args:
        defect: The defect.
        looked: What its mend finds in the checkout.
        files: The rendered files of its gap, among them its tests.
        checkout: The checkout; None outside of one.
    """
    lines = [
        f"{defect.id} · {defect.severity} · {where(defect)}",
        f"today: {defect.today}",
        f"expected: {defect.expected}",
        f"source: {defect.source}",
        f"reached from: {defect.reached_from}",
    ]
    lines += [f"test: {name}{_file_of(name, files)}" for name in defect.tests]
    if not defect.mends:
        return [*lines, f"mend: none: {defect.no_mend}"]
    if checkout is None:
        return [*lines, "mend: there is no checkout here; it looks for:", *_quoted(defect)]
    why = f": {looked.why}" if looked.why else ""
    return [
        *lines,
        f"mend: {MEND_WORDS[looked.fit]}{why}",
        *diff_of(looked, checkout).rstrip("\n").split("\n"),
    ]


def _file_of(test: str, files: Mapping[str, bytes]) -> str:
    found = [path for path, text in files.items() if f" {test}(".encode() in text]
    return f" in {', '.join(found)}" if found else " (not written for this checkout)"


def _quoted(defect: Defect) -> Iterator[str]:
    for change in defect.mends[0].change:
        yield f"  {change.file}"
        yield from (f"- {line}" for line in change.find.strip("\n").splitlines())
        yield from (f"+ {line}" for line in change.leave.strip("\n").splitlines())


def mend_lines(record: Outcome) -> list[str]:
    """The mend check of a gap in a few lines; what is wrong stands with its problems."""
    from scaffold.proof.mends import CHECKED, MendVerdict

    if record.mends is None:
        return []
    if not record.mends:
        return ["  mends: the kit has no known defects of this gap"]
    here = [one for one in record.mends if one.verdict in CHECKED]
    turned = sum(one.verdict is MendVerdict.TURNED for one in here)
    lines = [f"  mends: {turned} of {len(here)} turn exactly the tests of their defect"]
    for verdict, words in ((MendVerdict.MENDED, "mended"), (MendVerdict.ABSENT, "without a test")):
        if names := [one.id for one in record.mends if one.verdict is verdict]:
            lines.append(f"    {words} here: {', '.join(names)}")
    none = (one for one in record.mends if one.verdict is MendVerdict.NO_MEND)
    return lines + [f"    no mend for {one.id}: {one.why}" for one in none]
