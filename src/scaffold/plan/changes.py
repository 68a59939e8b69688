"""What a plan does to each file, a word of `Action`, and its diff."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from scaffold.checkout.state import fingerprint
from scaffold.edits.conflicts import OnConflict, marked_lines, marks_note
from scaffold.errors import ScaffoldError
from scaffold.languages import same_text


class Action(StrEnum):
    """What happens to a file."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    MOVE = "move"
    SAME = "same"
    KEPT = "kept"
    CONFLICT = "conflict"


WRITING = (Action.CREATE, Action.UPDATE, Action.DELETE, Action.MOVE)


@dataclass(frozen=True)
class Change:
    """The change of one file. `before` and `after` are whole contents; None means no file.

    Attributes:
        source: Of a move, the place where `before` stands; `path` is the new one.
        mode: Of a move, the permissions that go with it.
        covers: Of a move, what it overwrites at the new place.
    """

    path: str
    gap: str
    action: Action
    before: bytes | None
    after: bytes | None
    executable: bool = False
    note: str = ""
    source: str = ""
    mode: int | None = None
    covers: bytes | None = None

    @property
    def places(self) -> tuple[str, ...]:
        """The path, and of a move the place before it as well."""
        return (self.source, self.path) if self.source else (self.path,)

    @property
    def writes(self) -> bool:
        """Whether the checkout differs afterwards; a kept file may lose a former header."""
        kept = self.action is Action.KEPT
        return self.after != self.before if kept else self.action in WRITING


def classify(
    path: str,
    gap: str,
    *,
    current: bytes | None,
    recorded: str | None,
    wanted: bytes,
    base: bytes | None = None,
    on_conflict: OnConflict = OnConflict.REFUSE,
    executable: bool = False,
) -> Change:
    """What becomes of a generated file.

    Args:
        path: Relative POSIX path.
        gap: The gap that writes it.
        current: What the checkout has; None where there is no file.
        recorded: Fingerprint of what we wrote last; None where the file is not ours.
        wanted: The new rendering.
        base: What we wrote last, where it is known.
        on_conflict: SKIP and OVERWRITE are settled here; the rest stays a CONFLICT for the caller.
        executable: Whether the file is made executable.
    """

    def change(action: Action, after: bytes | None, note: str = "") -> Change:
        return Change(path, gap, action, current, after, executable, note)

    if current is None:
        if recorded is None or on_conflict is OnConflict.OVERWRITE:
            return change(Action.CREATE, wanted)
        return change(Action.KEPT, None, "you deleted it; --on-conflict overwrite brings it back")
    present = fingerprint(current)
    if present == fingerprint(wanted) or same_text(path, current, wanted):
        return change(Action.SAME, current)
    if recorded is not None and present == recorded:
        return change(Action.UPDATE, with_line_ends_of(current, wanted))
    if recorded is not None and base is not None and same_text(path, current, base):
        return change(Action.UPDATE, _in_layout_of(path, current, base, wanted))
    if on_conflict is OnConflict.OVERWRITE:
        return change(Action.UPDATE, with_line_ends_of(current, wanted), "overwritten, as asked")
    left = f"{marks_note(current)} are left" if marked_lines(current) else ""
    if recorded is not None and fingerprint(wanted) == recorded:
        return change(Action.KEPT, current, left or "your edit is kept; nothing new to write")
    if on_conflict is OnConflict.SKIP:
        return change(Action.KEPT, current, "skipped, as asked")
    reason = "exists and is not ours" if recorded is None else "edited since it was generated"
    return change(Action.CONFLICT, wanted, left or reason)


def with_header_of(change: Change, current: bytes | None, *, skip: bool) -> Change:
    """The change of a file that stands there with the header line of an earlier version.

    Args:
        change: What becomes of the file without that line.
        current: The file as it is.
        skip: Leave what is not written as it is.
    """
    if change.before == current:
        return change
    if skip and not change.writes:
        return replace(change, before=current, after=current)
    if change.action is Action.SAME:
        return replace(change, action=Action.UPDATE, before=current, note="its header line goes")
    return replace(change, before=current)


def diff(changes: Iterable[Change]) -> str:
    """The unified diff of all changes that write, as `git apply` takes it."""
    return "".join(_diff_one(change) for change in changes if change.writes)


def diff_of_conflicts(changes: Iterable[Change]) -> str:
    """What is in the way: a person's text against what would be written, each with the reason."""
    return "".join(
        f"conflict: {change.path} {change.note}\n{_diff_one(change)}"
        for change in changes
        if change.action is Action.CONFLICT
    )


def _diff_one(change: Change) -> str:
    before = change.before if change.action is not Action.CREATE else None
    source = change.source or change.path
    old = "/dev/null" if before is None else f"a/{source}"
    new = "/dev/null" if change.after is None else f"b/{change.path}"
    lines = [f"diff --git a/{source} b/{change.path}\n"]
    if change.source:
        lines.append(f"similarity index {_similarity(change)}%\n")
        lines.append(f"rename from {source}\nrename to {change.path}\n")
    if before is None:
        lines.append(f"new file mode 100{'755' if change.executable else '644'}\n")
    if change.after is None:
        lines.append("deleted file mode 100644\n")
    for line in difflib.unified_diff(_lines(before), _lines(change.after), old, new):
        lines.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return "".join(lines)


def _similarity(change: Change) -> int:
    """How much of a moved file stays, in percent: 100 only where all of it does, as git has it."""
    if change.before == change.after:
        return 100
    before, after = _lines(change.before), _lines(change.after)
    return min(99, int(100 * difflib.SequenceMatcher(None, before, after).ratio()))


def _lines(content: bytes | None) -> list[str]:
    # Split at LF alone, as git does: str.splitlines would also split at a form feed.
    text = (content or b"").decode("utf-8", "surrogateescape")
    parts = text.split("\n")
    lines = [f"{part}\n" for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines


def _in_layout_of(path: str, current: bytes, base: bytes, wanted: bytes) -> bytes:
    """What is wanted, in the layout that a formatter gave the file since, where that merges."""
    from scaffold.plan.merge import merge

    try:
        merged = merge(base, current, wanted)
    except ScaffoldError:
        # Without git nothing merges; no word of a person's is lost by our own layout.
        return with_line_ends_of(current, wanted)
    if merged.conflicts or not same_text(path, merged.text, wanted):
        return with_line_ends_of(current, wanted)
    return merged.text


def with_line_ends_of(current: bytes, wanted: bytes) -> bytes:
    """A file as CRLF where the one that is there has any."""
    if b"\r\n" in current and b"\r\n" not in wanted:
        return wanted.replace(b"\n", b"\r\n")
    return wanted
