r"""The edit kind `rust_extract`: code of a Rust file moved into its own module.

Nothing of the code stands in the payload: it is cut from the file and comes back as `moved`, the
payload of the kind `rust_items` for the destination (`to` in gap.toml). A payload is TOML; its
patterns are those of `rust_tokens`:

    head = "what the module begins with: its doc and its imports"

    [change.import]                # text that makes room and does not move
    find = "use std::fmt;"         # the whole of it; `within` names a function to look in
    leave = "use crate::prices;\nuse std::fmt;"

    [item.total]                   # a free function, moved whole and made `pub`

    [part.price]                   # a piece of a function, and the function that it becomes
    within = "Order.total"
    find = "let price = «self.base * …»;"
    with = { "self.base" = "base" }
    into = "pub fn price(base: u64) -> u64 {\n    «»\n}"
    leave = "let price = prices::price(self.base);"

A pattern must fit exactly once, each text of `with` must be in what moves, and what moves must not
name `self` any more; else nothing is done. Units are `extract NAME`, `move NAME` and `change NAME`;
the state keeps what stood there, so that taking the edit back gives every byte back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Unpack

from scaffold.edits import KEPT, ApplyOptions, EditResult, Presence, RevertOptions, Unit
from scaffold.edits.conflicts import OnConflict
from scaffold.edits.decisions import check_planned, digest, existing, local, ours
from scaffold.edits.memory import Removed, kept, put_back, remembered, take_out
from scaffold.errors import CheckoutError, ConflictError
from scaffold.languages.rust.extract.moved import (
    Moved,
    fitted,
    indent_at,
    one_place,
    restored,
    scope,
    taken,
)
from scaffold.languages.rust.extract.payload import Extraction, Piece, read
from scaffold.languages.rust.scopes import find_function
from scaffold.languages.rust.scopes import functions as functions_of
from scaffold.languages.rust.tokens import indented


def apply(
    text: str | None, payload: str, *, path: str, **options: Unpack[ApplyOptions]
) -> EditResult:
    """The file with a call in the place of each piece, and what moved as another text.

    Raises:
        CheckoutError: The file is not there, does not parse, or a pattern does not fit once.
        ConflictError: A call was edited, and the payload differs now.
        KitError: The payload is broken.
    """
    wanted = read(payload, options.get("origin", "payload"))
    if not wanted.pieces:
        return EditResult(text or "", ())
    planned = options.get("planned", ())
    _check_planned(wanted, planned, options.get("origin", "payload"))
    text = existing(text, path)
    functions_of(text, path)
    state = ours(path, options, planned)
    skip = state.on_conflict is OnConflict.SKIP
    known = [Unit(name, KEPT, memory) for name, memory in state.kept.items()]
    items = [remembered(Removed, unit) for unit in known if _is_item(unit)]
    order = 1 + max((item.order for item in items), default=-1)
    owned: list[Unit] = []
    functions: list[str] = []
    for piece in wanted.pieces:
        earlier = next((unit for unit in known if unit.name == piece.unit), None)
        if earlier:
            text, unit, function = _again(text, piece, path, earlier, skip=skip)
        else:
            text, unit, function = _first(text, piece, path, order)
            order += 1
        owned.append(unit)
        functions += [function] if function else []
    return EditResult(text, tuple(sorted(owned)), moved=_module(wanted, functions))


def revert(
    text: str, drop: Sequence[Unit], *, path: str, **options: Unpack[RevertOptions]
) -> str | None:
    """The file with the code back in its places.

    Raises:
        CheckoutError: The file does not parse.
        ConflictError: A call was edited, or the place of a function is unknown.
    """
    skip = ours(path, options).on_conflict is OnConflict.SKIP
    for unit in drop:
        if not _is_item(unit):
            back = restored(text, remembered(Moved, unit), path)
            if back is None and not skip:
                raise _edited(path, unit.name)
            text = text if back is None else back
    return _items_back(text, [unit for unit in drop if _is_item(unit)], path, skip=skip)


def units(payload: str, *, origin: str = "payload") -> tuple[Unit, ...]:
    """The units of a payload, sorted by name.

    Raises:
        KitError: The payload is broken.
    """
    return tuple(sorted(Unit(piece.unit, KEPT) for piece in read(payload, origin).pieces))


def standing(text: str, owned: Sequence[Unit], *, path: str) -> dict[str, Presence]:
    """Unit name -> present, or edited where the call is not as it was written.

    Raises:
        CheckoutError: The file does not parse.
    """
    result = {}
    for unit in sorted(owned):
        if _is_item(unit):
            there = find_function(text, unit.name.partition(" ")[2], path) is None
        else:
            there = restored(text, remembered(Moved, unit), path) is not None
        result[unit.name] = Presence.PRESENT if there else Presence.EDITED
    return result


def _check_planned(wanted: Extraction, planned: Sequence[Unit], origin: str) -> None:
    """Refuse a call that another gap of the plan writes differently; an item leaves none."""
    calls = [Unit(piece.unit, digest(piece.leave)) for piece in wanted.pieces]
    left = [
        Unit(unit.name, digest(remembered(Moved, unit).after))
        for unit in planned
        if unit.kept and not _is_item(unit)
    ]
    check_planned(calls, left, origin)


def _first(text: str, piece: Piece, path: str, order: int = 0) -> tuple[str, Unit, str]:
    """A piece taken out of a file that still has it."""
    if piece.kind == "item":
        there = find_function(text, piece.name, path)
        if there is None:
            raise CheckoutError(
                f"{path}: there is no `fn {piece.name}` to move",
                "scaffold status",
            )
        function = there.public_text(text)
        text, removed = take_out(text, there.start, there.end)
        return text, Unit(piece.unit, KEPT, kept(replace(removed, order=order))), function
    start, end = scope(text, piece.within, path)
    match = one_place(text[start:end], piece, path)
    at, end = start + match.start, start + match.end
    before = text[at:end]
    indent = indent_at(text, at)
    moved = Moved(before, local(indented(piece.leave, indent), text), piece.within, indent)
    function = taken(fitted(before, indent, piece, path), piece)
    return text[:at] + moved.after + text[end:], Unit(piece.unit, KEPT, kept(moved)), function


def _again(
    text: str, piece: Piece, path: str, earlier: Unit, *, skip: bool
) -> tuple[str, Unit, str]:
    """A piece that was taken out before: what it leaves is brought up to date."""
    if _is_item(earlier):
        removed = remembered(Removed, earlier)
        there = find_function(removed.text, piece.name, path)
        return text, earlier, there.public_text(removed.text) if there else ""
    moved = remembered(Moved, earlier)
    back = restored(text, moved, path)
    if back is not None:
        return _first(back, piece, path)
    # The call is a person's now: it stays, and what moved is made from what stood there once.
    if piece.leave.split() != moved.after.split():
        if not skip:
            raise _edited(path, piece.unit)
        moved = replace(moved, after=local(indented(piece.leave, moved.indent), text))
    function = taken(fitted(moved.before, moved.indent, piece, path), piece)
    return text, Unit(piece.unit, KEPT, kept(moved)), function


def _items_back(text: str, items: Sequence[Unit], path: str, *, skip: bool) -> str:
    """The text with the functions that moved whole; the last one that went comes back first."""
    found = [(remembered(Removed, unit), unit) for unit in items]
    for removed, unit in sorted(found, key=lambda one: one[0].order, reverse=True):
        back = put_back(text, removed)
        if back is None and not skip:
            raise _edited(path, unit.name)
        text = text if back is None else back
    return text


def _is_item(unit: Unit) -> bool:
    """Whether a whole function moved."""
    return unit.name.startswith("move ")


def _module(wanted: Extraction, functions: Sequence[str]) -> str:
    texts = [text.replace("\r\n", "\n").strip("\n") for text in (wanted.head, *functions)]
    return "\n\n".join(texts) + "\n"


def _edited(path: str, name: str) -> ConflictError:
    return ConflictError(
        f"{path}: what '{name}' left was edited since it was generated (skip keeps yours)",
        "--on-conflict skip",
    )
