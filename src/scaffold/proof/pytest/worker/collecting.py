"""A plugin of pytest that writes what was collected; `collected.py` puts it on the path."""

from __future__ import annotations

import json
import os
from typing import Any

PLACE = "SCAFFOLD_COLLECTED"
"""The variable that names the file, and before it, after a colon, the tree."""
why: dict[str, str] = {}
tests: list[list[str]] = []


def pytest_collectreport(report: Any) -> None:
    """Remember the last line of an error, by the node that has it."""
    if report.failed:
        lines = [line.strip() for line in str(report.longrepr).splitlines() if line.strip()]
        named = [line[1:].strip() for line in lines if line.startswith("E ")]
        why[report.nodeid] = (named or lines or ["no reason"])[-1]


def pytest_collection_finish(session: Any) -> None:
    """Take each test: its file, and what pytest calls it in there."""
    tests.extend([str(item.path), item.nodeid.partition("::")[2]] for item in session.items)


def pytest_sessionfinish(session: Any) -> None:
    """Write all of it; a node that cannot be collected is named by its file."""
    place, _, tree = os.environ[PLACE].partition(":")
    root = str(session.config.rootpath)

    def inside(path: str) -> str:
        return os.path.relpath(os.path.realpath(path), os.path.realpath(tree)).replace(os.sep, "/")

    found = {
        "tests": [[inside(path), name] for path, name in tests],
        "errors": {
            inside(os.path.join(root, node.partition("::")[0])): text for node, text in why.items()
        },
    }
    with open(place, "w", encoding="utf-8") as handle:
        json.dump(found, handle)
