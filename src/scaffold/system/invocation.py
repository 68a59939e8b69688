"""This run of the command line: what was typed, what it did, and commands to type next."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

KNOWS_CHECKOUT = frozenset({"show", "new", "verify", "status", "pr", "undo", "doctor"})
KNOWS_KIT = KNOWS_CHECKOUT | {"list"}
READERS = frozenset({"list", "show", "status", "pr", "doctor"})
OF_THE_CHECKOUT = frozenset({3, 4, 5, 6, 10})
"""Exit codes whose hints name files relative to the checkout."""

_COMMAND = r"scaffold ([a-z]+)(?= |$)"
_PROGRAM = r"(cd|ls|cat|sed|git|iconv|python3?|[A-Z]+=\S+) "


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


def command(text: str, *, in_checkout: bool = False) -> str:
    """A command as it works when pasted where this one was typed.

    One of ours gets the `-C` and `--kit` of this run, and writes nothing where this run was only
    asked to read; another program's is run in the checkout where its paths are relative to it.
    Anything else (an edit, a sentence) stays.
    """
    found = re.match(_COMMAND, text)
    if found is not None:
        return _with_options(text, found[1])
    root = current.root
    if in_checkout and root is not None and re.match(_PROGRAM, text) and Path.cwd() != root:
        return f"(cd {quoted(str(root))} && {text})"
    return text


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
    if current.reading and name == "new" and not {"--dry-run", "--diff"} & set(words):
        text += " --dry-run"
    if current.checkout is not None and name in KNOWS_CHECKOUT and "-C" not in words:
        text += f" -C {quoted(str(current.checkout))}"
    if current.kit is not None and name in KNOWS_KIT and "--kit" not in words:
        text += f" --kit {quoted(str(current.kit))}"
    if current.reading and name == "undo":
        # It has no form that only looks, so it must not look like one to paste unread.
        return f"this one writes: {text}"
    return text
