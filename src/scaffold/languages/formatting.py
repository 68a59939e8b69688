"""Generated code in its language's own format, at plan time, remembered by content."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from functools import cache as once
from pathlib import Path
from types import ModuleType

from scaffold import isolation, process
from scaffold.caching import cache_dir, entry_of, recall, remember
from scaffold.errors import KitError, MissingToolError

RUSTFMT = ("rustfmt", "--edition", "2021", "--config-path", os.devnull, "--emit", "stdout")
RUSTFMT_S = 60.0


def format_source(path: str, source: bytes, *, cache: Path | None = None) -> bytes:
    """The file as its language's formatter leaves it; other languages pass through.

    Args:
        path: Relative path of the file; its ending picks the formatter.
        source: The bytes as rendered.
        cache: Folder of earlier results by content; None formats afresh.

    Raises:
        KitError: The rendered file does not parse.
    """
    known = _FORMATTERS.get(path.rpartition(".")[2])
    key = known[0]() if known else None
    if known is None or key is None:
        return source
    entry = entry_of(cache, key, source) if cache else None
    kept = recall(entry) if entry else None
    if kept is not None:
        return kept
    result = known[1](path, source)
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


def _black_key() -> bytes:
    # The version alone is read: importing black itself costs more than a cached format saves.
    from importlib.metadata import version

    return version("black").encode()


def _black(path: str, source: bytes) -> bytes:
    black = _import_black()
    from black.parsing import InvalidInput

    try:
        text = black.format_str(source.decode("utf-8"), mode=black.Mode())
    except (InvalidInput, UnicodeDecodeError, RecursionError) as error:
        deep = isinstance(error, RecursionError)
        why = "it is nested too deeply" if deep else " ".join(str(error).split())
        raise KitError(
            f"the rendered {path} does not parse: {why}",
            f"scaffold show GAP --file {path}",
        ) from error
    return str(text).encode("utf-8")


@once
def _import_black() -> ModuleType:
    """Black, without its cache folder: some releases load a pickle from there, whoever put it."""
    before = os.environ.get("BLACK_CACHE_DIR")
    os.environ["BLACK_CACHE_DIR"] = os.path.join(os.devnull, "black")
    try:
        return importlib.import_module("black")
    finally:
        del os.environ["BLACK_CACHE_DIR"]
        if before is not None:
            os.environ["BLACK_CACHE_DIR"] = before


def _rustfmt_key() -> bytes | None:
    """Which rustfmt there is, and its version; None where there is none: files stay as rendered."""
    found = isolation.find_tool(RUSTFMT[0])
    return _identity_of(found) if found else None


@once
def _identity_of(tool: str) -> bytes | None:
    # The path alone may be a launcher of one of several toolchains: only its version tells which.
    try:
        done = process.run_tool([tool, "--version"], timeout_s=RUSTFMT_S)
        real = os.path.realpath(tool)
        file = os.stat(real)
    except (MissingToolError, OSError):
        return None
    if done.returncode != 0 or not done.stdout.startswith("rustfmt "):
        return None
    return "\n".join([real, str(file.st_size), str(file.st_mtime_ns), done.stdout]).encode()


def _rustfmt(path: str, source: bytes) -> bytes:
    # By stdin, one file a call: given files, rustfmt wants the files of their modules too.
    try:
        text = source.decode("utf-8")
    except UnicodeDecodeError as error:
        raise KitError(f"the rendered {path} is not UTF-8: {error}", f"edit {path}") from error
    done = process.run_tool(RUSTFMT, input_text=text, timeout_s=RUSTFMT_S)
    if done.returncode != 0:
        said = " ".join(done.stderr.replace("<stdin>", path).split())
        raise KitError(
            f"the rendered {path} does not parse: {said[:400]}", f"scaffold show GAP --file {path}"
        )
    return done.stdout.encode("utf-8")


_FORMATTERS: dict[str, tuple[Callable[[], bytes | None], Callable[[str, bytes], bytes]]] = {
    "py": (_black_key, _black),
    "rs": (_rustfmt_key, _rustfmt),
}
"""Ending -> what its results depend on besides the source (None: not here), and the formatter."""
