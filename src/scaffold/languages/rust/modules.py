"""Module declarations of files that are not written: they go, or the crate does not compile."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import PurePosixPath

from scaffold.errors import KitError
from scaffold.languages.rust.symbols import attributes_of, parse
from scaffold.languages.trees import text_of

_PATH = re.compile(r'#\s*\[\s*path\s*=\s*"(?P<path>[^"]+)"\s*\]')
_DECLARED = re.compile(rb"\bmod\b[^{;]*;")
_ENDS = (bytearray(b"\n"), bytearray())
_ROOTS = ("mod.rs", "lib.rs", "main.rs")


def without_files(path: str, source: bytes, gone: Collection[str]) -> bytes:
    """The source without each `mod name;` whose file is one of those that are gone.

    Its attributes and the comments right above go with it.

    Raises:
        KitError: The file declares modules and does not parse.
    """
    # Most files declare none, and to parse one takes a hundred times as long as to look.
    if not gone or not _DECLARED.search(source):
        return source
    left = bytearray(source)
    for node in reversed(parse(path, source, KitError).named_children):
        if node.type != "mod_item" or node.child_by_field_name("body") is not None:
            continue
        above = attributes_of(node)
        places = _places(path, text_of(node.child_by_field_name("name")), [*map(text_of, above)])
        if not any(place in gone for place in places):
            continue
        start, end = (above[0] if above else node).start_byte, node.end_byte
        rest = source.find(b"\n", end)
        end = len(source) if rest < 0 else rest + 1
        del left[start:end]
        # The blank line above a group that is gone; at the end of the file both are too many.
        while left[:start].endswith(b"\n\n") and left[start : start + 1] in _ENDS:
            start -= 1
            del left[start : start + 1]
    return bytes(left)


def _places(path: str, name: str, attributes: list[str]) -> list[str]:
    """Where the file of a declared module may be."""
    here = PurePosixPath(path)
    given = next((found for text in attributes if (found := _PATH.search(text))), None)
    if given is not None:
        return [(here.parent / given["path"]).as_posix()]
    folder = here.parent if here.name in _ROOTS else here.with_suffix("")
    return [(folder / f"{name}.rs").as_posix(), (folder / name / "mod.rs").as_posix()]
