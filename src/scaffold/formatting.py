"""Generated code in its language's own format, at plan time, remembered by content."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from scaffold.errors import KitError


def format_source(path: str, source: bytes, *, cache: Path | None = None) -> bytes:
    """The file as its language's formatter leaves it; other languages pass through.

    Args:
        path: Relative path of the file; its ending picks the formatter.
        source: The bytes as rendered.
        cache: Folder of earlier results by content; None formats afresh.

    Raises:
        KitError: The rendered file does not parse.
    """
    if not path.endswith(".py"):
        return source
    entry = cache / hashlib.sha256(_black_key() + source).hexdigest() if cache else None
    if entry and entry.is_file():
        return entry.read_bytes()
    result = _black(path, source)
    if entry:
        _remember(entry, result)
    return result


def cache_dir(name: str) -> Path:
    """The user's cache folder for results that are kept by content (XDG base directories)."""
    home = os.environ.get("XDG_CACHE_HOME")
    base = Path(home) if home else Path("~/.cache").expanduser()
    return base / "scaffold" / name


def _black_key() -> bytes:
    # The version alone is read: importing black itself costs more than a cached format saves.
    from importlib.metadata import version

    return version("black").encode() + b"\0"


def _black(path: str, source: bytes) -> bytes:
    import black
    from black.parsing import InvalidInput

    try:
        text = black.format_str(source.decode("utf-8"), mode=black.Mode())
    except (InvalidInput, UnicodeDecodeError) as error:
        raise KitError(
            f"the rendered {path} does not parse: {' '.join(str(error).split())}",
            f"scaffold show GAP --file {path}",
        ) from error
    return text.encode("utf-8")


def _remember(entry: Path, result: bytes) -> None:
    # A cache that cannot be written costs time, never the run.
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        temporary = entry.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(result)
        temporary.replace(entry)
    except OSError:
        return
