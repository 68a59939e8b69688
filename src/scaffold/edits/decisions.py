"""What becomes of one unit of a payload: the table of `edits`, for every kind."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from scaffold.edits import Presence, RevertOptions, Unit
from scaffold.edits.conflicts import OnConflict
from scaffold.errors import CheckoutError, ConflictError, KitError


class Step(Enum):
    """What is done with a unit of the payload."""

    ADD = "add"
    REPLACE = "replace"
    LEAVE = "leave"


@dataclass(frozen=True)
class Occurrence:
    """A unit as a file has it: its digest and its line.

    One that is not `alone` shares a line with another and cannot be replaced or taken out.
    """

    digest: str
    line: int
    alone: bool = True


@dataclass(frozen=True)
class Ours:
    """What the state lists as ours in one file, and how conflicts are settled."""

    path: str
    digests: Mapping[str, set[str]]
    kept: Mapping[str, str]
    on_conflict: OnConflict = OnConflict.REFUSE

    def decide(self, unit: Unit, place: Occurrence | None, noun: str = "") -> tuple[Step, bool]:
        """What is done with a unit of a payload, and whether the gap owns it then.

        Args:
            unit: The unit.
            place: Where the file has it; None where it has not.
            noun: What comes before its name in a message: `the fixture `.

        Raises:
            ConflictError: It is there, differs, and is not ours or was edited.
        """
        written = self.digests.get(unit.name, set())
        if place is None:
            return Step.ADD, True
        if place.digest == unit.digest:
            return Step.LEAVE, bool(written)
        if place.digest in written:
            return Step.REPLACE, True
        if unit.digest in written and self.on_conflict is not OnConflict.OVERWRITE:
            return Step.LEAVE, True  # edited by a person, and nothing new from us
        if self.on_conflict is OnConflict.SKIP:
            return Step.LEAVE, bool(written)
        if self.on_conflict is OnConflict.OVERWRITE and place.alone:
            return Step.REPLACE, True
        why = "was edited since it was generated" if written else "is there already"
        raise ConflictError(
            f"{self.path}:{place.line}: {noun}'{unit.name}' {why}, and differs from the one "
            "that this gap needs (skip keeps yours, overwrite takes that of the kit)",
            "--on-conflict skip",
        )

    def may_drop(self, name: str, place: Occurrence) -> bool:
        """Whether a unit that lost its last owner goes.

        Raises:
            ConflictError: It was edited since.
        """
        if place.digest in self.digests.get(name, ()):
            return True
        if self.on_conflict is OnConflict.OVERWRITE and place.alone:
            return True
        if self.on_conflict is OnConflict.SKIP:
            return False
        raise ConflictError(
            f"{self.path}:{place.line}: '{name}' was edited since it was generated, so it is not "
            "removed (skip keeps it, overwrite removes it)",
            "--on-conflict skip",
        )

    def standing(self, places: Mapping[str, Occurrence]) -> dict[str, Presence]:
        """How each unit of ours stands in the file, by its name."""
        result = {}
        for name, digests in sorted(self.digests.items()):
            place = places.get(name)
            if place is None:
                result[name] = Presence.ABSENT
            else:
                as_written = place.digest in digests
                result[name] = Presence.PRESENT if as_written else Presence.EDITED
        return result


def ours(path: str, options: RevertOptions, *more: Sequence[Unit]) -> Ours:
    """What is ours: the units that the options name, and those of more groups."""
    digests: dict[str, set[str]] = {}
    kept: dict[str, str] = {}
    for unit in (unit for group in (options.get("owned", ()), *more) for unit in group):
        digests.setdefault(unit.name, set()).add(unit.digest)
        kept[unit.name] = max(kept.get(unit.name, ""), unit.kept)
    return Ours(path, digests, kept, OnConflict(options.get("on_conflict", OnConflict.REFUSE)))


def check_planned(wanted: Sequence[Unit], planned: Sequence[Unit], origin: str) -> None:
    """Refuse a unit that another gap of the plan writes differently.

    Raises:
        KitError: There is one.
    """
    there = {unit.name: unit.digest for unit in planned}
    for unit in wanted:
        if there.get(unit.name, unit.digest) != unit.digest:
            raise KitError(
                f"{origin}: '{unit.name}' differs from the one that another gap of this plan writes"
                " into the same file: write it the same in both (one shared macro), or let one gap "
                "require the other",
            )


def existing(text: str | None, path: str) -> str:
    """The text of a file that an edit needs.

    Raises:
        CheckoutError: There is none.
    """
    if text is None:
        raise CheckoutError(
            f"{path} is not in this checkout, and this gap adds to it",
            "scaffold status",
        )
    return text


def digest(text: str) -> str:
    """Digest of a unit's text; blanks and line ends do not count."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:16]


def line_end(text: str) -> str:
    """The line end that a text uses first."""
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


def local(text: str, like: str) -> str:
    """A text with the line ends of another one."""
    return text.replace("\r\n", "\n").replace("\n", line_end(like))


def appended(text: str, part: str) -> str:
    """A text with a part after its last line and one blank line; blank lines at the end stay."""
    body = text.rstrip()
    if not body:
        return text + part + line_end(text)
    return body + local("\n\n", text) + part + text[len(body) :]


def without_appended(text: str, start: int, end: int) -> str:
    """The inverse: a text without the part between two places."""
    before, after = text[:start], text[end:]
    if before.strip():
        return before.rstrip() + after
    return before + (after.lstrip() or after.removeprefix("\r").removeprefix("\n"))


def line_number(text: str, at: int) -> int:
    """The line of a position, counted from 1."""
    return text.count("\n", 0, at) + 1


def end_of_line(text: str, at: int) -> int:
    """The end of a line, before its line end."""
    found = text.find("\n", at)
    if found < 0:
        return len(text)
    return found - 1 if found > 0 and text[found - 1] == "\r" else found
