"""TypeScript as it is rendered: Biome lies in the checkout, which runs nothing before `verify`."""

from __future__ import annotations

from scaffold.errors import KitError
from scaffold.languages.typescript.syntax import parse
from scaffold.system.reading import decoded


def format_key() -> bytes:
    """What a formatted file depends on besides its source: nothing."""
    return b"typescript as rendered"


def formatted(path: str, source: bytes) -> bytes:
    """The file itself.

    Raises:
        KitError: It does not parse.
    """
    decoded(path, source)
    parse(path, source, KitError)
    return source
