"""The edit kind `rust`: module declarations at the end of a file, and items taken out.

A payload is Rust text of

- `mod name;` with its attributes and the comments right above, the unit `mod name`: added after
  the last line that is not blank, after one blank line. Blank lines and a missing line end at the
  end of the file stay at the end.
- `// scaffold: remove mod name` (or fn, struct, enum, trait, type, const, static), the unit
  `remove mod name`: the item goes with its attributes and comments. Its text and the lines around
  it are kept in the state, so that taking the edit back puts it where it was. One that is not
  there is an error, but with `if there` after its name.

A file is never created: a module declaration has no place without the crate's own file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

from scaffold.edits import KEPT, ApplyOptions, EditResult, Presence, RevertOptions, Unit
from scaffold.edits.conflicts import OnConflict
from scaffold.edits.decisions import (
    Occurrence,
    Ours,
    Step,
    appended,
    check_planned,
    digest,
    existing,
    local,
    ours,
    without_appended,
)
from scaffold.edits.memory import Removed, kept, put_back, remembered, take_out
from scaffold.errors import CheckoutError, ConflictError, KitError, ScaffoldError
from scaffold.languages.rust.symbols import attributes_of, parse
from scaffold.languages.trees import line_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_REMOVE = re.compile(
    r"//\s*scaffold:\s*remove\s+(?P<what>\w+)\s+(?P<name>\w+)(?P<maybe>\s+if\s+there)?\s*$"
)
_WORDS = {
    "mod": "mod_item",
    "fn": "function_item",
    "struct": "struct_item",
    "enum": "enum_item",
    "trait": "trait_item",
    "type": "type_item",
    "const": "const_item",
    "static": "static_item",
}


@dataclass(frozen=True)
class _Item:
    """A top-level item: characters `start` to `end`, attributes and comments included."""

    node_type: str
    name: str
    start: int
    end: int
    line: int
    text: str


@dataclass(frozen=True)
class _Removal:
    """An item to take out, by its word and name; `maybe` where it may be gone already."""

    what: str
    name: str
    maybe: bool


def apply(
    text: str | None, payload: str, *, path: str, **options: Unpack[ApplyOptions]
) -> EditResult:
    """The file with every declaration of the payload, less every item that it removes.

    Raises:
        CheckoutError: The file is not there, does not parse, or lacks an item to remove.
        ConflictError: A module of that name is there, and is not ours or was edited.
        KitError: The payload is broken, or another payload of this plan differs.
    """
    origin = options.get("origin", "payload")
    declared, removals = _read(payload, origin)
    if not declared and not removals:
        return EditResult(text or "", ())
    planned = options.get("planned", ())
    units_declared = [Unit(f"mod {name}", digest(item.text)) for name, item in declared.items()]
    check_planned(units_declared, planned, origin)
    own = ours(path, options, planned)
    text = existing(text, path)
    owned: list[Unit] = []
    for unit in units_declared:
        text = _declare(text, declared[unit.name[4:]], unit, own, owned)
    for name, removal in removals.items():
        text = _remove(text, name, removal, own, owned)
    return EditResult(text, tuple(sorted(owned)))


def revert(
    text: str, drop: Sequence[Unit], *, path: str, **options: Unpack[RevertOptions]
) -> str | None:
    """The file without the declarations, and with the removed items back in their places.

    Raises:
        CheckoutError: The file does not parse.
        ConflictError: A declaration was edited, or the place of a removed item is unknown.
    """
    own = ours(path, options, drop)
    for unit in drop:
        if unit.name.startswith("mod "):
            text = _take_back(text, unit.name, own)
    waiting = [unit for unit in drop if unit.name.startswith("remove ")]
    while waiting:
        done = next((unit for unit in waiting if _restored(text, unit) is not None), None)
        if done is None:
            _refuse_restoring(waiting[0], own)
            break
        text = _restored(text, done) or text
        waiting.remove(done)
    return text


def units(payload: str, *, origin: str = "payload") -> tuple[Unit, ...]:
    """The units of a payload, sorted by name.

    Raises:
        KitError: The payload is broken.
    """
    declared, removals = _read(payload, origin)
    found = [Unit(f"mod {name}", digest(item.text)) for name, item in declared.items()]
    return tuple(sorted([*found, *(Unit(name, KEPT) for name in removals)]))


def standing(text: str, owned: Sequence[Unit], *, path: str) -> dict[str, Presence]:
    """Unit name -> present, edited or absent; a removal is edited where its item is back.

    Raises:
        CheckoutError: The file does not parse.
    """
    items = _items(text, path)
    declared = [unit for unit in owned if unit.name.startswith("mod ")]
    result = ours(path, {"owned": declared}).standing(
        {
            f"mod {item.name}": Occurrence(digest(item.text), item.line)
            for item in reversed(items)
            if item.node_type == "mod_item"
        }
    )
    for unit in owned:
        _, what, name = [*unit.name.split(" "), "", ""][:3]
        if unit.name.startswith("remove "):
            there = _find(items, _WORDS.get(what, ""), name)
            result[unit.name] = Presence.PRESENT if there is None else Presence.EDITED
    return result


def _read(payload: str, origin: str) -> tuple[dict[str, _Item], dict[str, _Removal]]:
    """The declarations by name, and the removals by the names of their units."""
    text = payload.replace("\r\n", "\n")
    removals: dict[str, _Removal] = {}
    kept: list[str] = []
    for line in text.split("\n"):
        found = _REMOVE.match(line.strip())
        if found and found["what"] in _WORDS:
            unit = f"remove {found['what']} {found['name']}"
            removals[unit] = _Removal(found["what"], found["name"], bool(found["maybe"]))
        elif found:
            raise KitError(f"{origin}: nothing called '{found['what']}' can be removed")
        kept.append("" if found else line)
    source = "\n".join(kept)
    declared: dict[str, _Item] = {}
    covered = 0
    for item in _items(source, origin, KitError):
        if item.node_type != "mod_item" or item.text.rstrip().endswith("}"):
            raise KitError(f"{origin}:{item.line}: is not `mod name;`")
        if item.name in declared:
            raise KitError(f"{origin}:{item.line}: declares '{item.name}' twice")
        declared[item.name] = item
        covered += len("".join(item.text.split()))
    if covered != len("".join(source.split())):
        raise KitError(f"{origin}: holds more than module declarations")
    return declared, removals


def _items(text: str, path: str, error: type[ScaffoldError] = CheckoutError) -> list[_Item]:
    source = text.encode("utf-8")
    root = parse(path, source, error)
    return [_item(node, source) for node in root.named_children if _is_item(node)]


def _is_item(node: Node) -> bool:
    return node.type not in ("attribute_item", "line_comment", "block_comment", "shebang")


def _item(node: Node, source: bytes) -> _Item:
    above = attributes_of(node)
    first = above[0] if above else node
    start, end = first.start_byte, node.end_byte
    following = node.next_sibling
    if following is not None and following.type == "line_comment":
        same_line = following.start_point[0] == node.end_point[0]
        end = following.end_byte if same_line else end
    name = text_of(node.child_by_field_name("name"))
    text = source[start:end].decode("utf-8").rstrip("\r\n")
    at = len(source[:start].decode("utf-8"))
    return _Item(node.type, name, at, at + len(text), line_of(first), text)


def _find(items: Sequence[_Item], node_type: str, name: str) -> _Item | None:
    return next((i for i in items if i.node_type == node_type and i.name == name), None)


def _declare(text: str, wanted: _Item, unit: Unit, own: Ours, owned: list[Unit]) -> str:
    there = _find(_items(text, own.path), "mod_item", wanted.name)
    step, mine = own.decide(unit, Occurrence(digest(there.text), there.line) if there else None)
    if mine:
        owned.append(unit)
    written = local(wanted.text, text)
    if step is Step.REPLACE and there is not None:
        return text[: there.start] + written + text[there.end :]
    if step is Step.ADD:
        return appended(text, written)
    return text


def _take_back(text: str, name: str, own: Ours) -> str:
    there = _find(_items(text, own.path), "mod_item", name[4:])
    if there is None or not own.may_drop(name, Occurrence(digest(there.text), there.line)):
        return text
    return without_appended(text, there.start, there.end)


def _remove(text: str, unit: str, removal: _Removal, own: Ours, owned: list[Unit]) -> str:
    if unit in own.kept:
        owned.append(Unit(unit, KEPT, own.kept[unit]))  # gone, or a person put it back: theirs
        return text
    there = _find(_items(text, own.path), _WORDS[removal.what], removal.name)
    if there is None and removal.maybe:
        return text
    if there is None:
        raise CheckoutError(
            f"{own.path}: there is no `{removal.what} {removal.name}` to remove",
            "scaffold status",
        )
    text, removed = take_out(text, there.start, there.end)
    owned.append(Unit(unit, KEPT, kept(removed)))
    return text


def _restored(text: str, unit: Unit) -> str | None:
    return put_back(text, remembered(Removed, unit))


def _refuse_restoring(unit: Unit, own: Ours) -> None:
    if own.on_conflict in (OnConflict.REFUSE, OnConflict.MERGE):
        line = remembered(Removed, unit).line
        raise ConflictError(
            f"{own.path}:{line}: the place of what '{unit.name}' took out can no longer be found "
            "(skip leaves it out)",
            "--on-conflict skip",
        )
