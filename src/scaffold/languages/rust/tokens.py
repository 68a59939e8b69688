"""Rust text as tokens: how an edit finds one place in a file without quoting all of it.

A pattern is Rust text with two signs more: `…` is anything whose brackets balance, and
`«` and `»` stand around what is meant. Blanks do not count, in the pattern or in the file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

ANYTHING, FROM, TO = "…", "«", "»"
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_TOKEN = re.compile(
    r"""
    \s+
  | (?P<token> //[^\n]* | /\*.*?\*/
      | b?r(?P<hashes>\#*)".*?"(?P=hashes)
      | b?"(?:\\.|[^"\\])*"
      | b?'(?:\\(?:x[0-9a-fA-F]{2}|u\{[^}]*\}|.)|[^\\'\n])'
      | '?\w+
      | . )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    """A word, literal, comment or sign, and the characters that it covers."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Match:
    """A place that fits a pattern: its characters, and those between « and »."""

    start: int
    end: int
    inner_start: int
    inner_end: int


def tokens(text: str) -> list[Token]:
    """The tokens of a text, comments included."""
    return [
        Token(found["token"], found.start(), found.end())
        for found in _TOKEN.finditer(text)
        if found["token"]
    ]


def plain(text: str) -> str:
    """A text by its tokens alone: layout and a comma before a closing bracket do not count."""
    words = [token.text for token in tokens(text)]
    return " ".join(
        word
        for word, following in zip(words, [*words[1:], ""], strict=True)
        if word != "," or following not in _CLOSING.values()
    )


def find_all(pattern: str, text: str) -> list[Match]:
    """Every place of a text that fits the pattern, in order; none overlaps another."""
    wanted, there = [token.text for token in tokens(pattern)], tokens(text)
    found: list[Match] = []
    at = 0
    while at < len(there):
        places = _fit(wanted, there, at)
        if places is None or places[-1] == at:
            at += 1
            continue
        found.append(_match(wanted, there, places))
        at = places[-1]
    return found


def replace_all(text: str, old: str, new: str) -> tuple[str, int]:
    """The text with each place that fits `old` as `new`, and how many there were."""
    found = find_all(old, text)
    for match in reversed(found):
        text = text[: match.start] + new + text[match.end :]
    return text, len(found)


def has_word(text: str, word: str) -> bool:
    """Whether a word stands in the code of a text; literals and comments are no code."""
    return any(token.text == word for token in tokens(text))


def dedent(text: str, indent: str) -> str:
    """A text without this indent on its lines, but for lines that begin inside a literal."""
    held = literal_lines(text)
    return "\n".join(
        line if number == 0 or number in held else line.removeprefix(indent)
        for number, line in enumerate(text.split("\n"))
    )


def indented(text: str, indent: str) -> str:
    """A text whose lines have this indent, but for the first and those inside a literal."""
    held = literal_lines(text)
    return "\n".join(
        line if number == 0 or not line or number in held else indent + line
        for number, line in enumerate(text.split("\n"))
    )


def literal_lines(text: str) -> set[int]:
    """Numbers of the lines that begin inside a literal, counted from 0."""
    return {
        text.count("\n", 0, at) + 1
        for token in tokens(text)
        if '"' in token.text
        for at in range(token.start, token.end)
        if text[at] == "\n"
    }


def _fit(wanted: Sequence[str], there: Sequence[Token], at: int) -> list[int] | None:
    """Where each word of a pattern begins, and where the last one ends; None where none fits."""
    if not wanted:
        return [at]
    head, rest = wanted[0], wanted[1:]
    if head == ANYTHING:
        here: int | None = at
        while here is not None:
            if (found := _fit(rest, there, here)) is not None:
                return [at, *found]
            here = _over(there, here)
        return None
    if head in (FROM, TO):
        step = 0
    elif at < len(there) and there[at].text == head:
        step = 1
    else:
        return None
    found = _fit(rest, there, at + step)
    return None if found is None else [at, *found]


def _over(there: Sequence[Token], at: int) -> int | None:
    """The place after a token, or after a whole bracket; None at what closes one around it."""
    if at >= len(there) or there[at].text in _CLOSING.values():
        return None
    waiting = []
    while at < len(there):
        text = there[at].text
        if text in _CLOSING:
            waiting.append(_CLOSING[text])
        elif waiting and text == waiting[-1]:
            waiting.pop()
        at += 1
        if not waiting:
            return at
    return None


def _match(wanted: Sequence[str], there: Sequence[Token], places: Sequence[int]) -> Match:
    start, end = there[places[0]].start, there[places[-1] - 1].end
    if FROM not in wanted or TO not in wanted:
        return Match(start, end, start, end)
    first, last = places[wanted.index(FROM)], places[wanted.index(TO)]
    return Match(start, end, there[first].start, there[last - 1].end)
