"""TypeScript as it is rendered: Biome lies in the checkout, which runs nothing before `verify`."""

from __future__ import annotations

from collections.abc import Mapping

from scaffold.errors import KitError
from scaffold.languages.rules import Layout
from scaffold.languages.typescript.syntax import parse
from scaffold.system.reading import decoded


def format_key(path: str, layout: Layout) -> bytes:
    """What a formatted file depends on besides its source: nothing."""
    return b"typescript as rendered"


def formatted(files: Mapping[str, bytes], layout: Layout) -> dict[str, bytes]:
    """The files themselves.

    Raises:
        KitError: One does not parse.
    """
    for path, source in files.items():
        decoded(path, source)
        parse(path, source, KitError)
    return dict(files)
