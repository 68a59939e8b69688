"""This run of the command line: what was typed, what it did, and commands to type next."""

from __future__ import annotations

import errno
import os
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

KNOWS_CHECKOUT = frozenset({"show", "new", "verify", "status", "pr", "undo", "doctor"})
KNOWS_KIT = KNOWS_CHECKOUT | {"list"}
READERS = frozenset({"list", "show", "status", "pr", "doctor"})
WRITERS = frozenset({"new", "undo"})
"""Commands that have a form which only looks."""
OF_THE_CHECKOUT = frozenset({3, 4, 5, 6, 10})
"""Exit codes whose hints name files relative to the checkout."""

AGAIN = "--"
"""The hint that is the command line as it was typed."""
HELP = "--help"
"""The hint that is the help of the command that was typed."""

_COMMAND = r"scaffold ([a-z]+)(?= |$)"
_OF_THE_SHELL = ("export ", "cd ~", "command -v ", "ulimit ", "sysctl ")
"""Beginnings of commands that mean the same in every folder, or would be lost in a subshell."""
_RELATIVE_FOLDER = r"cd '?[^/'~]"
_ABSOLUTE = r"(ls -\w+|df -h|\$\{EDITOR:-vi\}) '?/"
"""What shows or edits one place, named from the root."""
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_MAY_REPEAT = "--set"


@dataclass
class Invocation:
    """One command line and what came of it so far.

    Attributes:
        argv: What was typed after `scaffold`.
        checkout: The folder given by `-C`, as typed.
        kit: The folder given by `--kit`, as typed.
        root: The checkout that was found.
        reading: The command was asked to write nothing.
        answered: The JSON document is on stdout already.
        done: What was changed, as the end of a sentence; empty where nothing was.
    """

    argv: tuple[str, ...] = ()
    checkout: Path | None = None
    kit: Path | None = None
    root: Path | None = None
    reading: bool = False
    answered: bool = False
    done: str = ""

    @property
    def json(self) -> bool:
        """Whether a JSON document was asked for, on a command line that may be wrong."""
        options = self.argv[: self.argv.index("--")] if "--" in self.argv else self.argv
        return any(word == "--json" or word.startswith("--json=") for word in options)


current = Invocation()
"""The run of this process; `begin` sets it."""


def begin(argv: Sequence[str]) -> Invocation:
    """Start anew with this command line."""
    global current
    current = Invocation(tuple(argv), reading=bool(argv) and argv[0] in READERS)
    return current


def add_typed(words: Sequence[str]) -> None:
    """Go on as if these words had been typed too: a person was asked for them."""
    current.argv = (*current.argv, *words)


def command(text: str, *, in_checkout: bool = False) -> str:
    """A command as it works when pasted where this one was typed.

    One of ours gets the `-C` and `--kit` of this run, and writes nothing where this run was only
    asked to read; another program's is run in the checkout where its paths are relative to it. An
    option (`--on-conflict skip`) is the line that was typed with that option; see `AGAIN`, `HELP`.
    """
    if text.startswith("--"):
        return _typed(text)
    found = re.match(_COMMAND, text)
    if found is not None:
        return _with_options(text, found[1])
    root = current.root
    if not text or root is None or text.startswith(("(", *_OF_THE_SHELL)):
        return text
    # A relative folder is always one of the checkout.
    inside = re.match(_RELATIVE_FOLDER, text) or (in_checkout and not re.match(_ABSOLUTE, text))
    return f"(cd {quoted(str(root))} && {text})" if inside and _here() != root else text


def told(hint: str, code: int) -> str:
    """The hint of an error with this exit code, as it is printed."""
    return command(hint, in_checkout=code in OF_THE_CHECKOUT)


def edit(path: str | Path) -> str:
    """The command that opens a file to be corrected."""
    return f"${{EDITOR:-vi}} {_operand(path)}"


def look(path: str | Path, how: str = "-ld") -> str:
    """The command that shows what stands at a place, or what stands above it, and who may write."""
    there = Path(path)
    return (
        f"ls {how} {_operand(_nearest(there, os.path.lexists) if there.is_absolute() else there)}"
    )


def mending(change: str, path: str | Path) -> str:
    """A command that changes a place; where this run was only asked to read, one that shows it."""
    return look(path) if current.reading else change


def room(error: OSError, place: str | Path = ".") -> str:
    """The command that shows why a place cannot be written: a limit, the room, or its rights."""
    if error.errno == errno.EFBIG:
        return "ulimit -f"
    there = _nearest(Path(place), os.path.exists)
    return f"df -h {_operand(there)}" if error.errno in NO_ROOM else look(there)


def _nearest(place: Path, is_there: Callable[[Path], bool]) -> Path:
    """The place itself, or the nearest one above it that is there."""
    while not is_there(place) and place != place.parent:
        place = place.parent
    return place


def _operand(path: str | Path) -> str:
    word = quoted(str(path))
    return f"./{word}" if word.startswith("-") else word


def _here() -> Path | None:
    try:
        return Path.cwd()
    except OSError:  # the folder is gone
        return None


def _typed(text: str) -> str:
    """The line that was typed, with one option as it is given here.

    An option that was typed with another value is replaced; of `--set` the one of the same key, or
    else of the same value: then the key was wrong.
    """
    argv = [*current.argv]
    if not argv or argv[0].startswith("-"):
        return text
    if text == HELP:
        return f"scaffold {argv[0]} {HELP}"
    end = argv.index("--") if "--" in argv else len(argv)
    words, operands, more = argv[:end], argv[end:], []
    if text != AGAIN:
        option, *value = shlex.split(text)
        words, more = _without(words, option, " ".join(value)), [text]
    return " ".join(["scaffold", *map(quoted, words), *more, *map(quoted, operands)])


def _without(words: list[str], option: str, value: str) -> list[str]:
    """The words without an option and its value: of one that may repeat, without the one meant."""
    found: list[tuple[str, int, int]] = []
    for at, word in enumerate(words):
        name, joined, typed = word.partition("=")
        if name == option:
            after = " ".join(words[at + 1 : at + 2])
            found.append((typed, at, at + 1) if joined else (after, at, at + 2))
    if option == _MAY_REPEAT:
        key, _, wanted = value.partition("=")
        same = [one for one in found if one[0].partition("=")[0] == key]
        found = same or [one for one in found if one[0].partition("=")[2] == wanted]
    for _, start, stop in reversed(found):
        words = words[:start] + words[stop:]
    return words


def instead(wrong: str, right: str, fallback: str) -> str:
    """The line that was typed with a name corrected.

    The fallback where nothing is right, or no word holds the name. A word holds it as it is, behind
    `--option=`, or as one side of `GAP:PART`.
    """
    words = list(current.argv) if right else []
    for at in reversed(range(1, len(words))):
        option, sign, value = words[at].partition("=")
        lead, value = (f"{option}=", value) if sign and option.startswith("-") else ("", words[at])
        sides = [wrong] if value == wrong else value.split(":")
        if wrong in sides:
            words[at] = lead + ":".join(right if side == wrong else side for side in sides)
            return " ".join(["scaffold", *map(quoted, words)])
    return fallback


def quoted(word: str) -> str:
    """A word as any POSIX shell reads it back, control characters included."""
    if word.isprintable():
        return shlex.quote(word)
    # `$'\\n'` is not known to every sh. (A line end at the very end is lost this way.)
    octal = "".join(f"\\0{byte:03o}" for byte in os.fsencode(word))
    return f"\"$(printf '%b' '{octal}')\""


def _with_options(text: str, name: str) -> str:
    words = text.split()
    if "--help" in words:
        return text
    if current.reading and name in WRITERS and not {"--dry-run", "--diff"} & set(words):
        text += " --dry-run"
    if current.checkout is not None and name in KNOWS_CHECKOUT and "-C" not in words:
        text += f" -C {quoted(str(current.checkout))}"
    if current.kit is not None and name in KNOWS_KIT and "--kit" not in words:
        text += f" --kit {quoted(str(current.kit))}"
    return text
