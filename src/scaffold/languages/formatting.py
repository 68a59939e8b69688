"""Generated code in its language's own format, at plan time, remembered by content."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from scaffold.languages import Language, language_of
from scaffold.languages.rules import Layout
from scaffold.system.caching import cache_dir, entry_of, recall, remember


def format_source(path: str, source: bytes, *, cache: Path | None = None) -> bytes:
    """The file as `format_files` leaves it where no checkout wishes otherwise.

    Raises:
        KitError: The rendered file does not parse.
    """
    return format_files({path: source}, cache=cache)[path]


def format_files(
    files: Mapping[str, bytes], layout: Layout | None = None, *, cache: Path | None = None
) -> dict[str, bytes]:
    """The files as the formatters of their languages leave them; others pass through.

    Args:
        files: Relative path, whose ending picks the formatter -> the bytes as rendered.
        layout: What a checkout wishes.
        cache: Folder of earlier results by content; None takes the user's.

    Raises:
        KitError: A rendered file does not parse.
    """
    layout, cache = layout or Layout(), cache or cache_dir("format")
    result, entries = dict(files), dict[str, Path]()
    fresh: dict[int, tuple[Language, dict[str, bytes]]] = {}
    for path, source in files.items():
        language = language_of(path)
        key = language.format_key(path, layout) if language else None
        if language is None or key is None:
            continue
        entries[path] = entry_of(cache, key, source)
        kept = recall(entries[path])
        if kept is None:
            fresh.setdefault(id(language), (language, {}))[1][path] = source
        else:
            result[path] = kept
    for language, sources in fresh.values():
        for path, content in language.formatted(sources, layout).items():
            remember(entries[path], content)
            result[path] = content
    return result
