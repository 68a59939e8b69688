"""Imports and exports of files that are not written: they go, or no test of the file runs."""

from __future__ import annotations

import posixpath
from collections.abc import Collection

from scaffold.errors import KitError
from scaffold.languages.typescript.syntax import comments_above, parse, string_of

ENDINGS = ("", ".ts", ".tsx", ".mts", ".js", ".jsx", "/index.ts", "/index.tsx")
"""What an import leaves out of the path of its file."""


def without_files(path: str, source: bytes, gone: Collection[str]) -> bytes:
    """The source without what it imports for its effect, or hands on, from files that are gone.

    An import of names stays: what uses them would not compile without.

    Raises:
        KitError: The file does not parse.
    """
    left = bytearray(source)
    for node in reversed(parse(path, source, KitError).named_children):
        if node.type not in ("import_statement", "export_statement"):
            continue
        named = any(child.type == "import_clause" for child in node.children)
        goal = string_of(node.child_by_field_name("source"))
        if named or goal is None or not goal.startswith("."):
            continue
        place = posixpath.normpath(posixpath.join(posixpath.dirname(path), goal))
        if any(f"{place}{ending}" in gone for ending in ENDINGS):
            above = comments_above(node)
            end = source.find(b"\n", node.end_byte)
            start = (above[0] if above else node).start_byte
            del left[start : len(source) if end < 0 else end + 1]
    return bytes(left)
