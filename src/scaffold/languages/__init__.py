"""What knows the text of a language, one folder each, and the table that finds it.

Nothing of a checkout is started here. A language joins by a line in `LANGUAGES`: a package whose
top offers what `Language` names; it imports the rest of itself when it is asked.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from scaffold.system.frozen import frozen

if TYPE_CHECKING:
    from scaffold.kit.catalog import RunSpec
    from scaffold.languages.rules import Layout

LANGUAGES = {
    ".py": "scaffold.languages.python",
    ".rs": "scaffold.languages.rust",
    ".ts": "scaffold.languages.typescript",
    ".tsx": "scaffold.languages.typescript",
}
"""Ending of a file -> the package that knows its language."""

MODULES = {
    "check_syntax": "symbols",
    "fill_stub": "fill",
    "find_symbols": "symbols",
    "find_todos": "stub",
    "format_key": "format",
    "formatted": "format",
    "known_defects": "stub",
    "make_stub": "stub",
    "meaning": "sameness",
    "summary": "tests",
}
"""What every language of ours offers -> the module of its package that holds it."""

Symbols = dict[str, dict[str, Any]]
"""Qualified name -> `kind`, and of a function `async`, `params`, `defaults`, `decorators`."""


@frozen
class Todo:
    """A test whose body is left to a person.

    `name` is as the runner calls it (`TestUp::test_x`), `sentence` what is to be proved, `line` the
    line of its definition in the stub, before the file is formatted.
    """

    name: str
    sentence: str
    line: int


@frozen
class KnownDefect:
    """A defect of the code under test that a test declares, with the reason of its mark."""

    file: str
    test: str
    reason: str


class Tool(NamedTuple):
    """A program that a person may have to install: what it does, and the command that gets it.

    A subcommand is a program by itself: `cargo mutants` is `cargo-mutants`.
    """

    name: str
    purpose: str
    get: str


class Language(Protocol):
    """What the package of a language offers."""

    TOOLS: tuple[Tool, ...]
    """Programs that it starts."""

    def syntax_key(self) -> bytes:
        """What decides besides a source whether it parses."""

    def check_syntax(self, path: str, source: bytes) -> None:
        """Parse a file; a broken one is a `CheckoutError`."""

    def encoding_of(self, source: bytes) -> str:
        """The encoding of a source."""

    def module_of(
        self, top: Path, path: str, run: RunSpec | None, planned: Mapping[str, bytes]
    ) -> str:
        """The name by which tests refer to a file of the checkout."""

    def suite_files(self, top: Path, refuse: Callable[[OSError], None]) -> Iterable[Path]:
        """The test files below a folder; `refuse` gets what cannot be read."""

    def uses(self, path: str, source: bytes, modules: Collection[str]) -> set[str]:
        """Dotted names of the modules' members that a test file uses."""

    def left_by_a_run(self, name: str) -> tuple[str, str]:
        """The folder beside a source where a run leaves files, and their pattern; or two blanks."""

    def same_place(self, path: str) -> Iterable[str]:
        """Other paths that name what this file is: only one of them is read where two are there."""

    def read_above(self, path: str) -> Iterable[str]:
        """Files of the folders above whose names hold in this one too, the nearest first."""

    def find_symbols(self, path: str, source: bytes) -> Symbols:
        """The top-level names and methods of a file."""

    def format_key(self, path: str, layout: Layout) -> bytes | None:
        """What a formatted file depends on besides its source; None where nothing formats here."""

    def formatted(self, files: Mapping[str, bytes], layout: Layout) -> dict[str, bytes]:
        """The files as the language's formatter leaves them, as a checkout wishes."""

    def meaning(self, path: str, source: bytes) -> tuple[str, ...]:
        """What of a file its layout does not change: code and comments."""

    def make_stub(self, path: str, source: str) -> tuple[str, tuple[Todo, ...]]:
        """The stub of a test file and its todos."""

    def find_todos(self, path: str, source: bytes) -> list[bool]:
        """For each test of a file whether it is a todo."""

    def known_defects(self, path: str, source: bytes) -> list[KnownDefect]:
        """The known defects that the tests of a file declare."""

    def summary(self, path: str, source: bytes) -> str:
        """What a file is about: the first sentence of its doc comment."""

    def fill_stub(
        self, mine: str, stub_base: str, full: str, *, path: str
    ) -> tuple[str, tuple[str, ...]]:
        """The full file, with a person's work kept."""

    def without_files(self, path: str, source: bytes, gone: Collection[str]) -> bytes:
        """The file without its declarations of files that are not written."""


def same_text(path: str, one: bytes, other: bytes) -> bool:
    """Whether two contents of a file differ in nothing but line ends and layout.

    The one notion of "same": git turns line ends, and a formatter turns layout; neither is an
    edit. Files that are equal but for line ends are not parsed.
    """
    from scaffold.errors import CheckoutError

    if _with_lf(one) == _with_lf(other):
        return True
    language = language_of(path)
    try:
        return language is not None and (
            language.meaning(path, _with_lf(one)) == language.meaning(path, _with_lf(other))
        )
    except CheckoutError:
        # What does not parse was not left by a formatter.
        return False


def first_sentence(doc: str) -> str:
    """The first sentence of a doc comment on one line, without its full stop."""
    text = " ".join(doc.strip().partition("\n\n")[0].split())
    return re.split(r"(?<=[.!?]) (?=[A-Z`])", text)[0].rstrip(".")


def _with_lf(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")


def language_of(path: str) -> Language | None:
    """The language of a file by its ending; None where no package knows it."""
    name = LANGUAGES.get(os.path.splitext(path)[1])
    if name is None:
        return None
    return cast(Language, sys.modules.get(name) or importlib.import_module(name))


def parts(package: str, **more: str) -> Callable[[str], Any]:
    """The `__getattr__` of a language's package: each name from its module, when it is asked for.

    Most commands need little of a language.

    Args:
        package: The package.
        more: Name -> module, beside those of `MODULES`.
    """
    modules = {**MODULES, **more}

    def get(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{modules[name]}"), name)

    return get


def dotted(path: str, root: str) -> str:
    """A path below a folder with dots, without its ending."""
    pure = PurePosixPath(path)
    relative = pure.relative_to(root) if pure.is_relative_to(root) else pure
    return ".".join(relative.with_suffix("").parts)
