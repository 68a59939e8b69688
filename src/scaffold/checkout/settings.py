"""What the files of a checkout set for its tools; the rest of such a file is not looked at."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import Any

from scaffold.checkout.files import read_file
from scaffold.errors import CheckoutError
from scaffold.system.caching import toml
from scaffold.system.reading import decoded

TOOLS = ("black", "coverage", "flake8", "isort", "pytest", "ruff")
SHARED = ("pyproject.toml", "setup.cfg", "tox.ini")
"""Files that hold the settings of many tools, and other things too."""
OWN = {
    ".coveragerc": "coverage", ".flake8": "flake8", ".isort.cfg": "isort", "biome.json": "biome",
    "biome.jsonc": "biome", ".clippy.toml": "clippy", "clippy.toml": "clippy",
    ".pytest.ini": "pytest", "pytest.ini": "pytest", ".ruff.toml": "ruff", "ruff.toml": "ruff",
    ".rustfmt.toml": "rustfmt", "rustfmt.toml": "rustfmt", "tsconfig.json": "tsc",
    "vitest.config.js": "vitest", "vitest.config.mts": "vitest", "vitest.config.ts": "vitest",
}  # fmt: skip
"""Files of a single tool -> the tool."""


def read_settings(root: Path, folder: str) -> dict[str, dict[str, Any]]:
    """The files of a folder that set something for a tool: path -> tool -> what they set.

    What cannot be parsed is the text itself, and what cannot be read is the reason.
    """
    try:
        names = {*os.listdir(root / folder)}.intersection((*SHARED, *OWN))
    except OSError:
        return {}
    found = {}
    for name in sorted(names):
        path = (PurePosixPath(folder) / name).as_posix()
        try:
            content = read_file(root, path)
            text = "" if content is None else decoded(path, content)
        except CheckoutError as error:
            found[path] = {OWN.get(name, "all"): error.fact}
            continue
        if tools := _tools(name, text):
            found[path] = tools
    return found


def _tools(name: str, text: str) -> dict[str, Any]:
    try:
        if name in OWN:
            return {OWN[name]: toml(text) if name.endswith(".toml") else text}
        if not name.endswith(".toml"):
            return _sections(text)
        tables = toml(text).get("tool", {})
        return {tool: tables[tool] for tool in TOOLS if tool in tables}
    except (ValueError, RecursionError, TypeError, AttributeError):
        return {OWN.get(name, "all"): text}


def _sections(text: str) -> dict[str, Any]:
    import configparser

    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ValueError(str(error)) from error
    return {
        section: dict(parser[section])
        for section in parser.sections()
        if any(tool in section for tool in TOOLS)
    }
