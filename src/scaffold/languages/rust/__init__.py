"""Rust text: symbols, format, stubs and edits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scaffold.languages import Symbols, Todo

# Imported when it is asked for: most commands need little of it.


def find_symbols(path: str, source: bytes) -> Symbols:
    """The top-level names and methods of a file.

    Raises:
        CheckoutError: Text between the items is no Rust, or the file is not UTF-8.
    """
    from scaffold.languages.rust.symbols import rust_symbols
    from scaffold.system.reading import decoded

    decoded(path, source)
    return rust_symbols(path, source)


def format_key() -> bytes | None:
    """What a formatted file depends on besides its source; None where nothing formats here."""
    from scaffold.languages.rust.format import key

    return key()


def formatted(path: str, source: bytes) -> bytes:
    """The file as the formatter leaves it.

    Raises:
        KitError: The file does not parse.
    """
    from scaffold.languages.rust import format

    return format.formatted(path, source)


def meaning(path: str, source: bytes) -> tuple[str, ...]:
    """What of a file its layout does not change: code and comments.

    Raises:
        CheckoutError: The file does not parse.
    """
    from scaffold.languages.rust.sameness import meaning as found

    return found(path, source)


def make_stub(path: str, source: str) -> tuple[str, tuple[Todo, ...]]:
    """The stub of a test file and its todos.

    Raises:
        KitError: The file does not parse.
    """
    from scaffold.languages.rust.stub import stub as derive

    return derive(path, source)


def find_todos(path: str, source: bytes) -> list[bool]:
    """For each test of a file whether it is a todo.

    Raises:
        CheckoutError: The file does not parse.
    """
    from scaffold.languages.rust.stub import standing

    return standing(path, source)


def fill_stub(mine: str, stub_base: str, full: str, *, path: str) -> tuple[str, tuple[str, ...]]:
    """The full file with a person's work kept, and the names of what is theirs.

    Raises:
        CheckoutError: `mine` does not parse.
    """
    from scaffold.languages.rust.stub import fill as filled

    return filled(mine, stub_base, full, path=path)
