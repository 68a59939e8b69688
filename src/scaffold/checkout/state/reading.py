"""Bytes and JSON from below `.scaffold/`: plain files of bounded size, read through no link."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scaffold.checkout.files import confine
from scaffold.checkout.places import Tree
from scaffold.checkout.state.model import FOLDER
from scaffold.errors import CheckoutError

MOST_STATE = 8 << 20
MOST_FILES = 20_000


def content_of(root: Path, path: str) -> bytes | None:
    """The bytes of one file of the state; None where there is none.

    Raises:
        CheckoutError: It is not a plain file of bounded size.
    """
    try:
        with Tree(root) as tree:
            if (root / FOLDER).is_symlink():
                confine(root, path)
            return tree.read(path, most=MOST_STATE)
    except OSError as error:
        raise damaged(path, error.strerror or str(error)) from error


def paths_in(root: Path, folder: str, suffix: str) -> list[str]:
    """The files of one folder of the state, as relative paths.

    Raises:
        CheckoutError: It is not a plain folder, or holds too many.
    """
    try:
        with Tree(root) as tree:
            names = tree.names(folder, most=MOST_FILES)
    except OSError as error:
        raise damaged(folder, error.strerror or str(error)) from error
    return [f"{folder}/{name}" for name in names if name.endswith(suffix)]


def load(path: str, content: bytes) -> dict[str, Any]:
    """A file's JSON object.

    Raises:
        CheckoutError: It is not one.
    """
    try:
        data = json.loads(content.decode("utf-8"))
        if b"\\u" in content:  # half of a pair can be written so, and nowhere else
            json.dumps(data, ensure_ascii=False).encode("utf-8")
    except RecursionError as error:
        raise damaged(path, "its JSON is nested too deep") from error
    except ValueError as error:
        raise damaged(path, " ".join(str(error).split())) from error
    if not isinstance(data, dict):
        raise damaged(path, "it holds no object")
    return data


def damaged(path: str, why: str) -> CheckoutError:
    """The refusal of a file or folder of the state."""
    return CheckoutError(f"{path} is damaged: {why}", "scaffold undo --set-aside")
