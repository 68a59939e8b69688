"""The edit kind `replace`: paths that are called otherwise now, and whole lines of text.

A payload is TOML:

    [[path]]
    old = "tests/old"            # as a file names it, from the root or from its own folder
    new = "tests/new"

    [[lines]]
    old = "cd tests"             # whole lines that stand there once
    new = ""                     # what takes their place; empty takes them out
    optional = true              # lines that are not there are no error, nor is a missing file

A path is found by whole components: `tests/old` is in `./tests/old/x.py`, and is not in
`tests/older` or `other/tests/old`. One without a slash (`config.yaml`) has at most `./` before it.
JSON, TOML and YAML must parse afterwards and hold the same, but for these paths.

An entry is a unit. It remembers which occurrences of the new path are its own, or what stood around
the lines, so that a person's own ones stay when it goes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from scaffold.edits import ApplyOptions, EditResult, Presence, RevertOptions, Unit
from scaffold.edits.conflicts import OnConflict
from scaffold.edits.decisions import (
    Ours,
    check_planned,
    digest,
    existing,
    line_end,
    ours,
)
from scaffold.edits.memory import kept, remembered
from scaffold.edits.paths import check_same, old_places, places
from scaffold.errors import CheckoutError, ConflictError, KitError

CONTEXT = 3
_KEYS: dict[str, dict[str, type]] = {
    "path": {"old": str, "new": str},
    "lines": {"old": str, "new": str, "optional": bool},
}
_LINES = " …"
"""The end of the name of a unit of lines."""


@dataclass(frozen=True)
class _Spots:
    """The numbers of our occurrences of a new path, and how many there are in all."""

    at: tuple[str, ...]
    of: int


@dataclass(frozen=True)
class _Replaced:
    """Lines that were replaced, by which ones, and what stood around them."""

    old: str
    new: str
    line: int
    above: tuple[str, ...]
    below: tuple[str, ...]


@dataclass(frozen=True)
class _Entry:
    kind: str
    old: str
    new: str
    optional: bool = False

    @property
    def unit(self) -> Unit:
        """The unit of an entry, without what it keeps."""
        first = next((line.strip() for line in self.old.split("\n") if line.strip()), "")
        name = (
            f"{self.old} -> {self.new}"
            if self.kind == "path"
            else f"{first} ({digest(self.old)[:6]}){_LINES}"
        )
        return Unit(name, digest(f"{self.kind} {self.old!r} {self.new!r}"))


def apply(
    text: str | None, payload: str, *, path: str, **options: Unpack[ApplyOptions]
) -> EditResult:
    """The file with every entry of the payload replaced; none where it is not there nor asked for.

    Raises:
        CheckoutError: The file is not there, or lines are not there once.
        ConflictError: Lines of ours were edited, and the payload has other ones now.
        KitError: The payload is broken.
    """
    origin, planned = options.get("origin", "payload"), options.get("planned", ())
    entries = _read(payload, origin)
    check_planned([entry.unit for entry in entries], planned, origin)
    if not entries or (text is None and all(entry.optional for entry in entries)):
        return EditResult(text, ())
    own = ours(path, options, planned)
    text = existing(text, path)
    owned: list[Unit] = []
    for entry in entries:
        before = text
        text, unit = (_put_path if entry.kind == "path" else _put_lines)(text, entry, own)
        owned += [unit] if unit else []
        if entry.kind == "path":
            check_same(before, text, entry.old, entry.new, path)
    return EditResult(text, tuple(sorted(owned)))


def revert(
    text: str, drop: Sequence[Unit], *, path: str, **options: Unpack[RevertOptions]
) -> str | None:
    """The file with what was replaced in its place again; `overwrite` is as `skip`.

    Raises:
        ConflictError: It was edited since.
    """
    own = ours(path, options, drop)
    left = [unit for unit in drop if not _is_gone(text, unit)]
    # Lines may stand around other ones, so what cannot go yet may go after them.
    for _ in list(left):
        for unit in list(left):
            back = _back(text, unit)
            if back is not None:
                text = back
                left.remove(unit)
    if left and own.on_conflict is OnConflict.REFUSE:
        raise ConflictError(
            f"{path}: '{left[0].name}' was edited since it was generated, so it is not taken back "
            "(skip keeps it)",
            "--on-conflict skip",
        )
    return text


def units(payload: str, *, origin: str = "payload") -> tuple[Unit, ...]:
    """The units of a payload, sorted by name.

    Raises:
        KitError: The payload is broken.
    """
    return tuple(sorted(entry.unit for entry in _read(payload, origin)))


def standing(text: str, owned: Sequence[Unit], *, path: str) -> dict[str, Presence]:
    """Unit name -> present, absent, or edited: old text is back, or the new lines are gone.

    A new path that went with the text around it is no edit.
    """
    found = {}
    for unit in sorted(owned):
        if _is_gone(text, unit):
            found[unit.name] = Presence.ABSENT
        elif unit.name.endswith(_LINES):
            memory = remembered(_Replaced, unit)
            whole = bool(_rows(text, memory.new)) if memory.new else True
            found[unit.name] = Presence.PRESENT if whole else Presence.EDITED
        else:
            old, new = _names(unit)
            back = bool(old_places(text, old, new))
            found[unit.name] = Presence.EDITED if back else Presence.PRESENT
    return found


def _read(payload: str, origin: str) -> list[_Entry]:
    try:
        data = tomllib.loads(payload.replace("\r\n", "\n"))
        found = [_Entry(kind, **_checked(entry, kind)) for kind in data for entry in data[kind]]
    except (ValueError, TypeError, KeyError) as error:
        fact = f"{origin}: is not a list of replacements: {error}"
        raise KitError(fact) from error
    names = [entry.unit.name for entry in found]
    if len({*names}) != len(names):
        raise KitError(f"{origin}: has the same entry twice")
    return found


def _checked(entry: dict[str, Any], kind: str) -> dict[str, Any]:
    known = _KEYS[kind]
    for key, value in entry.items():
        if type(value) is not known[key]:
            raise TypeError(f"{kind}.{key} = {value!r:.60}")
    if not entry["old"].strip() or entry["old"] == entry["new"]:
        raise ValueError(f"{kind}.old = {entry['old']!r:.60}")
    return {**entry, "old": entry["old"].removesuffix("\n"), "new": entry["new"].removesuffix("\n")}


def _names(unit: Unit) -> tuple[str, str]:
    old, _, new = unit.name.partition(" -> ")
    return old, new


def _put_path(text: str, entry: _Entry, own: Ours) -> tuple[str, Unit | None]:
    name, unit = entry.unit.name, entry.unit
    at = old_places(text, entry.old, entry.new)
    mine = own.kept.get(name, "")
    if not at:
        return text, Unit(name, unit.digest, mine) if name in own.digests else None
    there = places(text, entry.new)
    before = remembered(_Spots, Unit(name, "", mine)) if mine else _Spots((), 0)
    held = [there[int(number)] for number in before.at] if before.of == len(there) else []
    grown = len(entry.new) - len(entry.old)

    def moved(place: int) -> int:
        return place + grown * sum(one < place for one in at)

    for place in reversed(at):
        text = text[:place] + entry.new + text[place + len(entry.old) :]
    now = places(text, entry.new)
    wanted = {moved(place) for place in [*at, *held]}
    numbers = tuple(str(number) for number, place in enumerate(now) if place in wanted)
    return text, Unit(name, unit.digest, kept(_Spots(numbers, len(now))))


def _put_lines(text: str, entry: _Entry, own: Ours) -> tuple[str, Unit | None]:
    name, unit = entry.unit.name, entry.unit
    mine = Unit(name, unit.digest, own.kept.get(name, ""))
    if name in own.digests and unit.digest not in own.digests[name]:
        back = _back(text, mine)
        if back is None and own.on_conflict is OnConflict.REFUSE:
            raise ConflictError(
                f"{own.path}: '{name}' was edited since it was generated, and differs from the one "
                "that this gap needs (skip keeps yours)",
                "--on-conflict skip",
            )
        if back is None:
            return text, mine
        text = back
    rows = _rows(text, entry.old)
    is_there = entry.new and _rows(text, entry.new)
    if len(rows) != 1 or (is_there and entry.old in entry.new):
        if name in own.digests:
            return text, mine
        if entry.optional or (is_there and (not rows or entry.old in entry.new)):
            return text, None
        raise CheckoutError(
            f"{own.path}: these lines are to be replaced and stand there {len(rows)} times: "
            f"{entry.old.splitlines()[0].strip()}",
            "scaffold status",
        )
    lines, old, new = _split(text), entry.old.split("\n"), entry.new.split("\n")
    start, end = rows[0], rows[0] + len(old)
    above, below = lines[max(0, start - CONTEXT) : start], lines[end : end + CONTEXT]
    memory = _Replaced(entry.old, entry.new, start, tuple(above), tuple(below))
    lines[start:end] = new if entry.new else []
    return _joined(lines, text), Unit(name, unit.digest, kept(memory))


def _is_gone(text: str, unit: Unit) -> bool:
    """Whether nothing of a unit stands in the file, so that there is nothing to take back."""
    if unit.name.endswith(_LINES):
        memory = remembered(_Replaced, unit)
        return bool(_rows(text, memory.old)) and not (memory.new and _rows(text, memory.new))
    spots = remembered(_Spots, unit)
    return len(places(text, _names(unit)[1])) <= spots.of - len(spots.at)


def _back(text: str, unit: Unit) -> str | None:
    """The text with a unit taken back; None where its place is unknown."""
    if not unit.name.endswith(_LINES):
        old, new = _names(unit)
        spots, there = remembered(_Spots, unit), places(text, new)
        if len(there) != spots.of or old_places(text, old, new):
            return None
        for number in sorted(map(int, spots.at), reverse=True):
            text = text[: there[number]] + old + text[there[number] + len(new) :]
        return text
    memory = remembered(_Replaced, unit)
    lines, before = _split(text), memory.old.split("\n")
    if memory.new:
        rows, size = _rows(text, memory.new), len(memory.new.split("\n"))
        # What else went back may have moved it, so where it was is asked last.
        known = rows if len(rows) == 1 else [at for at in rows if at == memory.line]
        at = _between(lines, memory, rows, size)
        at = known[0] if at is None and known else at
    elif not memory.above and not memory.below:
        return _joined(before, text) if lines == [""] else None
    else:
        size, at = 0, _between(lines, memory, range(len(lines) + 1), 0)
    if at is None:
        return None
    lines[at : at + size] = before
    return _joined(lines, text)


def _between(lines: Sequence[str], memory: _Replaced, rows: Sequence[int], size: int) -> int | None:
    """The one of these places that so many lines of ours have, by what stood around them.

    At first all of that is asked for, then less.
    """
    above, below = list(memory.above), list(memory.below)
    for count in range(CONTEXT, 0, -1):
        over, under = above[-count:], below[:count]
        places = [
            at
            for at in rows
            if list(lines[max(0, at - len(over)) : at]) == over
            and list(lines[at + size : at + size + len(under)]) == under
        ]
        if memory.line in places or len(places) == 1:
            return memory.line if memory.line in places else places[0]
    return None


def _split(text: str) -> list[str]:
    """The lines of a text without their line ends and its byte order mark."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")


def _joined(lines: Sequence[str], like: str) -> str:
    mark = "\ufeff" if like.startswith("\ufeff") else ""
    return mark + line_end(like).join(lines)


def _rows(text: str, block: str) -> list[int]:
    """The numbers of the lines at which whole lines begin."""
    if text.count("\r\n") not in (0, text.count("\n")):
        return []  # line ends of both kinds would not come back as they were
    lines, wanted = _split(text), block.split("\n")
    return [
        at
        for at in range(len(lines) - len(wanted) + 1)
        if lines[at] == wanted[0] and lines[at : at + len(wanted)] == wanted
    ]
