"""Paths in a text: where it names one, by whole components, and what it holds besides."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

from scaffold.errors import CheckoutError
from scaffold.system.invocation import edit

_LEADS = re.compile(
    r"(?:^|[^\w./-])(?:\.{1,2}/)+$|(?:\$\w+|[})])/$|/(?:blob|tree|raw)/[\w.-]+/$|^file:///?$"
)
"""What may stand before a path from the root: dots, a variable, a repository on the web."""


def named_in(text: str, place: str) -> list[int]:
    """The lines of a text that name a path, counted from 1."""
    return sorted({text.count("\n", 0, at) + 1 for at in places(text, place)})


def places(text: str, place: str) -> list[int]:
    """Where a text names a path by whole components."""
    found = []
    at = text.find(place)
    while at >= 0:
        if _ends_well(text, at + len(place)) and _begins_well(text, at, place):
            found.append(at)
        at = text.find(place, at + 1)
    return found


def _begins_well(text: str, at: int, place: str) -> bool:
    before = text[max(0, at - 200) : at]
    if not before.endswith("/"):
        return not before or re.match(r"[\w.@-]", before[-1]) is None
    if "/" not in place.removeprefix("./"):
        return re.search(r"(?:^|[^\w./-])\./$", before) is not None
    return _LEADS.search(before) is not None


def _ends_well(text: str, at: int) -> bool:
    return re.match(r"[\w-]|\.\w", text[at : at + 2]) is None


def old_places(text: str, old: str, new: str) -> list[int]:
    """Where the old path stands, and not as a part of the new one."""
    spans = [(at, at + len(new)) for at in places(text, new)] if old in new else []
    return [
        at
        for at in places(text, old)
        if not any(start <= at and at + len(old) <= end for start, end in spans)
    ]


def check_same(before: str, after: str, old: str, new: str, path: str) -> None:
    """See to it that a file with a parser holds the same afterwards, but for a path.

    Raises:
        CheckoutError: It does not, or does not parse any more.
    """
    read = _PARSERS.get(PurePosixPath(path).suffix)
    if read is None or before == after:
        return
    try:
        wanted = _renamed(read(before.removeprefix("\ufeff")), old, new)
    except ValueError:
        return  # it did not parse before
    try:
        same = read(after.removeprefix("\ufeff")) == wanted
    except ValueError:
        same = False
    if not same:
        raise CheckoutError(
            f"{path}: '{old}' cannot be replaced by '{new}' as this file is laid out: replace it "
            "by hand",
            edit(path),
        )


def _renamed(value: Any, old: str, new: str) -> Any:
    if isinstance(value, str):
        for at in reversed(old_places(value, old, new)):
            value = value[:at] + new + value[at + len(old) :]
        return value
    if isinstance(value, list):
        return [_renamed(one, old, new) for one in value]
    if isinstance(value, dict):
        found = {_renamed(key, old, new): _renamed(one, old, new) for key, one in value.items()}
        # Two keys would be one.
        return found if len(found) == len(value) else None
    return value


def _yaml(text: str) -> Any:
    import yaml

    try:
        return list(yaml.load_all(text, yaml.BaseLoader))
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(str(error)) from error


_PARSERS: dict[str, Callable[[str], Any]] = {
    ".json": json.loads,
    ".toml": tomllib.loads,
    ".yaml": _yaml,
    ".yml": _yaml,
}
