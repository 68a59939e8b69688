"""Where something stands in a TOML text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MOST_LINES = 5000


def line_of(text: str, keys: Sequence[str | int]) -> int:
    """The line on which the statement of a key begins: 1 where it cannot be found.

    Args:
        text: TOML.
        keys: The way to it: names of keys, and places in arrays from 0.
    """
    import tomllib

    if not keys:
        return 1
    lines = text.splitlines()
    before = 0
    for count in range(1, min(len(lines), MOST_LINES) + 1):
        # Beginnings that parse end between two statements.
        try:
            data: Any = tomllib.loads("\n".join(lines[:count]))
        except (ValueError, RecursionError):
            continue
        if _holds(data, keys):
            start = lines[before:count]
            blank = next((n for n, line in enumerate(start) if _is_statement(line)), 0)
            return before + blank + 1
        before = count
    return line_of(text, keys[:-1])


def _is_statement(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _holds(data: Any, keys: Sequence[str | int]) -> bool:
    for key in keys:
        if isinstance(key, int):
            if not isinstance(data, list) or key >= len(data):
                return False
        elif not isinstance(data, dict) or key not in data:
            return False
        data = data[key]
    return True
