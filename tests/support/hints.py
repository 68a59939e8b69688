"""What a hint must be: one command line that a person can paste."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

_NAMES = (
    "apt-get bun cargo cat cd chmod command cp curl df export git iconv ls mkdir mv node npm npx"
)
_MORE = "perl pip pnpm python python3 rustfmt rustup scaffold sed sh sysctl ulimit uv wc yarn"
PROGRAMS = frozenset(f"{_NAMES} {_MORE}".split())
"""What a hint may start."""
EDITOR = "${EDITOR:-vi}"
OPERATORS = frozenset({"&&", "|"})
REDIRECTION = ">"
PLACEHOLDER = re.compile(
    r"(?<![\w./-])(GAP|DIR|FILE|PATH|KEY=VALUE|EXE|ID|PART|PATTERN|YOUR NAME|…)(?![\w./-])"
)


def fault_of(hint: str) -> str:
    """What is wrong with a hint as a command line; empty where nothing is."""
    text = hint
    if inside := re.fullmatch(r"\((cd .*)\)", text, re.S):
        text = inside[1]
    # What the shell puts in is a word.
    text = re.sub(r"\$\([^()]*\)", "WORD", text)
    lexer = shlex.shlex(text, posix=True, punctuation_chars="();<>|&")
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        words = list(lexer)
    except ValueError as error:
        return f"{hint}: {error}"
    if found := PLACEHOLDER.search(re.sub(r"'[^']*'", "", text)):
        return f"{hint}: the placeholder {found[1]}"
    for number, command in enumerate(_commands(words)):
        if fault := _fault_of_command(command):
            return f"{hint}: command {number + 1}: {fault}"
    return ""


def _commands(words: list[str]) -> Iterator[list[str]]:
    command: list[str] = []
    for word in words:
        if word in OPERATORS:
            yield command
            command = []
        else:
            command.append(word)
    yield command


def _fault_of_command(words: list[str]) -> str:
    while words and re.match(r"[A-Z_]+=", words[0]):
        words = words[1:]
        if not words:
            return ""
    if not words:
        return "is empty"
    if any(re.fullmatch(r"[();<>|&]+", word) and word != REDIRECTION for word in words):
        return f"an operator that no hint needs, in {words}"
    program = words[0]
    # An interpreter, which a person may have named.
    is_python = program.startswith("/") and words[1:2] in (["-m"], ["-c"])
    if program == EDITOR:
        return "" if len(words) == 2 else f"the editor gets {words[1:]}"
    if not is_python and PurePosixPath(program).name not in PROGRAMS:
        return f"'{program}' is not a program that a hint may start"
    return ""


def printed(out: str, err: str) -> Iterator[str]:
    """Every hint in what a command printed: after its refusal, and in its document."""
    _, mark, hint = err.rpartition("\n\nhint: ")
    if mark:
        yield hint.removesuffix("\n")
    if '"hint"' in out and out.startswith("{"):
        yield from _in_document(json.loads(out))


def _in_document(value: Any) -> Iterator[str]:
    for key, item in value.items() if isinstance(value, dict) else ():
        if key == "hint" and isinstance(item, str) and item:
            yield item
        yield from _in_document(item)
    for item in value if isinstance(value, list) else ():
        yield from _in_document(item)
