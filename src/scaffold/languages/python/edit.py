"""The edit kind `python`: imports and top-level units of a module.

A file that is wholly ours is written anew from the set of its units (`python_layout`). In a
person's file every byte stays where it is, and what we add goes to places that can be told again:

- an import: a line behind the last import above the first function or class; without one, behind
  the docstring or the comments at the top and one blank line;
- a unit: behind the last line that is not blank, and two blank lines. Blank lines and a missing
  line end at the end of the file stay at the end.

So taking a line and the blank lines above it away is the exact inverse, whatever the order. An
import that a person's file has already, in any place where it runs, is used and never ours.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scaffold.edits import EditResult, Unit
from scaffold.errors import ConflictError, KitError
from scaffold.languages.python.insertion import with_imports, with_piece
from scaffold.languages.python.layout import Piece, needs, ordered, render_module, statements
from scaffold.languages.python.module import (
    Block,
    Import,
    Module,
    bindings,
    digest_of,
    imports_of,
)
from scaffold.languages.python.removal import (
    comments_outside,
    drop_block,
    drop_import,
    used_globals,
)

_UNITS = (ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class _Payload:
    imports: tuple[Import, ...]
    pieces: Mapping[str, Piece]

    @property
    def units(self) -> tuple[Unit, ...]:
        imported = [Unit(item.key, _import_digest(item.key)) for item in self.imports]
        pieces = [Unit(piece.name, piece.digest) for piece in self.pieces.values()]
        return tuple(sorted([*imported, *pieces]))


@dataclass
class _Decisions:
    """What is to be done with each unit of a payload."""

    imports: list[Import] = field(default_factory=list)
    add: list[Piece] = field(default_factory=list)
    replace: list[Piece] = field(default_factory=list)
    owned: list[Unit] = field(default_factory=list)


def apply(
    text: str | None,
    payload: str,
    *,
    path: str,
    owned: Sequence[Unit] = (),
    planned: Sequence[Unit] = (),
    created: bool = False,
    header: str = "",
    first_party: Sequence[str] = (),
    on_conflict: str = "refuse",
    origin: str = "payload",
) -> EditResult:
    """The module with every import and unit of the payload in it; see `edits.apply`.

    Raises:
        CheckoutError: The module does not parse.
        ConflictError: A name is taken, or a unit of ours was edited and the payload changed too.
        KitError: The payload is no plain module, or another payload of this plan says otherwise.
    """
    wanted = _read_payload(payload, origin, header)
    _check_planned(wanted, planned, origin)
    created = created or text is None
    module = Module(text or "", path)
    ours = _digests([*owned, *planned])
    decided = _decide(module, wanted, ours, on_conflict)
    pristine = created and _is_pristine(module, ours)
    result = module.bom + module.text
    if decided.imports or decided.add or decided.replace or text is None:
        if pristine:
            result = _written_anew(module, decided, header, first_party)
        else:
            result = _written_into(module, decided, wanted, first_party)
    return EditResult(result, tuple(sorted(decided.owned)), pristine)


def revert(
    text: str,
    drop: Sequence[Unit],
    *,
    path: str,
    owned: Sequence[Unit] = (),
    created: bool = False,
    first_party: Sequence[str] = (),
    on_conflict: str = "refuse",
) -> str | None:
    """The module without the units; None where it was ours and holds nothing else. See `edits`.

    Raises:
        CheckoutError: The module does not parse.
        ConflictError: A unit was edited, or code that stays uses it.
    """
    module = Module(text, path)
    ours = _digests([*owned, *drop])
    pristine = created and _is_pristine(module, ours)
    names = {unit.name for unit in drop}
    gone = _droppable(module, names, ours, on_conflict)
    text = _without_units(text, path, gone, on_conflict, module)
    for item in [item for block in module.blocks for item in imports_of(block.node)]:
        if item.key in names:
            stay = frozenset(ours.keys() - names)
            text = drop_import(Module(text, path), item, stay)
    left = Module(text, path)
    if created and not left.blocks and len(left.comments) <= 1:
        return None
    if pristine and text != module.bom + module.text:
        return _written_anew(left, _Decisions(), "", first_party)
    return text


def units(payload: str, *, origin: str = "payload") -> tuple[Unit, ...]:
    """The units of a payload, sorted by name.

    Raises:
        KitError: The payload is no plain module of imports and units.
    """
    return _read_payload(payload, origin, "").units


def standing(text: str, owned: Sequence[Unit], *, path: str) -> dict[str, str]:
    """How units of ours stand in a module: unit name -> present, edited or absent.

    Raises:
        CheckoutError: The module does not parse.
    """
    module = Module(text, path)
    blocks = _named(module)
    imported = {item.key for block in module.blocks for item in imports_of(block.node)}
    ours = _digests(owned)
    result: dict[str, str] = {}
    for name in sorted(ours):
        if name in imported:
            result[name] = "present"
        elif name not in blocks:
            result[name] = "absent"
        else:
            result[name] = "present" if _digest(module, blocks[name]) in ours[name] else "edited"
    return result


def _read_payload(payload: str, origin: str, header: str) -> _Payload:
    text = payload.replace("\r\n", "\n")
    if header and text.split("\n", 1)[0] == header:
        text = text[len(header) :]
    module = Module(text, origin, KitError)
    imports: list[Import] = []
    pieces: dict[str, Piece] = {}
    for block in module.blocks:
        items = imports_of(block.node)
        imports += items
        if any(item.name == "*" for item in items):
            raise _broken(origin, block, "`import *` names no units", "name what is needed")
        if items:
            continue
        if not (block.name and block.alone and isinstance(block.node, _UNITS)):
            raise _broken(
                origin, block, "is no import, constant, class or function", "make it one of these"
            )
        if block.name in pieces:
            raise _broken(origin, block, f"defines '{block.name}' twice", "keep one")
        digest = module.digest(block)
        source = module.source(block)
        pieces[block.name] = Piece(block.name, source, digest, block.node, block.first)
    _check_payload(module, imports, pieces, origin)
    return _Payload(tuple(dict.fromkeys(imports)), pieces)


def _check_payload(
    module: Module, imports: Sequence[Import], pieces: Mapping[str, Piece], origin: str
) -> None:
    for line in comments_outside(module):
        raise KitError(
            f"{origin}:{line}: this comment belongs to no unit and would be lost",
            "put it right above a constant, class or function",
        )
    meanings: dict[str, str] = dict.fromkeys(pieces, "")
    for item in imports:
        if meanings.setdefault(item.bound, item.meaning) != item.meaning:
            raise KitError(
                f"{origin}: the name '{item.bound}' stands for two things", f"rename it in {origin}"
            )


def _check_planned(wanted: _Payload, planned: Sequence[Unit], origin: str) -> None:
    there = _digests(planned)
    for unit in wanted.units:
        if there.get(unit.name, {unit.digest}) != {unit.digest}:
            raise KitError(
                f"{origin}: '{unit.name}' differs from the one that another gap of this plan writes"
                " into the same file",
                "move it to one shared macro, or give one of them another name",
            )


def _decide(
    module: Module, wanted: _Payload, ours: Mapping[str, set[str]], on_conflict: str
) -> _Decisions:
    decided = _Decisions()
    bound = bindings(module.tree.body)
    for item in wanted.imports:
        places = bound.get(item.bound, [])
        if not places:
            decided.imports.append(item)
        elif all(meaning != item.meaning for _, meaning in places):
            if on_conflict != "skip":
                raise _taken(module.path, item.bound, f"`{statements([item])[0]}`", places[0][0])
            continue
        if not places or item.key in ours:
            decided.owned.append(Unit(item.key, _import_digest(item.key)))
    blocks = _named(module)
    for piece in wanted.pieces.values():
        if piece.name in blocks:
            _decide_present(module, blocks[piece.name], piece, ours, on_conflict, decided)
        elif piece.name not in bound:
            decided.add.append(piece)
            decided.owned.append(Unit(piece.name, piece.digest))
        elif on_conflict != "skip":
            line = bound[piece.name][0][0]
            raise _taken(module.path, piece.name, f"the {piece.noun} '{piece.name}'", line)
    return decided


def _decide_present(
    module: Module,
    block: Block,
    piece: Piece,
    ours: Mapping[str, set[str]],
    on_conflict: str,
    decided: _Decisions,
) -> None:
    digest = _digest(module, block)
    written = ours.get(piece.name, set())
    unit = Unit(piece.name, piece.digest)
    if digest == piece.digest:
        decided.owned += [unit] if written else []
        return
    if written and digest not in written and piece.digest in written:
        decided.owned.append(unit)  # edited by a person, and nothing new from us
        return
    if digest not in written and on_conflict == "skip":
        decided.owned += [unit] if written else []
        return
    if digest not in written and (on_conflict != "overwrite" or not block.alone):
        why = "was edited since it was generated" if written else "is there already"
        raise ConflictError(
            f"{module.path}:{block.first}: the {piece.noun} '{piece.name}' {why}, and differs from "
            "the one that this gap needs",
            "rename yours, or: --on-conflict skip (keeps yours) | overwrite (takes ours)",
        )
    decided.replace.append(piece)
    decided.owned.append(unit)


def _is_pristine(module: Module, ours: Mapping[str, set[str]]) -> bool:
    """Whether nothing but units of ours, as we wrote them, and a header line is in the file."""
    for block in module.blocks:
        items = imports_of(block.node)
        if items:
            if not all(item.key in ours for item in items):
                return False
        elif _digest(module, block) not in ours.get(block.name, set()):
            return False
    return all(line == 1 and module.line(1).startswith("#") for line in comments_outside(module))


def _written_anew(
    module: Module, decided: _Decisions, header: str, first_party: Sequence[str]
) -> str:
    imports = {item for block in module.blocks for item in imports_of(block.node)}
    pieces = {
        name: Piece(name, module.source(block), "", block.node, block.first)
        for name, block in _named(module).items()
    }
    pieces.update({piece.name: piece for piece in [*decided.replace, *decided.add]})
    outside = comments_outside(module)
    header = header or (module.line(1) if 1 in outside else "")
    new = render_module(header, imports | set(decided.imports), pieces.values(), first_party)
    return module.bom + module.local(new)


def _written_into(
    module: Module, decided: _Decisions, wanted: _Payload, first_party: Sequence[str]
) -> str:
    text = module.bom + module.text
    for piece in decided.replace:
        current = Module(text, module.path)
        block = _named(current)[piece.name]
        start, end = current.line_start(block.start), current.line_end(block.end)
        text = current.spliced(start, end, piece.text)
    text = with_imports(text, module.path, decided.imports, first_party)
    below = needs(wanted.pieces)
    for piece in ordered(decided.add):
        text = with_piece(Module(text, module.path), piece, below)
    return text


def _droppable(
    module: Module, names: set[str], ours: Mapping[str, set[str]], on_conflict: str
) -> set[str]:
    gone = set()
    for name, block in _named(module).items():
        if name not in names:
            continue
        as_written = _digest(module, block) in ours[name]
        if as_written or (on_conflict == "overwrite" and block.alone):
            gone.add(name)
        elif on_conflict != "skip":
            raise ConflictError(
                f"{module.path}:{block.first}: '{name}' was edited since it was generated, "
                "so it is not removed",
                "move your version elsewhere, or: --on-conflict skip (keeps it) | overwrite",
            )
    return gone


def _without_units(text: str, path: str, gone: set[str], on_conflict: str, module: Module) -> str:
    """The text without the units, less those that code which stays uses."""
    while True:
        result = text
        for name in sorted(gone):
            current = Module(result, path)
            result = drop_block(current, _named(current)[name])
        if on_conflict == "overwrite":
            return result
        fixtures = {name for name in gone if _is_fixture(_named(module)[name])}
        used = used_globals(Module(result, path), gone, fixtures)
        if not used:
            return result
        if on_conflict != "skip":
            name, line = min(used.items())
            raise ConflictError(
                f"{path}:{_named(module)[name].first}: '{name}' is used by code that stays "
                f"('{line}'), so it is not removed",
                "change that code, or: --on-conflict skip (keeps it) | overwrite",
            )
        gone = gone - used.keys()


def _is_fixture(block: Block) -> bool:
    return Piece(block.name, "", "", block.node, block.first).is_fixture


def _named(module: Module) -> dict[str, Block]:
    return {block.name: block for block in module.blocks if block.name}


def _digest(module: Module, block: Block) -> str:
    return module.digest(block) if block.alone else ""


def _digests(owned: Sequence[Unit]) -> dict[str, set[str]]:
    result: dict[str, set[str]] = {}
    for unit in owned:
        result.setdefault(unit.name, set()).add(unit.digest)
    return result


def _import_digest(key: str) -> str:
    return digest_of(key)


def _broken(origin: str, block: Block, what: str, hint: str) -> KitError:
    return KitError(f"{origin}:{block.first}: {what}", f"{hint}, in {origin}")


def _taken(path: str, name: str, wanted: str, line: int) -> ConflictError:
    return ConflictError(
        f"{path}:{line}: the name '{name}' is taken here, and this gap needs it for {wanted}",
        f"rename yours in {path}",
    )
