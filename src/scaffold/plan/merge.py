"""Base, mine, theirs: the three-way merge of a generated file, for `--on-conflict merge`."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from scaffold.errors import ScaffoldError
from scaffold.system.process import empty_folder, run_tool

LABELS = ("mine", "base", "theirs")
"""Names of the three sides at the conflict markers, in the order of `git merge-file`."""

_MOST_CONFLICTS = 127
"""`git merge-file` ends with the number of conflicts, cut to this; above it is an error."""


@dataclass(frozen=True)
class MergeResult:
    """A merged file; `conflicts` counts the places between markers in `text`.

    Where one side is binary and all three differ, `text` is mine and `conflicts` is 1.
    """

    text: bytes
    conflicts: int

    def places(self, mine: bytes) -> list[str]:
        """Where in mine each conflict is: `line 12`, `lines 12-15`, `after line 11`."""
        ours, marked = _without_markers(self.text)
        lines = mine.splitlines(keepends=True)
        matcher = difflib.SequenceMatcher(None, ours, lines, autojunk=False)
        place = {len(ours): len(lines)}
        for _, first, last, there, end in matcher.get_opcodes():
            place.update({at: min(there + at - first, end) for at in range(first, last)})
        return [
            _range(place[first] + 1, place[first] + last - first) for first, last in marked
        ] or ["all of them"]


def merge(
    base: bytes, mine: bytes, theirs: bytes, *, labels: Sequence[str] = LABELS
) -> MergeResult:
    """Both changes in one file, by `git merge-file --diff3`; git is asked where all three differ.

    Mine keeps its line ends: where it is CRLF throughout, the other sides are read as CRLF.

    Args:
        base: What both sides began from.
        mine: The file as a person left it.
        theirs: The file as it is generated now.
        labels: Names of mine, base and theirs at the markers.

    Raises:
        MissingToolError: git is needed and not there.
        ScaffoldError: git failed.
    """
    settled = _settled(base, mine, theirs)
    if settled is None:
        base, theirs = (with_ends_of(mine, side) for side in (base, theirs))
        settled = _settled(base, mine, theirs)
    if settled is not None:
        return MergeResult(settled, 0)
    if any(b"\0" in side for side in (base, mine, theirs)):
        return MergeResult(mine, 1)
    return _merge_file(base, mine, theirs, labels)


def _without_markers(text: bytes) -> tuple[list[bytes], list[tuple[int, int]]]:
    """The lines with mine at each conflict, and which of them are in conflict: (first, end)."""
    found: list[bytes] = []
    marked: list[tuple[int, int]] = []
    side, start = "", 0
    for line in text.splitlines(keepends=True):
        if not side and line.startswith(b"<<<<<<< "):
            side, start = "mine", len(found)
        elif side == "mine" and line.startswith(b"||||||| "):
            side = "others"
            marked.append((start, len(found)))
        elif side == "others" and line.startswith(b">>>>>>> "):
            side = ""
        elif side != "others":
            found.append(line)
    return found, marked


def _range(first: int, last: int) -> str:
    if last < first:
        return f"after line {first - 1}"
    return f"line {first}" if last == first else f"lines {first}-{last}"


def _settled(base: bytes, mine: bytes, theirs: bytes) -> bytes | None:
    if base == mine:
        return theirs
    return mine if theirs in (base, mine) else None


def with_ends_of(mine: bytes, other: bytes) -> bytes:
    """A side with the line ends of mine, where these are CRLF throughout."""
    crlf = mine.count(b"\r\n")
    if not crlf or crlf != mine.count(b"\n") or b"\r" in other:
        return other
    return other.replace(b"\n", b"\r\n")


def _merge_file(base: bytes, mine: bytes, theirs: bytes, labels: Sequence[str]) -> MergeResult:
    with empty_folder() as folder:
        for side, content in (("mine", mine), ("base", base), ("theirs", theirs)):
            (folder / side).write_bytes(content)
        named = [argument for label in labels for argument in ("-L", label)]
        # Not -p: the result is written over `mine` and read as bytes, whatever its encoding.
        done = run_tool(
            ["git", "merge-file", "--diff3", *named, "mine", "base", "theirs"], cwd=folder
        )
        if not 0 <= done.returncode <= _MOST_CONFLICTS:
            raise ScaffoldError(
                f"git merge-file ended with {done.returncode}: {done.stderr.strip()}",
                "git --version",
            )
        return MergeResult((folder / "mine").read_bytes(), done.returncode)
