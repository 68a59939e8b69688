"""What was taken out of a file, remembered so well that it can be put back byte for byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import TypeVar

from scaffold.edits import Unit
from scaffold.errors import CheckoutError
from scaffold.system.invocation import mending

CONTEXT = 3
_TYPES = {"str": str, "int": int, "tuple[str, ...]": list}
Memory = TypeVar("Memory")


@dataclass(frozen=True)
class Removed:
    """Text that was taken out, with the lines that stood around it.

    Attributes:
        text: What was taken out.
        line: Where it began, counted from 1.
        above: Up to three lines before, nearest last.
        below: Up to three lines after it, nearest first.
        order: The number of this removal, over all runs.
    """

    text: str
    line: int
    above: tuple[str, ...]
    below: tuple[str, ...]
    order: int = 0


def kept(memory: object) -> str:
    """What a unit keeps of a removal or a move."""
    assert is_dataclass(memory) and not isinstance(memory, type)
    return json.dumps(asdict(memory), ensure_ascii=False, sort_keys=True)


def remembered(shape: type[Memory], unit: Unit) -> Memory:
    """What a unit kept.

    Raises:
        CheckoutError: It is damaged: it came from the state, which a clone may bring.
    """
    try:
        data = json.loads(unit.kept)
        for field in fields(shape):  # type: ignore[arg-type]
            value = data.setdefault(field.name, field.default)
            inner = value if isinstance(value, list) else ()
            if type(value) is not _TYPES[str(field.type)] or any(type(i) is not str for i in inner):
                raise TypeError(field.name)
            data[field.name] = tuple(inner) if isinstance(value, list) else value
        return shape(**data)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise CheckoutError(
            f"what .scaffold/ keeps of '{unit.name}' is damaged: {error}",
            mending("mv .scaffold/state.json scaffold-state.json", ".scaffold/state.json"),
        ) from error


def take_out(text: str, start: int, end: int) -> tuple[str, Removed]:
    """The text without the lines of a span, and without a blank line that would be left double."""
    start = text.rfind("\n", 0, start) + 1
    newline = text.find("\n", end)
    end = len(text) if newline < 0 else newline + 1
    above, below = text[:start].splitlines(True), text[end:].splitlines(True)
    blank_above = bool(above) and not above[-1].strip()
    if blank_above and (not below or not below[0].strip()):
        start -= len(above.pop())
    elif not above and below and not below[0].strip():
        end += len(below.pop(0))
    removed = Removed(
        text[start:end], len(above) + 1, tuple(above[-CONTEXT:]), tuple(below[:CONTEXT])
    )
    return text[:start] + text[end:], removed


def put_back(text: str, removed: Removed) -> str | None:
    """The text with what was taken out in its place; None where the place is unknown."""
    lines = text.splitlines(True)
    for above, below in _contexts(removed):
        places = [at for at in range(len(lines) + 1) if _fits(lines, at, above, below)]
        if places:
            nearest = min(places, key=lambda at: abs(at - (removed.line - 1)))
            if len(places) > 1 and nearest != removed.line - 1:
                continue
            return "".join([*lines[:nearest], removed.text, *lines[nearest:]])
    return None


def _contexts(removed: Removed) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """What must stand around, the whole of it first, then less and less."""
    for count in range(CONTEXT, 0, -1):
        yield removed.above[-count:], removed.below[:count]
    for count in range(CONTEXT, 0, -1):
        if any(line.strip() for line in removed.above[-count:]):
            yield removed.above[-count:], ()
    for count in range(CONTEXT, 0, -1):
        if any(line.strip() for line in removed.below[:count]):
            yield (), removed.below[:count]


def _fits(lines: list[str], at: int, above: tuple[str, ...], below: tuple[str, ...]) -> bool:
    if tuple(lines[at : at + len(below)]) != below or at < len(above):
        return False
    # Nothing around on one side means the end of the file there.
    if not above and not below:
        return not lines
    return tuple(lines[at - len(above) : at]) == above
