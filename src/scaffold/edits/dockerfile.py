"""The edit kind `dockerfile`: single lines, next to their siblings.

A payload is pairs of lines, a place and what goes there:

    # scaffold: after COPY crates/*/Cargo.toml *
    COPY crates/testutils/Cargo.toml testutils/Cargo.toml
    # scaffold: before mkdir -p */src && echo *
    mkdir -p testutils/src && echo "" > testutils/src/lib.rs && …

The place is a pattern with `*`, in which blanks count as one. The *last* line that fits is meant;
`before` it is where the last of a chain of continued lines is not continued itself. The line takes
the indent of that one. It is its own unit, named by its text.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

from scaffold.edits import ApplyOptions, EditResult, Presence, RevertOptions, Unit
from scaffold.edits.decisions import Occurrence, digest, existing, line_end, ours
from scaffold.errors import CheckoutError, KitError

_WHERE = re.compile(r"#\s*scaffold:\s*(?P<side>after|before)\s+(?P<pattern>.+)$")


@dataclass(frozen=True)
class _Line:
    side: str
    pattern: str
    text: str

    @property
    def unit(self) -> Unit:
        return Unit(_plain(self.text), digest(self.text))


def apply(
    text: str | None, payload: str, *, path: str, **options: Unpack[ApplyOptions]
) -> EditResult:
    """The file with every line of the payload next to its siblings.

    Raises:
        CheckoutError: The file is not there, or no line of it fits a place.
        KitError: The payload is broken.
    """
    wanted = _read(payload, options.get("origin", "payload"))
    if not wanted:
        return EditResult(text or "", ())
    own = ours(path, options, options.get("planned", ()))
    text = existing(text, path)
    owned: list[Unit] = []
    for line in wanted:
        if _rows(text, line.unit.name):
            owned += [line.unit] if line.unit.name in own.digests else []
            continue
        text = _added(text, line, path)
        owned.append(line.unit)
    return EditResult(text, tuple(sorted(owned)))


def revert(
    text: str, drop: Sequence[Unit], *, path: str, **options: Unpack[RevertOptions]
) -> str | None:
    """The file without the lines; one that a person changed is another line, and stays."""
    for unit in drop:
        rows = _rows(text, unit.name)
        if rows:
            lines = text.splitlines(True)
            last = rows[-1] == len(lines) - 1 and not lines[-1].endswith("\n")
            del lines[rows[-1]]
            text = "".join(lines)
            text = text.removesuffix(line_end(text)) if last else text
    return text


def units(payload: str, *, origin: str = "payload") -> tuple[Unit, ...]:
    """The units of a payload, sorted by name.

    Raises:
        KitError: The payload is broken.
    """
    return tuple(sorted(line.unit for line in _read(payload, origin)))


def standing(text: str, owned: Sequence[Unit], *, path: str) -> dict[str, Presence]:
    """Unit name -> present or absent."""
    places = {
        unit.name: Occurrence(unit.digest, rows[0] + 1)
        for unit in owned
        if (rows := _rows(text, unit.name))
    }
    return ours(path, {"owned": owned}).standing(places)


def _read(payload: str, origin: str) -> list[_Line]:
    found: list[_Line] = []
    where: re.Match[str] | None = None
    for number, line in enumerate(payload.splitlines(), start=1):
        place = _WHERE.match(line.strip())
        if place:
            where = place
        elif line.strip() and where is None:
            raise KitError(
                f"{origin}:{number}: this line has no place (`# scaffold: after PATTERN`)"
            )
        elif line.strip() and where is not None:
            found.append(_Line(where["side"], _plain(where["pattern"]), line.strip()))
            where = None
    if where is not None:
        raise KitError(f"{origin}: a place without a line")
    return found


def _added(text: str, wanted: _Line, path: str) -> str:
    lines = text.splitlines(True)
    fitting = [
        n for n, line in enumerate(lines) if fnmatch.fnmatchcase(_plain(line), wanted.pattern)
    ]
    if not fitting:
        raise CheckoutError(
            f"{path}: no line fits `{wanted.pattern}`, next to which this gap adds `{wanted.text}`",
            "scaffold status",
        )
    row = fitting[-1]
    sibling, newline = lines[row], line_end(text)
    indent = sibling[: len(sibling) - len(sibling.lstrip(" \t"))]
    if wanted.side == "before":
        lines.insert(row, f"{indent}{wanted.text}{newline}")
    elif sibling.endswith("\n"):
        lines.insert(row + 1, f"{indent}{wanted.text}{newline}")
    else:
        lines.append(f"{newline}{indent}{wanted.text}")
    return "".join(lines)


def _rows(text: str, name: str) -> list[int]:
    return [n for n, line in enumerate(text.splitlines()) if _plain(line) == name]


def _plain(line: str) -> str:
    return " ".join(line.split())
