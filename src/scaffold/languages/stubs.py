"""Stubs: the rendered tests with every body an honest todo, and how a later full run fills them.

A stub is derived from the full file by parsing, never from a second template. Languages join by
their file ending; a file that holds no tests (fixtures, conftest) is its own stub.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

from scaffold.languages import Todo, language_of

Stub = Callable[[str, str], tuple[str, tuple[Todo, ...]]]
"""(path, source) -> the stub and its todos."""


def todos_in(path: str, source: bytes) -> list[bool]:
    """For each test that stands in a file whether it is a todo; none where it does not parse."""
    from scaffold.errors import CheckoutError

    language = language_of(path)
    try:
        return [] if language is None else language.find_todos(path, source)
    except CheckoutError:
        return []


def todo_names(path: str, source: bytes) -> tuple[str, ...]:
    """What a runner calls those tests of a file that are todos in it."""
    from scaffold.errors import KitError

    are_todos = todos_in(path, source)
    if not any(are_todos):
        return ()
    try:
        _, every = stub(path, source.decode("utf-8"))
    except (KitError, UnicodeDecodeError):
        return ()
    return tuple(one.name for one, is_todo in zip(every, are_todos, strict=True) if is_todo)


def for_path(path: str) -> Stub | None:
    """What makes the stub of a file; None where its language has none (it is written in full)."""
    language = language_of(path)
    return None if language is None else language.make_stub


def stub(path: str, source: str) -> tuple[str, tuple[Todo, ...]]:
    """The stub of a file and its todos; the file itself where it holds no tests.

    Imports, fixtures, helpers, constants and the data of parametrized tests stay as they are, also
    those that only the bodies used: they are needed again when the bodies are written.

    Raises:
        KitError: The file does not parse.
    """
    make = for_path(path)
    return (source, ()) if make is None else make(path, source)


def fill(mine: str, stub_base: str, full: str, *, path: str) -> tuple[str, tuple[str, ...]]:
    """The full file with a person's work kept, and the names of what is theirs.

    A test that still is the stub gets its full version. What was written, added or deleted since
    stays so; a deleted import, fixture or helper comes back where a filled test needs it. What the
    full file has beyond the stub is added. Where nobody touched the stub the result is `full`.

    Args:
        mine: The file as it is.
        stub_base: The stub as it was written.
        full: The full file as it is rendered now.
        path: Its place, for the language and for messages.

    Raises:
        CheckoutError: `mine` does not parse.
    """
    if mine == stub_base:
        return full, ()
    if mine == full:
        return mine, ()
    language = language_of(path)
    if language is None:
        # Nothing to fill without tests: two sides changed, and the person's stays.
        return mine, (PurePosixPath(path).name,)
    return language.fill_stub(mine, stub_base, full, path=path)
