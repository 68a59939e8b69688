"""The payload of a `rust_extract` edit."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scaffold.errors import KitError
from scaffold.languages.rust.tokens import ANYTHING, FROM, TO

_KEYS: dict[str, set[str]] = {
    "change": {"find", "leave", "within"},
    "item": set(),
    "part": {"within", "find", "with", "into", "leave"},
}
_MAY_LACK = {"with", "within"}
_WORDS = {"change": "change", "item": "move", "part": "extract"}


@dataclass(frozen=True)
class Piece:
    """One thing that an edit does: see `rust_extract`."""

    kind: str
    name: str
    within: str = ""
    find: str = ""
    leave: str = ""
    into: str = ""
    instead: Mapping[str, str] = field(default_factory=dict)

    @property
    def unit(self) -> str:
        """The name under which the state keeps it."""
        return f"{_WORDS[self.kind]} {self.name}"


@dataclass(frozen=True)
class Extraction:
    """A payload: what the destination begins with, and the pieces in their order."""

    head: str
    pieces: tuple[Piece, ...]


def read(payload: str, origin: str) -> Extraction:
    """The payload's pieces: changes first, then items, then parts.

    Raises:
        KitError: It is not TOML, or a piece lacks a key or has one too many.
    """
    hint = "scaffold kit format"
    try:
        data = tomllib.loads(payload)
    except tomllib.TOMLDecodeError as error:
        raise KitError(f"{origin}: {error}", hint) from error
    unknown = data.keys() - {"head", *_KEYS}
    if unknown:
        raise KitError(f"{origin}: '{min(unknown)}' is none of head, change, item, part", hint)
    try:
        pieces = tuple(
            _piece(kind, name, item) for kind in _KEYS for name, item in data.get(kind, {}).items()
        )
    except ValueError as error:
        raise KitError(f"{origin}: {error}", hint) from error
    return Extraction(str(data.get("head", "")), pieces)


def _piece(kind: str, name: str, item: Mapping[str, Any]) -> Piece:
    wrong = (item.keys() ^ _KEYS[kind]) - (_MAY_LACK - item.keys())
    if wrong:
        raise ValueError(f"[{kind}.{name}]: `{min(wrong)}` is missing or unknown")
    piece = Piece(
        kind=kind,
        name=name,
        within=str(item.get("within", "")),
        find=str(item.get("find", "")),
        leave=str(item.get("leave", "")).strip("\n"),
        into=str(item.get("into", "")).strip("\n"),
        instead=dict(item.get("with", {})),
    )
    if kind != "item" and not piece.leave:
        raise ValueError(f"[{kind}.{name}]: `leave` is empty, so nothing could be put back")
    bare = piece.find.replace(FROM, "").replace(TO, "").strip()
    if bare.startswith(ANYTHING) or bare.endswith(ANYTHING):
        raise ValueError(f"[{kind}.{name}]: `find` does not fix where `…` ends")
    if kind == "part" and not piece.within:
        raise ValueError(f"[part.{name}]: `within` is missing or unknown")
    if kind == "part" and not (
        piece.find.count(FROM) == piece.find.count(TO) == 1 and piece.into.count(FROM + TO) == 1
    ):
        raise ValueError(f"[part.{name}]: `find` needs one «…» and `into` one «»")
    return piece
