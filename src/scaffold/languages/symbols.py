"""Symbols of a source file, found by parsing. Nothing of the target is imported or run."""

from __future__ import annotations

from scaffold.languages import Symbols, language_of
from scaffold.system.reading import parsing


def symbols_of(path: str, source: bytes) -> Symbols:
    """The top-level names and methods of a file; empty where no language knows its ending.

    Raises:
        CheckoutError: The file does not parse; its line is named.
    """
    language = language_of(path)
    if language is None:
        return {}
    with parsing(path, source):
        return language.find_symbols(path, source)
