"""A piece of a function that moves: found by its pattern, and put back by what was left."""

from __future__ import annotations

from dataclasses import dataclass

from scaffold.errors import CheckoutError
from scaffold.languages.rust.extract.payload import Piece
from scaffold.languages.rust.scopes import find_function
from scaffold.languages.rust.tokens import (
    FROM,
    TO,
    Match,
    dedent,
    find_all,
    has_word,
    indented,
    replace_all,
)


@dataclass(frozen=True)
class Moved:
    """What stood in a place, what was left there, and the function around (none: the file).

    `indent` is that of the line on which it begins.
    """

    before: str
    after: str
    within: str
    indent: str


def scope(text: str, within: str, path: str) -> tuple[int, int]:
    """The characters of a function; the whole file where none is named.

    Raises:
        CheckoutError: There is no such function, or the file does not parse.
    """
    if not within:
        return 0, len(text)
    there = find_function(text, within, path)
    if there is None:
        raise CheckoutError(
            f"{path}: there is no function `{within}` to move a part of",
            "scaffold status",
        )
    return there.start, there.end


def one_place(text: str, piece: Piece, path: str) -> Match:
    """The one place of a text that fits a piece's pattern.

    Raises:
        CheckoutError: None fits, or several do.
    """
    found = find_all(piece.find, text)
    if len(found) != 1:
        count = f"{len(found)} times" if found else "not there"
        where = f"{path}: in {piece.within}: " if piece.within else f"{path}: "
        raise CheckoutError(
            f"{where}`{piece.find}` is {count}, and must be there once to be moved",
            "scaffold status",
        )
    return found[0]


def fitted(before: str, indent: str, piece: Piece, path: str) -> str:
    """What moves of a place, with parameters for what only the function knew.

    Raises:
        CheckoutError: It is not what the payload expects.
    """
    place = indent + before.replace("\r\n", "\n")
    match = one_place(place, piece, path)
    inner = place[match.inner_start : match.inner_end]
    inner = dedent(inner, indent_at(place, match.inner_start))
    for old, new in piece.instead.items():
        inner, count = replace_all(inner, old, new)
        if not count:
            raise _unlike(path, piece, f"does not hold `{old}`")
    # A format string may name it as well.
    if has_word(inner, "self") or "{self" in inner:
        raise _unlike(path, piece, "needs more of `self` than is given to it")
    return inner


def taken(inner: str, piece: Piece) -> str:
    """The function that a piece becomes; empty for a change, of which nothing moves."""
    if piece.kind == "change":
        return ""
    before, after = piece.into.split(FROM + TO)
    indent = before[before.rfind("\n") + 1 :]
    indent = indent[: len(indent) - len(indent.lstrip())]
    return before + indented(inner, indent) + after


def restored(text: str, moved: Moved, path: str) -> str | None:
    """The text with what stood there before; None where what was left is not there once."""
    if moved.within and find_function(text, moved.within, path) is None:
        return None
    start, end = scope(text, moved.within, path)
    inside = text[start:end]
    if inside.count(moved.after) == 1:
        at = start + inside.index(moved.after)
        return text[:at] + moved.before + text[at + len(moved.after) :]
    found = find_all(moved.after, inside)
    if len(found) != 1:
        return None
    return text[: start + found[0].start] + moved.before + text[start + found[0].end :]


def indent_at(text: str, at: int) -> str:
    """The indent of the line of a place."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip())]


def _unlike(path: str, piece: Piece, what: str) -> CheckoutError:
    return CheckoutError(
        f"{path}: in {piece.within}: what `{piece.find}` takes for `{piece.name}` {what}",
        "scaffold status",
    )
