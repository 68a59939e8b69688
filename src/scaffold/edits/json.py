"""The edit kind `json`: entries of objects, and elements of arrays, comments and layout kept.

A payload is a JSON document. Each value in it that is no object is a unit named by its path,
`scripts.test`; of an array each element is one, `workspaces:packages/*`. What is not there yet for
them to stand in is made, and is a unit too. An entry goes where the order of the keys asks for it
(npm sorts its dependencies), else after the last one, an element after the last one. Taking them
away is the exact inverse. Every result is parsed and compared with what is meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from scaffold.edits import ApplyOptions, EditResult, Presence, RevertOptions, Unit
from scaffold.edits.decisions import (
    Occurrence,
    Ours,
    Step,
    check_planned,
    digest,
    existing,
    line_end,
    line_number,
    local,
    ours,
)
from scaffold.edits.json_scan import Member, Path, Value, scan
from scaffold.errors import CheckoutError, KitError
from scaffold.system.invocation import edit

MADE = digest("made for what stands in it")
FILLED = digest("was empty before")
"""Digests of a unit that is an object or an array: we made it, or it was there without a member."""
ROOT = "(the whole)"
_TO_COMMA = re.compile(r"(?:[^,/]|//[^\n]*|/\*.*?\*/)*,", re.DOTALL)


@dataclass(frozen=True)
class _Wanted:
    """A unit of a payload: where it goes, and its text."""

    path: Path
    source: str
    value: Any
    is_element: bool

    @property
    def name(self) -> str:
        return _name(self.path, self.value if self.is_element else None, self.is_element)

    @property
    def unit(self) -> Unit:
        return Unit(self.name, _digest(self.value))


@dataclass(frozen=True)
class _Place:
    """A member of an object or an array: the one that it is in, and its number there."""

    holder: Value
    at: int

    @property
    def member(self) -> Member:
        return self.holder.members[self.at]


def apply(
    text: str | None, payload: str, *, path: str, **options: Unpack[ApplyOptions]
) -> EditResult:
    """The file with every entry and element of the payload in it.

    Raises:
        CheckoutError: The file is not there, or does not parse.
        ConflictError: A key is there with another value, and is not ours or was edited.
        KitError: The payload is broken, or another payload of this plan differs.
    """
    origin = options.get("origin", "payload")
    wanted = _read(payload, origin)
    if not wanted:
        return EditResult(text or "", ())
    planned = options.get("planned", ())
    check_planned([item.unit for item in wanted], planned, origin)
    own = ours(path, options, planned)
    text = existing(text, path)
    scan(text, path)
    owned: list[Unit] = []
    for item in wanted:
        place = _places(scan(text, path)).get(item.name)
        there = None if place is None else _occurrence(text, place)
        step, mine = own.decide(item.unit, there)
        if step is Step.ADD:
            text = _put(text, item, own, owned)
        elif step is Step.REPLACE and place is not None:
            value = place.member.value
            source = _laid_out(item.source, text, _indent(text, place.member.start))
            text = text[: value.start] + source + text[value.end :]
        owned += [item.unit, *_frames(item, own)] if mine else []
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
    scan(text, path)
    own = ours(path, options, drop)
    frames = [unit for unit in drop if unit.digest in (MADE, FILLED)]
    for name in sorted({unit.name for unit in drop} - {unit.name for unit in frames}):
        place = _places(scan(text, path)).get(name)
        if place is not None and own.may_drop(name, _occurrence(text, place)):
            text = _without(text, place)
    for unit in sorted(frames, key=lambda unit: unit.name, reverse=True):
        root = scan(text, path)
        place = _places(root).get(unit.name)
        if place is None and unit.name != ROOT:
            continue
        value = root if place is None else place.member.value
        if value.members:
            continue
        inner = text[value.start + 1 : value.end - 1]
        if unit.digest == FILLED and inner.strip() == unit.kept.strip():
            text = text[: value.start + 1] + unit.kept + text[value.end - 1 :]
        elif unit.digest == MADE and place is not None and not inner.strip():
            text = _without(text, place)
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
    held = [unit for unit in owned if unit.digest not in (MADE, FILLED)]
    places = _places(scan(text, path))
    return ours(path, {"owned": held}).standing(
        {unit.name: _occurrence(text, places[unit.name]) for unit in held if unit.name in places}
    )


def _read(payload: str, origin: str) -> list[_Wanted]:
    text = payload.replace("\r\n", "\n")
    if not text.strip():
        return []
    root = scan(text, origin, KitError)
    if not isinstance(root.plain, dict):
        raise KitError(f"{origin}: is not an object")
    found = list(_wanted(text, root, ()))
    if len({item.name for item in found}) != len(found):
        raise KitError(f"{origin}: has the same element twice")
    return found


def _wanted(text: str, value: Value, path: Path) -> Iterator[_Wanted]:
    for member in value.members:
        here, inner = (*path, member.key or ""), member.value
        source = text[inner.start : inner.end]
        if isinstance(inner.plain, dict) and inner.members:
            yield from _wanted(text, inner, here)
        elif isinstance(inner.plain, list) and inner.members:
            for element in inner.members:
                part = text[element.start : element.end]
                yield _Wanted(here, part, element.value.plain, True)
        else:
            yield _Wanted(here, source, inner.plain, False)


def _put(text: str, item: _Wanted, own: Ours, owned: list[Unit]) -> str:
    """The text with a unit in it, and with what it stands in."""
    steps = item.path if item.is_element else item.path[:-1]
    for depth in range(len(steps) + 1):
        held = _walk(scan(text, own.path), steps[:depth])
        is_list = item.is_element and depth == len(steps)
        if held is None:
            above = steps[: depth - 1]
            text = _added(text, above, json.dumps(steps[depth - 1], ensure_ascii=False),
                          "[]" if is_list else "{}", own, owned)  # fmt: skip
            owned.append(Unit(_name(steps[:depth]), MADE))
        elif isinstance(held.plain, list) != is_list or not isinstance(held.plain, (list, dict)):
            line, kind = line_number(text, held.start), "array" if is_list else "object"
            raise CheckoutError(
                f"{own.path}:{line}: '{_name(steps[:depth])}' is not an {kind}",
                edit(own.path),
            )
    key = "" if item.is_element else json.dumps(item.path[-1], ensure_ascii=False)
    return _added(text, steps, key, item.source, own, owned)


def _added(text: str, holder: Path, key: str, source: str, own: Ours, owned: list[Unit]) -> str:
    """The text with one more member of an object or an array, which is there."""
    value = _walk(scan(text, own.path), holder)
    assert value is not None
    if not value.members:
        inner = text[value.start + 1 : value.end - 1]
        name = _name(holder)
        if Unit(name, MADE) not in owned and MADE not in own.digests.get(name, ()):
            owned.append(Unit(name, FILLED, inner))
        return _into_empty(text, value, key, source)
    at = _rank(value, key)
    there = value.members
    indent = _indent(text, there[0].start)
    entry = _entry(key, _laid_out(source, text, indent))
    if not _begins_line(text, there[0].start):
        if at == len(there):
            return text[: there[-1].end] + f", {entry}" + text[there[-1].end :]
        return text[: there[at].start] + f"{entry}, " + text[there[at].start :]
    newline = f"{line_end(text)}{indent}"
    if at == 0:
        start = _rest_of_line(text, value.start + 1, there[0].start)
        return text[:start] + f"{newline}{entry}," + text[start:]
    above = there[at - 1].end
    if at == len(there):
        end = _rest_of_line(text, above, value.end - 1)
        return text[:above] + "," + text[above:end] + f"{newline}{entry}" + text[end:]
    end = _rest_of_line(text, _comma(text, above) + 1, there[at].start)
    return text[:end] + f"{newline}{entry}," + text[end:]


def _into_empty(text: str, value: Value, key: str, source: str) -> str:
    start, end = value.start + 1, value.end - 1
    if not key:
        return text[:start] + source + text[end:]
    base, newline = _indent(text, value.start), line_end(text)
    indent = base + _unit_of(text)
    inner = text[start:end].rstrip()
    entry = _entry(key, _laid_out(source, text, indent))
    return f"{text[:start]}{inner}{newline}{indent}{entry}{newline}{base}{text[end:]}"


def _without(text: str, place: _Place) -> str:
    """The text without a member: the inverse of putting it in."""
    there, at = place.holder.members, place.at
    one = there[at]
    if len(there) == 1:
        start, end = place.holder.start + 1, place.holder.end - 1
        left = text[start : one.start].rstrip() + text[one.end : end]
        return text[:start] + (left if left.strip() else "") + text[end:]
    if not _begins_line(text, one.start):
        if at == 0:
            return text[: one.start] + text[there[1].start :]
        return text[: there[at - 1].end] + text[one.end :]
    start = _line_start(text, one.start)
    if at < len(there) - 1:
        return text[:start] + text[_comma(text, one.end) + 1 :]
    above = there[at - 1].end
    comma = _comma(text, above)
    return text[:comma] + text[comma + 1 : start] + text[one.end :]


def _frames(item: _Wanted, own: Ours) -> Iterator[Unit]:
    """What was made, or was empty, and holds a unit: ours before, so shared now."""
    for depth in range(len(item.path) + item.is_element):
        name = _name(item.path[:depth])
        for mark in {MADE, FILLED} & own.digests.get(name, set()):
            yield Unit(name, mark, own.kept.get(name, ""))


def _check(text: str, item: _Wanted, step: Step, path: str) -> None:
    root = scan(text, path)
    held = _walk(root, item.path)
    fits = held is not None and (
        item.value in held.plain if item.is_element else held.plain == item.value
    )
    if step is not Step.LEAVE and not fits:
        raise CheckoutError(
            f"{path}: '{item.name}' cannot be put in as this file is laid out; add it by hand: "
            f"{item.source}",
            edit(path),
        )


def _places(root: Value) -> dict[str, _Place]:
    """Unit name -> its place; of equal elements the first one."""
    found: dict[str, _Place] = {}
    waiting: list[tuple[Value, Path]] = [(root, ())]
    while waiting:
        holder, path = waiting.pop()
        for at, member in enumerate(holder.members):
            here = path if member.key is None else (*path, member.key)
            name = _name(here, member.value.plain, member.key is None)
            found.setdefault(name, _Place(holder, at))
            if member.key is not None:
                waiting.append((member.value, here))
    return found


def _occurrence(text: str, place: _Place) -> Occurrence:
    member = place.member
    return Occurrence(_digest(member.value.plain), line_number(text, member.start))


def _walk(value: Value, path: Path) -> Value | None:
    for key in path:
        value_of = {member.key: member.value for member in value.members}
        if key not in value_of:
            return None
        value = value_of[key]
    return value


def _rank(value: Value, key: str) -> int:
    """The number that a new member gets: where the keys are sorted, that of its key."""
    keys = [json.dumps(member.key, ensure_ascii=False) for member in value.members]
    if not key or keys != sorted(keys):
        return len(keys)
    return sum(other < key for other in keys)


def _entry(key: str, source: str) -> str:
    return f"{key}: {source}" if key else source


def _laid_out(source: str, text: str, indent: str) -> str:
    """The text of a value on lines of the file, indented as its place is."""
    lines = source.split("\n")
    base = min((len(it) - len(it.lstrip()) for it in lines[1:] if it.strip()), default=0)
    return local("\n".join([lines[0], *(f"{indent}{line[base:]}" for line in lines[1:])]), text)


def _unit_of(text: str) -> str:
    """What the file indents by."""
    for line in text.split("\n"):
        blank = line[: len(line) - len(line.lstrip(" \t"))]
        if blank and line.strip()[:1] == '"':
            return blank
    return "  "


def _indent(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _begins_line(text: str, at: int) -> bool:
    start = text.rfind("\n", 0, at)
    return start >= 0 and not text[start:at].strip()


def _comma(text: str, at: int) -> int:
    """Where the comma after a member is; those in comments are none."""
    found = _TO_COMMA.match(text, at)
    assert found is not None
    return found.end() - 1


def _line_start(text: str, at: int) -> int:
    """Where the line end before a line begins."""
    found = text.rfind("\n", 0, at)
    return found - 1 if text[found - 1 : found] == "\r" else found


def _rest_of_line(text: str, at: int, most: int) -> int:
    """Where a line ends that goes on with nothing but a comment; else the place itself."""
    found = text.find("\n", at, most)
    rest = text[at:found].strip() if found >= 0 else "more"
    if rest and not rest.startswith("//"):
        return at
    return found - 1 if text[found - 1] == "\r" else found


def _name(path: Path, element: Any = None, is_element: bool = False) -> str:
    plain = [p if p.replace("-", "").replace("_", "").isalnum() else json.dumps(p) for p in path]
    name = ".".join(plain) or ROOT
    if not is_element:
        return name
    shown = element if isinstance(element, str) else json.dumps(element, sort_keys=True)
    return f"{name}:{shown}"


def _digest(value: Any) -> str:
    return digest(json.dumps(value, sort_keys=True))
