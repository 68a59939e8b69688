"""Where the tables, entries and array elements of a TOML text are, to the character.

The text is known to parse (by tomllib), so this only has to find what is there.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

_HEADER = re.compile(r"[ \t]*\[(\[)?(?P<name>[^\n]*?)\]{1,2}[ \t]*(?:#[^\n]*)?\r?(?=\n|\Z)")
_BLANK = re.compile(r"[ \t]*(?:#[^\n]*)?\r?(?=\n|\Z)")
_STRING = re.compile(
    r"'''.*?'''|\"\"\"(?:\\.|.)*?\"\"\"|'[^'\n]*'|\"(?:\\.|[^\"\\\n])*\"", re.DOTALL
)

Path = tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """`key = value`: `start` to `end` is the whole of it, without indent and comment."""

    table: Path
    key: Path
    start: int
    end: int
    value_start: int

    @property
    def path(self) -> Path:
        """Table and key together."""
        return self.table + self.key


@dataclass(frozen=True)
class Table:
    """A `[header]`; `start` to `end` is its line without the line end. The root has none."""

    path: Path
    start: int
    end: int
    is_array: bool = False


@dataclass(frozen=True)
class Element:
    """An element of an array, with the comma after it, if any."""

    start: int
    end: int
    comma: int | None


def scan(text: str) -> tuple[list[Table], list[Entry]]:
    """Every table and entry of a text, in order; what is in an array of tables is left out."""
    tables, entries = [Table((), 0, 0)], list[Entry]()
    at = 1 if text.startswith("\ufeff") else 0
    while at < len(text):
        blank, header = _BLANK.match(text, at), _HEADER.match(text, at)
        if blank:
            at = blank.end()
        elif header:
            path = key_path(header["name"])
            end = header.end() - header[0].endswith("\r")
            tables.append(Table(path, at, end, bool(header[1])))
            at = header.end()
        else:
            entry = _entry(text, at, tables[-1].path)
            if not tables[-1].is_array:
                entries.append(entry)
            at = text.find("\n", entry.end)
            at = len(text) if at < 0 else at
        at += 1
    return tables, entries


def elements(text: str, entry: Entry) -> list[Element]:
    """The elements of an entry that is an array."""
    found: list[Element] = []
    at, last = entry.value_start + 1, entry.end - 1
    while at < last:
        if text[at] == "#":
            at = text.find("\n", at)
        elif text[at] == ",":
            found[-1] = Element(found[-1].start, found[-1].end, at)
        elif not text[at].isspace():
            end = value_end(text, at, ",]")
            found.append(Element(at, end, None))
            at = end
            continue
        at += 1
    return found


def key_path(text: str) -> Path:
    """A dotted key as its parts, without their quotes."""
    data = tomllib.loads(f"{text.strip()} = 0")
    parts: list[str] = []
    while isinstance(data, dict):
        ((key, data),) = data.items()
        parts.append(key)
    return tuple(parts)


def value_end(text: str, at: int, stop: str) -> int:
    """The end of the value that starts here; at depth zero one of `stop` or a line end stops it."""
    depth, end = 0, at
    while at < len(text):
        string = _STRING.match(text, at)
        if string:
            at = end = string.end()
            continue
        letter = text[at]
        if depth == 0 and (letter in stop or letter in "#\n"):
            break
        if letter == "#":
            at = text.find("\n", at)
            continue
        depth += (letter in "[{") - (letter in "]}")
        at += 1
        end = end if letter.isspace() else at
    return end


def _entry(text: str, at: int, table: Path) -> Entry:
    start = at + len(text[at:]) - len(text[at:].lstrip(" \t"))
    equals = next(_outside(text, start, "="))
    value = equals + 1 + len(text[equals + 1 :]) - len(text[equals + 1 :].lstrip(" \t"))
    key = key_path(text[start:equals])
    return Entry(table, key, start, value_end(text, value, ""), value)


def _outside(text: str, at: int, letter: str) -> Iterator[int]:
    while at < len(text):
        string = _STRING.match(text, at)
        if string:
            at = string.end()
            continue
        if text[at] == letter:
            yield at
        at += 1
