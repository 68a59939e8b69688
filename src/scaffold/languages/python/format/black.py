"""Black of the version that an interpreter has, on texts; with that interpreter alone, by JSON.

It imports nothing of ours: `python -I black.py` lays out with a version that is not installed here.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from functools import cache as once
from types import ModuleType
from typing import Any


def lay_out(
    texts: Mapping[str, str], wishes: Mapping[str, Any], refuse: Callable[[str, Exception], None]
) -> dict[str, str]:
    """Each text as black leaves it.

    Args:
        texts: Path -> text.
        wishes: Settings by their names in `[tool.black]`; those that this version lacks are left.
        refuse: Gets what does not parse, and why.
    """
    black = _import_black()
    done = {}
    for path, text in texts.items():
        try:
            done[path] = str(black.format_str(text, mode=_mode(black, path, wishes)))
        except (importlib.import_module("black.parsing").InvalidInput, RecursionError) as error:
            refuse(path, error)
    return done


def _mode(black: ModuleType, path: str, wishes: Mapping[str, Any]) -> Any:
    known = {version.name.lower(): version for version in black.TargetVersion}
    given = {
        "is_pyi": path.endswith(".pyi"),
        "line_length": wishes.get("line-length", black.DEFAULT_LINE_LENGTH),
        "string_normalization": not wishes.get("skip-string-normalization"),
        "magic_trailing_comma": not wishes.get("skip-magic-trailing-comma"),
        "preview": bool(wishes.get("preview") or wishes.get("unstable")),
        "unstable": bool(wishes.get("unstable")),
        "target_versions": {known[it] for it in wishes.get("target-version", ()) if it in known},
    }
    fields = black.Mode.__dataclass_fields__
    return black.Mode(**{name: value for name, value in given.items() if name in fields})


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


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    json.dump(lay_out(asked["texts"], asked["wishes"], lambda path, error: None), sys.stdout)
