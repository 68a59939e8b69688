"""Generated code in its language's own format, at plan time, remembered by content."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from scaffold.languages import language_of
from scaffold.system.caching import cache_dir, entry_of, recall, remember


def format_source(path: str, source: bytes, *, cache: Path | None = None) -> bytes:
    """The file as its language's formatter leaves it; other languages pass through.

    Args:
        path: Relative path of the file; its ending picks the formatter.
        source: The bytes as rendered.
        cache: Folder of earlier results by content; None formats afresh.

    Raises:
        KitError: The rendered file does not parse.
    """
    language = language_of(path)
    key = language.format_key() if language else None
    if language is None or key is None:
        return source
    entry = entry_of(cache, key, source) if cache else None
    kept = recall(entry) if entry else None
    if kept is not None:
        return kept
    result = language.formatted(path, source)
    if entry:
        remember(entry, result)
    return result


def format_files(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Every file as `format_source` leaves it, with the user's cache.

    Raises:
        KitError: A rendered file does not parse.
    """
    cache = cache_dir("format")
    return {path: format_source(path, source, cache=cache) for path, source in files.items()}
