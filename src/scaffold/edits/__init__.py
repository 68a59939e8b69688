"""Edits of files that may be a person's: one kind a language, all pure, text in and text out.

A kind is a module of this package with three functions: `apply`, `revert` and `units`. A payload is
cut into named *units* (an import, a function, later a table of a TOML file). The state keeps, for
each gap, the units that it owns in a file; a unit is dropped when its last owner goes.

What `apply` does with a unit of the payload:

| in the file | ours? | then |
|---|---|---|
| absent | | added |
| equal | yes | shared: the gap becomes one more owner |
| equal | no | left alone, and never owned: it was there before us |
| differs, as we wrote it | yes | replaced |
| differs, edited; the payload is what we wrote last | yes | the person's version stays |
| differs, edited; the payload changed too | yes | conflict |
| differs | no | conflict |

`on_conflict` settles the last two: `refuse` (and `merge`: a unit has no base) raises, `skip` leaves
what is there, `overwrite` writes ours.

Laws, held by property tests: `apply` twice is `apply` once; `revert` of what `apply` added gives
the text before, byte for byte; a file that is wholly ours does not depend on the order of its
owners.

Text is the file decoded as UTF-8 without newline translation: a byte order mark, CRLF and a missing
final newline are kept.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Protocol, TypedDict, Unpack, cast

from scaffold.edits.conflicts import OnConflict
from scaffold.edits.former import without_header
from scaffold.errors import CheckoutError, KitError
from scaffold.system.frozen import frozen
from scaffold.system.invocation import edit
from scaffold.system.reading import parsing

KINDS = {
    "cargo_lock": "scaffold.languages.rust.cargo_lock",
    "dockerfile": "scaffold.edits.dockerfile",
    "json": "scaffold.edits.json",
    "pytest_marks": "scaffold.languages.python.marking",
    "python": "scaffold.languages.python.edit",
    "replace": "scaffold.edits.replace",
    "rust": "scaffold.languages.rust.edit",
    "rust_extract": "scaffold.languages.rust.extract",
    "rust_items": "scaffold.languages.rust.items",
    "toml": "scaffold.edits.toml",
    "yaml": "scaffold.edits.yaml",
}
"""Kind of an edit -> the module that knows it."""
MOVES = {"rust_extract": "rust_items"}
"""Kind that moves text -> the kind that puts it into another file; no gap.toml names that one."""
INNER = tuple(MOVES.values())

KEPT = "kept"
"""Digest of a unit that takes text out of a file."""


@frozen
class Unit:
    """A named part of a file that a gap owns.

    `digest` is of what we wrote; formatting does not change it, an edit or a changed comment does.
    `kept` is what a unit that took text out needs to put it back; its digest is `KEPT`, since what
    it takes is known only from a file.
    """

    name: str
    digest: str
    kept: str = ""

    def __lt__(self, other: Unit) -> bool:
        return (self.name, self.digest, self.kept) < (other.name, other.digest, other.kept)


class Presence(StrEnum):
    """How a unit of ours stands in a file."""

    PRESENT = "present"
    EDITED = "edited"
    ABSENT = "absent"


@frozen
class EditResult:
    """A file after an edit; `text` is None where there is none and none is made.

    `units` are those of the payload that the gap owns now, sorted by name. `wholly_ours` is True
    where nothing of a person's is in the file, so that it may be formatted. `moved` is what left
    the file for another one.
    """

    text: str | None
    units: tuple[Unit, ...]
    wholly_ours: bool = False
    moved: str = ""


Above = Mapping[str, tuple[str, Collection[str]]]
"""Files of the folders above: path -> text, and the names of what is ours of it."""


class RevertOptions(TypedDict, total=False):
    """The options of every edit.

    Attributes:
        owned: The units in this file that the state lists as ours, of all gaps.
        created: The file was made by us (an absent one always is).
        first_party: Top-level module names that are the checkout's own.
        on_conflict: How a conflict with a person's work is settled.
    """

    owned: Sequence[Unit]
    created: bool
    first_party: Sequence[str]
    on_conflict: OnConflict


class ApplyOptions(RevertOptions, total=False):
    """The options of putting units in.

    Attributes:
        planned: The units that this same plan has put in, by other gaps.
        origin: The payload's own name, for messages to its author.
        above: Files whose names hold in this one too.
    """

    planned: Sequence[Unit]
    origin: str
    above: Above


class Kind(Protocol):
    """What the module of a kind offers; its parameters are those of the functions below."""

    def apply(
        self, text: str | None, payload: str, *, path: str, **options: Unpack[ApplyOptions]
    ) -> EditResult:
        """The file with the payload in it."""

    def revert(
        self, text: str, drop: Sequence[Unit], *, path: str, **options: Unpack[RevertOptions]
    ) -> str | None:
        """The file without the units."""

    def units(self, payload: str, *, origin: str) -> tuple[Unit, ...]:
        """The units of a payload."""

    def standing(self, text: str, owned: Sequence[Unit], *, path: str) -> dict[str, Presence]:
        """How each unit stands, by its name."""


def kind_of(name: str) -> Kind:
    """The module of a kind, imported when it is asked for.

    Raises:
        KitError: No such kind.
    """
    if name not in KINDS:
        raise KitError(
            f"there is no kind of edit called '{name}'; there is {', '.join(sorted(KINDS))}",
            "scaffold kit format",
        )
    return cast(Kind, importlib.import_module(KINDS[name]))


def apply(
    kind: str,
    text: str | None,
    payload: str,
    *,
    path: str,
    **options: Unpack[ApplyOptions],
) -> EditResult:
    """The file with every unit of the payload in it.

    Args:
        kind: A key of `KINDS`.
        text: The file as it is; None where there is none.
        payload: The units, as rendered.
        path: The file's place in the checkout, for messages.
        options: See `ApplyOptions`.

    Raises:
        CheckoutError: The file does not parse.
        ConflictError: A unit is there already, is not ours (or was edited), and differs.
        KitError: The payload is broken, or another payload of this plan differs.
    """
    with parsing(path, text or ""):
        return kind_of(kind).apply(text, payload, path=path, **options)


def revert(
    kind: str,
    text: str,
    drop: Sequence[Unit],
    *,
    path: str,
    **options: Unpack[RevertOptions],
) -> str | None:
    """The file without the units that lost their last owner; None where it held nothing else.

    An import that the rest of the file uses stays. `on_conflict` is about units that were edited,
    or that the rest of the file uses: refuse raises, skip leaves them, overwrite drops them.

    Args:
        kind: A key of `KINDS`.
        text: The file as it is.
        drop: Units of the gap that goes, less those that another gap owns.
        path: The file's place in the checkout, for messages.
        options: See `RevertOptions`; a file that was `created` goes when it holds nothing else.

    Raises:
        CheckoutError: The file does not parse.
        ConflictError: A unit was edited, or a person's code in this file uses it.
    """
    with parsing(path, text):
        return kind_of(kind).revert(text, drop, path=path, **options)


def units(kind: str, payload: str, *, origin: str = "payload") -> tuple[Unit, ...]:
    """The units of a payload, sorted by name.

    Raises:
        KitError: The payload is broken.
    """
    with parsing(origin, payload, KitError):
        return kind_of(kind).units(payload, origin=origin)


def standing(kind: str, text: str, owned: Sequence[Unit], *, path: str) -> dict[str, Presence]:
    """How units of ours stand in a file, by their names.

    Raises:
        CheckoutError: The file does not parse.
    """
    with parsing(path, text):
        return kind_of(kind).standing(text, owned, path=path)


def decode(content: bytes, path: str) -> str:
    """A file's bytes as the text that edits work on, without the header of an earlier version.

    Raises:
        CheckoutError: The file is not UTF-8.
    """
    try:
        return without_header(content).decode("utf-8")
    except UnicodeDecodeError as error:
        raise CheckoutError(
            f"{path} is not UTF-8 (byte {error.start}), so it cannot be edited: save it as UTF-8",
            edit(path),
        ) from error
