"""The edit kind `rust_items`: a module that is made of functions moved by `rust_extract`.

No gap.toml names it: its payload is what moved. The units are `head` (the module's doc and imports)
and `fn NAME`. The file is ours from its first line; a person may edit any function, and add some.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

from scaffold.edits import ApplyOptions, EditResult, Presence, RevertOptions, Unit
from scaffold.edits.decisions import (
    Occurrence,
    Ours,
    Step,
    check_planned,
    digest,
    line_number,
    local,
    ours,
)
from scaffold.errors import CheckoutError, ConflictError, KitError, ScaffoldError
from scaffold.languages.rust.scopes import functions
from scaffold.languages.rust.tokens import plain
from scaffold.system.invocation import look

HEAD = "head"


@dataclass(frozen=True)
class _Part:
    name: str
    start: int
    end: int
    text: str

    @property
    def unit(self) -> Unit:
        return Unit(self.name, digest(plain(self.text)))


def apply(
    text: str | None, payload: str, *, path: str, **options: Unpack[ApplyOptions]
) -> EditResult:
    """The module with every function of the payload.

    Raises:
        CheckoutError: The file does not parse.
        ConflictError: It is a person's file, or a function was edited and the payload changed.
        KitError: The payload is broken.
    """
    if not payload.strip():
        return EditResult(text or "", ())
    origin = options.get("origin", "payload")
    wanted = _parts(payload, origin, KitError)
    planned = options.get("planned", ())
    check_planned([part.unit for part in wanted], planned, origin)
    if text is None:
        made = payload.strip("\n") + "\n"
        return EditResult(made, tuple(sorted(part.unit for part in wanted)), wholly_ours=True)
    if not options.get("created", False):
        raise ConflictError(
            f"{path} is there already, and this gap makes it: rename yours", look(path)
        )
    own = ours(path, options, planned)
    owned: list[Unit] = []
    for part in wanted:
        text = _put(text, part, own, owned)
    return EditResult(text, tuple(sorted(owned)), _wholly_ours(text, path, owned))


def revert(
    text: str, drop: Sequence[Unit], *, path: str, **options: Unpack[RevertOptions]
) -> str | None:
    """The module without the functions; None where no function is left in it.

    Raises:
        CheckoutError: The file does not parse.
        ConflictError: A function was edited.
    """
    own = ours(path, options, drop)
    for name in sorted({unit.name for unit in drop} - {HEAD}):
        there = _find(_parts(text, path), name)
        if there is not None and own.may_drop(name, _place(text, there)):
            text = text[: there.start].rstrip() + "\n" + text[there.end :].lstrip("\n")
    rest = _parts(text, path)
    if len(rest) > 1 or not own.may_drop(HEAD, _place(text, rest[0])):
        return text
    return None


def units(payload: str, *, origin: str = "payload") -> tuple[Unit, ...]:
    """The units of a payload, sorted by name.

    Raises:
        KitError: The payload is broken.
    """
    return tuple(sorted(part.unit for part in _parts(payload, origin, KitError)))


def standing(text: str, owned: Sequence[Unit], *, path: str) -> dict[str, Presence]:
    """Unit name -> present, edited or absent.

    Raises:
        CheckoutError: The file does not parse.
    """
    places = {part.name: _place(text, part) for part in _parts(text, path)}
    return ours(path, {"owned": owned}).standing(places)


def _parts(text: str, path: str, error: type[ScaffoldError] = CheckoutError) -> list[_Part]:
    """The head and the functions, in their order."""
    found = functions(text, path, error)
    end = min((function.start for function in found), default=len(text))
    head = _Part(HEAD, 0, len(text[:end].rstrip()), text[:end].rstrip())
    return [
        head,
        *(
            _Part(f"fn {item.name}", item.start, item.end, text[item.start : item.end])
            for item in found
            if "." not in item.name
        ),
    ]


def _put(text: str, wanted: _Part, own: Ours, owned: list[Unit]) -> str:
    there = _find(_parts(text, own.path), wanted.name)
    step, is_ours = own.decide(wanted.unit, _place(text, there) if there else None)
    if is_ours:
        owned.append(wanted.unit)
    written = local(wanted.text, text)
    if step is Step.REPLACE and there is not None:
        return text[: there.start] + written + text[there.end :]
    if step is Step.ADD:
        return text.rstrip() + local("\n\n", text) + written + local("\n", text)
    return text


def _find(parts: Sequence[_Part], name: str) -> _Part | None:
    return next((part for part in parts if part.name == name), None)


def _place(text: str, part: _Part) -> Occurrence:
    return Occurrence(part.unit.digest, line_number(text, part.start))


def _wholly_ours(text: str, path: str, owned: Sequence[Unit]) -> bool:
    return {part.unit for part in _parts(text, path)} == set(owned)
