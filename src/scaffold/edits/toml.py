"""The edit kind `toml`: entries of tables, and elements of arrays, comments and layout kept.

A payload is a TOML document. Each of its entries is a unit `table:key`; of an array each element is
one, `table.key:element`, so that several gaps add to `workspace.members`. What is not there yet
for them to stand in is made, and is a unit too: a table `[name]` at the end of the file, an array
`table.key`.

An entry goes after the last one of its table, or to its place where their keys are in alphabetical
order; an element goes after the last one of its array, in the array's own layout. Taking them
away is the exact inverse. Every result is parsed and compared with what is meant, so that an
unforeseen layout is refused and never broken.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from scaffold.edits import ApplyOptions, EditResult, Presence, RevertOptions, Unit
from scaffold.edits.decisions import (
    Occurrence,
    Ours,
    Step,
    appended,
    check_planned,
    digest,
    end_of_line,
    existing,
    line_end,
    line_number,
    local,
    ours,
    without_appended,
)
from scaffold.edits.toml_scan import Element, Entry, Path, elements, scan
from scaffold.errors import CheckoutError, KitError, ScaffoldError
from scaffold.system.invocation import edit

MADE = digest("made for what stands in it")


@dataclass(frozen=True)
class _Wanted:
    """A unit of a payload: a whole entry, or one element of an array (`source` is its text)."""

    name: str
    table: Path
    key: Path
    source: str
    value: Any
    is_element: bool

    @property
    def unit(self) -> Unit:
        return Unit(self.name, _digest(self.value))


def apply(
    text: str | None, payload: str, *, path: str, **options: Unpack[ApplyOptions]
) -> EditResult:
    """The file with every entry and element of the payload in it.

    Raises:
        CheckoutError: The file is not there, or does not parse.
        ConflictError: A key is there with another value, and is not ours or was edited.
        KitError: The payload is broken, or another payload of this plan differs.
    """
    wanted = _read(payload, options.get("origin", "payload"))
    if not wanted:
        return EditResult(text or "", ())
    planned = options.get("planned", ())
    check_planned([item.unit for item in wanted], planned, options.get("origin", "payload"))
    own = ours(path, options, planned)
    text = existing(text, path)
    _data(text, path)
    owned: list[Unit] = []
    for item in wanted:
        place = _place(text, item.name, item.table + item.key, item.is_element, item.value)
        step, mine = own.decide(item.unit, place)
        if step is Step.ADD:
            text = _added(text, item, own, owned)
        elif step is Step.REPLACE:
            entry = _entry(text, item.table + item.key)
            text = text[: entry.value_start] + local(item.source, text) + text[entry.end :]
        else:
            owned += [Unit(name, MADE) for name in _frames(item) if name in own.digests]
        if mine:
            owned.append(item.unit)
        _check(text, item, step, path)
    return EditResult(text, tuple(sorted(set(owned))))


def revert(
    text: str, drop: Sequence[Unit], *, path: str, **options: Unpack[RevertOptions]
) -> str | None:
    """The file without the entries and elements, and without what was made for them.

    Raises:
        CheckoutError: The file does not parse.
        ConflictError: An entry was edited.
    """
    _data(text, path)
    own = ours(path, options, drop)
    names = {unit.name for unit in drop if unit.digest != MADE}
    for name in sorted(names):
        text = _dropped(text, name, own)
    for unit in sorted((unit for unit in drop if unit.digest == MADE), reverse=True):
        text = _without_frame(text, unit.name)
    return text


def units(payload: str, *, origin: str = "payload") -> tuple[Unit, ...]:
    """The units of a payload, sorted by name.

    Raises:
        KitError: The payload is broken.
    """
    return tuple(sorted(item.unit for item in _read(payload, origin)))


def standing(text: str, owned: Sequence[Unit], *, path: str) -> dict[str, Presence]:
    """Unit name -> present, edited or absent.

    Raises:
        CheckoutError: The file does not parse.
    """
    _data(text, path)
    held = [unit for unit in owned if unit.digest != MADE]
    places = {unit.name: _named_place(text, unit.name) for unit in held}
    return ours(path, {"owned": held}).standing(
        {name: at for name, at in places.items() if at is not None}
    )


def _read(payload: str, origin: str) -> list[_Wanted]:
    text = payload.replace("\r\n", "\n")
    _data(text, origin, KitError)
    tables, entries = scan(text)
    if any(table.is_array for table in tables):
        raise KitError(f"{origin}: an array of tables cannot be a unit: use plain tables")
    found: list[_Wanted] = []
    for entry in entries:
        source = text[entry.value_start : entry.end]
        value = _value(text, entry)
        if not isinstance(value, list):
            name = _entry_name(entry.table, entry.key)
            found.append(_Wanted(name, entry.table, entry.key, source, value, False))
            continue
        for element in elements(text, entry):
            part = text[element.start : element.end]
            one = tomllib.loads(f"x = {part}")["x"]
            name = f"{_dotted(entry.path)}:{_shown(one)}"
            found.append(_Wanted(name, entry.table, entry.key, part, one, True))
    if len({item.name for item in found}) != len(found):
        raise KitError(f"{origin}: has the same entry twice")
    return found


def _added(text: str, item: _Wanted, own: Ours, owned: list[Unit]) -> str:
    tables, entries = scan(text)
    frames = _frames(item)
    array = next((e for e in entries if e.path == item.table + item.key), None)
    if item.is_element and array is not None:
        owned += [Unit(name, MADE) for name in frames if name in own.digests]
        return _with_element(text, array, local(item.source, text), own)
    source = f"[{item.source}]" if item.is_element else item.source
    line = local(f"{_dotted(item.key)} = {source}", text)
    if item.is_element:
        owned.append(Unit(_dotted(item.table + item.key), MADE))
    newline = line_end(text)
    table = next((t for t in tables if t.path == item.table and not t.is_array), None)
    if table is None:
        owned.append(Unit(f"[{_dotted(item.table)}]", MADE))
        return appended(text, f"[{_dotted(item.table)}]{newline}{line}")
    owned += [Unit(name, MADE) for name in frames[1:] if name in own.digests]
    mine = [e for e in entries if e.table == item.table]
    if not mine and not table.path:
        return f"{line}{newline}{text}"
    before = _before(item, mine)
    at = end_of_line(text, before.end if before else table.end)
    return f"{text[:at]}{newline}{line}{text[at:]}"


def _before(item: _Wanted, there: Sequence[Entry]) -> Entry | None:
    """The entry of its table after which an item goes; None where it is the first one."""
    keys = [entry.key for entry in there]
    if not item.table or len(keys) < 2 or keys != sorted(keys):
        return there[-1] if there else None
    return next((entry for entry in reversed(there) if entry.key < item.key), None)


def _with_element(text: str, array: Entry, source: str, own: Ours) -> str:
    there = elements(text, array)
    if text[array.value_start : array.value_start + 1] != "[":
        raise CheckoutError(
            f"{own.path}:{line_number(text, array.start)}: '{_dotted(array.path)}' is not an array",
            edit(own.path),
        )
    if not there:
        at = array.value_start + 1
        return text[:at] + source + text[at:]
    last = there[-1]
    start = text.rfind("\n", 0, last.start) + 1
    indent = text[start : last.start]
    if indent.strip():
        return text[: last.end] + f", {source}" + text[last.end :]
    newline = line_end(text)
    if last.comma is None:
        return text[: last.end] + f",{newline}{indent}{source}" + text[last.end :]
    at = end_of_line(text, last.comma)
    return text[:at] + f"{newline}{indent}{source}," + text[at:]


def _dropped(text: str, name: str, own: Ours) -> str:
    place = _named_place(text, name)
    if place is None or not own.may_drop(name, place):
        return text
    found = _find(text, name)
    if isinstance(found, Entry):
        start = text.rfind("\n", 0, found.start) + 1
        end = end_of_line(text, found.end)
        if start == 0:
            return text[min(len(text), end + len(line_end(text))) :]
        return text[: _before_line_end(text, start)] + text[end:]
    if found is None:
        return text
    array, at = found
    return _without_element(text, elements(text, array), at)


def _without_element(text: str, there: Sequence[Element], at: int) -> str:
    one = there[at]
    start = text.rfind("\n", 0, one.start) + 1
    alone = not text[start : one.start].strip()
    if alone and one.comma is not None:
        end = end_of_line(text, one.comma)
        if not text[one.comma + 1 : end].strip() or text[one.comma + 1 : end].lstrip()[:1] == "#":
            return text[: _before_line_end(text, start)] + text[end:]
    if at > 0:
        return text[: there[at - 1].end] + text[one.end :]
    if len(there) > 1:
        return text[: one.start] + text[there[1].start :]
    return text[: one.start] + text[one.end if one.comma is None else one.comma + 1 :]


def _without_frame(text: str, name: str) -> str:
    """The text without a table or an array that we made, where nothing stands in it any more."""
    tables, entries = scan(text)
    if name.startswith("["):
        table = next((t for t in tables if t.path and f"[{_dotted(t.path)}]" == name), None)
        if table is None or any(e.table == table.path for e in entries):
            return text
        following = next((t.start for t in tables if t.start > table.start), len(text))
        if text[table.end : following].strip():
            return text
        return without_appended(text, table.start, table.end)
    array = next((e for e in entries if _dotted(e.path) == name), None)
    if array is None or elements(text, array) or text[array.value_start : array.end] != "[]":
        return text
    start, end = text.rfind("\n", 0, array.start) + 1, end_of_line(text, array.end)
    if start == 0:
        return text[min(len(text), end + len(line_end(text))) :]
    return text[: _before_line_end(text, start)] + text[end:]


def _place(text: str, name: str, path: Path, is_element: bool, value: Any) -> Occurrence | None:
    """Where a unit is; a value in another notation (a table for an inline one) counts too."""
    place = _named_place(text, name)
    if place is not None:
        return place
    data: Any = tomllib.loads(text.lstrip("\ufeff"))
    for part in path:
        if not isinstance(data, dict) or part not in data:
            return None
        data = data[part]
    if is_element:
        return Occurrence(_digest(value), 1) if isinstance(data, list) and value in data else None
    return Occurrence(_digest(data), 1)


def _named_place(text: str, name: str) -> Occurrence | None:
    found = _find(text, name)
    if found is None:
        return None
    if isinstance(found, Entry):
        return Occurrence(_digest(_value(text, found)), line_number(text, found.start))
    array, at = found
    element = elements(text, array)[at]
    return Occurrence(_digest(_element(text, element)), line_number(text, element.start))


def _find(text: str, name: str) -> Entry | tuple[Entry, int] | None:
    """The entry of a unit's name, or the array and the element's number in it."""
    _, entries = scan(text)
    for entry in entries:
        if _entry_name(entry.table, entry.key) == name:
            return entry
        lead = f"{_dotted(entry.path)}:"
        if name.startswith(lead) and text[entry.value_start] == "[":
            for at, element in enumerate(elements(text, entry)):
                if _shown(_element(text, element)) == name.removeprefix(lead):
                    return entry, at
    return None


def _entry(text: str, path: Path) -> Entry:
    return next(entry for entry in scan(text)[1] if entry.path == path)


def _frames(item: _Wanted) -> list[str]:
    """What may have been made for a unit to stand in."""
    table = [f"[{_dotted(item.table)}]"]
    return [*table, _dotted(item.table + item.key)] if item.is_element else table


def _check(text: str, item: _Wanted, step: Step, path: str) -> None:
    data: Any = _data(text, path)
    if step is Step.LEAVE:
        return
    for part in item.table + item.key:
        data = data[part] if isinstance(data, dict) and part in data else None
    if data != item.value and not (item.is_element and item.value in (data or ())):
        raise CheckoutError(
            f"{path}: '{item.name}' cannot be put in as this file is laid out; add it by hand: "
            f"{_dotted(item.key)} = {item.source}",
            edit(path),
        )


def _data(text: str, path: str, error: type[ScaffoldError] = CheckoutError) -> dict[str, Any]:
    try:
        return tomllib.loads(text.lstrip("\ufeff"))
    except tomllib.TOMLDecodeError as fault:
        raise error(f"{path} does not parse: {fault}", edit(path)) from fault


def _value(text: str, entry: Entry) -> Any:
    return tomllib.loads(f"x = {text[entry.value_start : entry.end]}")["x"]


def _element(text: str, element: Element) -> Any:
    return tomllib.loads(f"x = {text[element.start : element.end]}")["x"]


def _entry_name(table: Path, key: Path) -> str:
    return f"{_dotted(table)}:{_dotted(key)}" if table else _dotted(key)


def _dotted(path: Path) -> str:
    plain = [p if p.replace("-", "").replace("_", "").isalnum() else json.dumps(p) for p in path]
    return ".".join(plain)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


def _digest(value: Any) -> str:
    return digest(json.dumps(value, sort_keys=True, default=str))


def _before_line_end(text: str, start: int) -> int:
    """Where the line end before a line begins."""
    return start - 2 if text[max(0, start - 2) : start] == "\r\n" else start - 1
