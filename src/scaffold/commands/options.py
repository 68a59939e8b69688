"""Options that several commands share, and what they stand for."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from scaffold.kit.catalog import Kit

HERE = Path()

Folder = Annotated[
    Path, typer.Option("-C", "--checkout", metavar="DIR", help="The checkout to work on.")
]
KitFolder = Annotated[
    Path | None, typer.Option("--kit", metavar="DIR", help="Another kit than the included one.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Priorities = Annotated[
    list[str] | None, typer.Option("--priority", metavar="P0", help="All gaps of a priority.")
]
KindName = Annotated[
    str | None, typer.Option("--kind", metavar="gap|proposal", help="Bulk takes only this kind.")
]
LanguageName = Annotated[
    str | None,
    typer.Option(
        "--language", metavar="rust|python|typescript|e2e", help="Bulk takes only this language."
    ),
]


class Progress:
    """One line a step on stderr, with the seconds since the start."""

    def __init__(self) -> None:
        self.started = time.monotonic()

    def __call__(self, line: str) -> None:
        """Print the step."""
        print(f"[{time.monotonic() - self.started:6.1f}s] {line}", file=sys.stderr, flush=True)


def load(kit: Path | None) -> Kit:
    """The kit that a command works with.

    Raises:
        KitError: The folder is no kit, or it is broken.
    """
    from scaffold.kit.catalog import load_kit
    from scaffold.kit.place import kit_root

    return load_kit(kit_root(kit))


def checked_words(kind: str | None, language: str | None) -> None:
    """Refuse a kind or a language that no row can have.

    Raises:
        UsageError: The word is not one of the known ones.
    """
    from scaffold.errors import UsageError
    from scaffold.kit.catalog import KINDS, LANGUAGES

    for option, word, known in (("--kind", kind, KINDS), ("--language", language, LANGUAGES)):
        if word is not None and word not in known:
            raise UsageError(
                f"{option} {word} is none of {', '.join(known)}", f"{option} {known[0]}"
            )
