"""Symbols of a source file, found by parsing. Nothing of the target is imported or run."""

from __future__ import annotations

from scaffold.languages import Symbols, language_of
from scaffold.system import reading
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


def decoded(path: str, content: bytes) -> str:
    """The text of a file in the encoding of its language; UTF-8 where none knows its ending.

    Raises:
        CheckoutError: The bytes are not in that encoding.
    """
    language = language_of(path)
    encoding = language.encoding_of(content) if language else "utf-8"
    return reading.decoded(path, content, encoding)
