"""Python in the format of black, in this process."""

from __future__ import annotations

import importlib
import os
from functools import cache as once
from types import ModuleType

from scaffold.errors import KitError


def format_key() -> bytes:
    """What a result depends on besides the source."""
    # The version alone is read: importing black itself costs more than a cached format saves.
    from importlib.metadata import version

    return version("black").encode()


def formatted(path: str, source: bytes) -> bytes:
    """The file as black leaves it.

    Raises:
        KitError: The file does not parse.
    """
    black = _import_black()
    from black.parsing import InvalidInput

    try:
        text = black.format_str(source.decode("utf-8"), mode=black.Mode())
    except (InvalidInput, UnicodeDecodeError, RecursionError) as error:
        deep = isinstance(error, RecursionError)
        why = "it is nested too deeply" if deep else " ".join(str(error).split())
        raise KitError(
            f"the rendered {path} does not parse: {why}",
            f"edit the template of {path}",
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
