"""The edit kind `yaml`: entries of mappings and elements of lists, in block style.

A payload is YAML. Its top-level keys name what is there in the file, or what stands below the path
of a line `# scaffold: below services.app`. Each entry of their mappings and each element of their
lists is a unit (`jobs.lint`, `repos:https://…`). Other lines take an entry out, with the comment
above it:

    # scaffold: remove jobs.old-tests
    # scaffold: remove jobs.older-tests if there
    jobs:
      lint:
        runs-on: ubuntu-latest

The file is parsed for the places of its nodes and changed as text between them, so that comments,
quotes and layout stay as they are, and what was added goes without a trace.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import yaml

from scaffold.edits import KEPT, ApplyOptions, EditResult, Presence, RevertOptions, Unit
from scaffold.edits.decisions import (
    Occurrence,
    Ours,
    Step,
    check_planned,
    digest,
    end_of_line,
    existing,
    line_end,
    line_number,
    ours,
)
from scaffold.edits.memory import Removed, kept, put_back, remembered, take_out
from scaffold.errors import CheckoutError, KitError, ScaffoldError
from scaffold.system.invocation import edit

_BELOW = re.compile(r"#\s*scaffold:\s*below\s+(?P<path>\S+)\s*$")
_REMOVE = re.compile(r"#\s*scaffold:\s*remove\s+(?P<path>\S+?)(?P<maybe>\s+if there)?\s*$")
_LEAD = "remove "
Path = tuple[str, ...]


@dataclass(frozen=True)
class _Spot:
    """An entry or an element: its source without indent, where it stands, and its column."""

    name: str
    parent: Path
    source: str
    start: int
    end: int
    column: int

    @property
    def unit(self) -> Unit:
        """The unit, as the source has it."""
        return Unit(self.name, digest(self.source))

    def seen_in(self, text: str) -> Occurrence:
        """How a file has it."""
        return Occurrence(self.unit.digest, line_number(text, self.start))


@dataclass(frozen=True)
class _Payload:
    spots: tuple[_Spot, ...] = ()
    removals: tuple[tuple[Path, bool], ...] = ()


def apply(
    text: str | None, payload: str, *, path: str, **options: Unpack[ApplyOptions]
) -> EditResult:
    """The file with every entry of the payload, and without those that it removes.

    Raises:
        CheckoutError: The file is not there, does not parse, or has no such place in block style.
        ConflictError: An entry is there, differs, and is not ours or was edited.
        KitError: The payload is broken.
    """
    origin, planned = options.get("origin", "payload"), options.get("planned", ())
    wanted = _read(payload, origin)
    check_planned([spot.unit for spot in wanted.spots], planned, origin)
    if wanted == _Payload():
        return EditResult(text or "", ())
    own = ours(path, options, planned)
    text = existing(text, path)
    owned: list[Unit] = []
    for spot in wanted.spots:
        there = _find(text, spot.name, path)
        step, mine = own.decide(spot.unit, there.seen_in(text) if there else None)
        if step is Step.REPLACE and there is not None:
            text = text[: there.start] + _laid_out(spot, there.column, text) + text[there.end :]
        elif step is Step.ADD:
            before, text = text, _added(text, spot, path)
            if _others(before, spot) != _others(text, spot):
                raise _refusal(path, f"'{spot.name}' cannot be put in")
        owned += [spot.unit] if mine else []
    for place, maybe in wanted.removals:
        text = _removed(text, place, maybe, own, owned)
    return EditResult(text, tuple(sorted(owned)))


def revert(
    text: str, drop: Sequence[Unit], *, path: str, **options: Unpack[RevertOptions]
) -> str | None:
    """The file without the entries, and with those that were removed in their places.

    Raises:
        CheckoutError: It does not parse, or has no place any more for what was removed.
        ConflictError: An entry was edited.
    """
    own = ours(path, options, drop)
    _root(text, path)
    for unit in drop:
        there = None if unit.digest == KEPT else _find(text, unit.name, path)
        if there is not None and own.may_drop(unit.name, there.seen_in(text)):
            text = _without(text, there)
    removals = [unit for unit in drop if unit.digest == KEPT]
    for unit in sorted(removals, key=lambda one: -remembered(Removed, one).order):
        if _find(text, unit.name.removeprefix(_LEAD), path) is not None:
            continue
        back = put_back(text, remembered(Removed, unit))
        if back is None:
            raise _refusal(path, f"'{unit.name.removeprefix(_LEAD)}' has no place to go back to")
        text = back
    return text


def units(payload: str, *, origin: str = "payload") -> tuple[Unit, ...]:
    """The units of a payload, sorted by name.

    Raises:
        KitError: The payload is broken.
    """
    wanted = _read(payload, origin)
    removed = [Unit(_LEAD + ".".join(place), KEPT) for place, _ in wanted.removals]
    return tuple(sorted([*(spot.unit for spot in wanted.spots), *removed]))


def standing(text: str, owned: Sequence[Unit], *, path: str) -> dict[str, Presence]:
    """Unit name -> present, edited or absent; a removal is absent where its entry is back.

    Raises:
        CheckoutError: The file does not parse.
    """
    _root(text, path)
    held = [unit for unit in owned if unit.digest != KEPT]
    found = {unit.name: _find(text, unit.name, path) for unit in held}
    result = ours(path, {"owned": held}).standing(
        {name: Occurrence(at.unit.digest, 1) for name, at in found.items() if at is not None}
    )
    for unit in owned:
        if unit.digest == KEPT:
            back = _find(text, unit.name.removeprefix(_LEAD), path)
            result[unit.name] = Presence.PRESENT if back is None else Presence.ABSENT
    return result


def _read(payload: str, origin: str) -> _Payload:
    text = payload.replace("\r\n", "\n")
    removals, below = [], Path()
    for line in text.split("\n"):
        if found := _REMOVE.match(line.strip()):
            removals.append((tuple(found["path"].split(".")), bool(found["maybe"])))
        elif found := _BELOW.match(line.strip()):
            below = tuple(found["path"].split("."))
    root = _root(text, origin, KitError)
    if root is None:
        return _Payload((), tuple(removals))
    if not isinstance(root, yaml.MappingNode):
        raise KitError(f"{origin}: is not a mapping (`key:`, and entries or elements below it)")
    spots = []
    for key, value in root.value:
        if not isinstance(value, yaml.CollectionNode) or value.flow_style:
            raise KitError(f"{origin}: '{key.value}' is not a mapping or list in block style")
        spots += list(_spots(text, (*below, key.value), value))
    if len({spot.name for spot in spots}) != len(spots):
        raise KitError(f"{origin}: has the same entry twice")
    return _Payload(tuple(spots), tuple(removals))


def _root(text: str, path: str, error: type[ScaffoldError] = CheckoutError) -> yaml.Node | None:
    try:
        # BaseLoader makes no object, and the C parser gives the same marks.
        node: yaml.Node | None = yaml.compose(text.removeprefix("\ufeff"), yaml.BaseLoader)
        return node
    except yaml.YAMLError as fault:
        why = " ".join(str(fault).split())
        raise error(f"{path} does not parse: {why:.200}", edit(path)) from fault


def _spots(text: str, path: Path, node: yaml.CollectionNode) -> Iterator[_Spot]:
    """The entries of a mapping or the elements of a list."""
    shift = text.startswith("\ufeff")
    dotted = ".".join(path)
    for item in node.value:
        first, last = item if isinstance(node, yaml.MappingNode) else (item, item)
        start = first.start_mark.index + shift
        if isinstance(node, yaml.SequenceNode):
            start = text.rfind("-", 0, start)
            name = f"{dotted}:{_shown(item)}"
        else:
            name = f"{dotted}.{first.value}" if path else str(first.value)
        end = end_of_line(text, max(start, _end(text, last, shift)))
        column = start - (text.rfind("\n", 0, start) + 1)
        source = _dedented(text[start:end], column)
        yield _Spot(name, path, source, start, end, column)


def _end(text: str, node: yaml.Node, shift: int) -> int:
    """The end of a node's last token: the mark of a block ends at the next one."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last, shift)
    start, end = node.start_mark.index + shift, node.end_mark.index + shift
    return start + len(text[start:end].rstrip())


def _shown(node: yaml.Node) -> str:
    """An element's name: its text, or that of its first value."""
    if isinstance(node, yaml.MappingNode) and node.value:
        return _shown(node.value[0][1])
    if isinstance(node, yaml.SequenceNode) and node.value:
        return _shown(node.value[0])
    return str(node.value)


def _below(text: str, path: Path, origin: str) -> yaml.Node | None:
    node = _root(text, origin)
    for part in path:
        if not isinstance(node, yaml.MappingNode):
            return None
        node = next((value for key, value in node.value if key.value == part), None)
    return node


def _find(text: str, name: str, path: str) -> _Spot | None:
    """The entry or element of a unit's name."""
    lead, sign, _ = name.partition(":")
    parts = tuple((lead if sign else name.rpartition(".")[0]).split("."))
    for parent in [parts] if parts != ("",) else [()]:
        node = _below(text, parent, path)
        if isinstance(node, yaml.CollectionNode) and not node.flow_style:
            return next((one for one in _spots(text, parent, node) if one.name == name), None)
    return None


def _added(text: str, spot: _Spot, path: str) -> str:
    node = _below(text, spot.parent, path)
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        raise _refusal(path, f"there is no '{'.'.join(spot.parent)}' in block style with entries")
    there = list(_spots(text, spot.parent, node))
    last, newline = there[-1], line_end(text)
    before = text[there[-2].end : last.start] if len(there) > 1 else ""
    after = text[last.end :]
    apart = before.count("\n") > 1 and (not after.strip() or after.count("\n", 0, 4) > 1)
    lead = newline * (2 if apart and _blank_follows(after) else 1)
    indent = " " * last.column
    return text[: last.end] + lead + indent + _laid_out(spot, last.column, text) + after


def _others(text: str, spot: _Spot) -> Any:
    """What a file holds besides a unit; None where it does not parse."""
    try:
        data = yaml.load(text.removeprefix("\ufeff"), yaml.BaseLoader)
        place = data
        for part in spot.parent:
            place = place[part]
        if isinstance(place, dict):
            place.pop(spot.name.removeprefix(".".join((*spot.parent, ""))), None)
        else:
            place[:] = [one for one in place if _first(one) != spot.name.partition(":")[2]]
    except (yaml.YAMLError, LookupError, TypeError):
        return None
    return data


def _first(value: Any) -> str:
    """The name of an element, as `_shown` has it."""
    while isinstance(value, dict | list) and value:
        value = next(iter(value.values() if isinstance(value, dict) else value))
    return str(value)


def _blank_follows(after: str) -> bool:
    lines = after.replace("\r\n", "\n").split("\n")[1:2]
    return not lines or not lines[0].strip()


def _laid_out(spot: _Spot, column: int, like: str) -> str:
    """The source of a unit as it stands in a column, without the indent of its first line."""
    lines = spot.source.split("\n")
    indented = [f"{' ' * column}{line}" if line.strip() else "" for line in lines[1:]]
    return line_end(like).join([lines[0], *indented])


def _without(text: str, spot: _Spot) -> str:
    start = text.rfind("\n", 0, spot.start)
    if start < 0:
        return text[_past(text, spot.end) :]
    end = spot.end
    start -= text[start - 1 : start] == "\r"
    above = text[:start].rpartition("\n")[2]
    if not above.strip() and _blank_follows(text[end:]):
        start = text.rfind("\n", 0, start)
        start -= text[start - 1 : start] == "\r"
    return text[:start] + text[end:]


def _removed(text: str, place: Path, maybe: bool, own: Ours, owned: list[Unit]) -> str:
    name = ".".join(place)
    unit = f"{_LEAD}{name}"
    there = _find(text, name, own.path)
    if there is None:
        if unit in own.digests:
            owned.append(Unit(unit, KEPT, own.kept[unit]))
        elif not maybe:
            raise _refusal(own.path, f"there is no '{name}' to remove")
        return text
    start = text.rfind("\n", 0, there.start) + 1
    # Its comment goes with it.
    while start > 0:
        above = text.rfind("\n", 0, start - 1) + 1
        if not text[above:start].lstrip().startswith("#"):
            break
        start = above
    text, removed = take_out(text, start, there.end)
    order = sum(one.startswith(_LEAD) for one in own.digests) + len(owned)
    owned.append(Unit(unit, KEPT, kept(Removed(**{**vars(removed), "order": order}))))
    _root(text, own.path)
    return text


def _dedented(source: str, column: int) -> str:
    lines = source.replace("\r\n", "\n").split("\n")
    return "\n".join([lines[0], *(line[min(column, _indent(line)) :] for line in lines[1:])])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _past(text: str, end: int) -> int:
    return min(len(text), end + len(line_end(text)))


def _refusal(path: str, fact: str) -> CheckoutError:
    return CheckoutError(f"{path}: {fact}, as this file is laid out", edit(path))
