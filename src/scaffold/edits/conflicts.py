"""What to do where a person's work is in the way, and the markers of a conflict in a file."""

from __future__ import annotations

import re
from enum import StrEnum

YOURS, TEMPLATE = "yours", "template"
"""Names of the two sides at the markers."""
_FIRST = re.compile(rf"^<<<<<<< {YOURS}\r?$".encode(), re.MULTILINE)


class OnConflict(StrEnum):
    """Refuse all, leave the file, merge it, merge it and mark what collides, or overwrite it."""

    REFUSE = "refuse"
    SKIP = "skip"
    MERGE = "merge"
    MARKERS = "markers"
    OVERWRITE = "overwrite"


def marked_lines(content: bytes) -> list[int]:
    """The lines where a conflict begins that is not resolved yet."""
    if b"<<<<<<<" not in content:  # ten times as quick, and `status` looks into every file
        return []
    return [content.count(b"\n", 0, found.start()) + 1 for found in _FIRST.finditer(content)]


def marks_note(content: bytes) -> str:
    """What to say of a file with markers."""
    return f"conflict markers at line {', '.join(map(str, marked_lines(content)))}"


def with_markers(yours: bytes, template: bytes) -> bytes:
    """Both texts in one, with markers around each place where they differ."""
    import difflib

    mine, theirs = (text.splitlines(keepends=True) for text in (yours, template))
    end = b"\r\n" if b"\r\n" in yours else b"\n"
    found: list[bytes] = []
    matcher = difflib.SequenceMatcher(None, mine, theirs, autojunk=False)
    for tag, start, stop, first, last in matcher.get_opcodes():
        if tag == "equal":
            found += mine[start:stop]
            continue
        found.append(f"<<<<<<< {YOURS}".encode() + end)
        found += _whole(mine[start:stop], end)
        found.append(b"=======" + end)
        found += _whole(theirs[first:last], end)
        found.append(f">>>>>>> {TEMPLATE}".encode() + end)
    return b"".join(found)


def _whole(lines: list[bytes], end: bytes) -> list[bytes]:
    """Lines of which the last one has a line end too."""
    whole = not lines or lines[-1].endswith((b"\n", b"\r"))
    return lines if whole else [*lines[:-1], lines[-1] + end]
