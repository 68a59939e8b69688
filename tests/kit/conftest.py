"""Which rows are held to their contract: with TEST_ROWS=edited those that the branch edits."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

import pytest

from scaffold.kit.catalog import Gap
from support.rendering import KIT

HERE = Path(__file__).parent
EDITED_ALONE = os.environ.get("TEST_ROWS") == "edited"
EACH_ROW = {"test_contract.py", "test_part_contract.py", "test_rust.py", "test_style.py"}
"""Modules of which every test is about one row: it takes a while to collect them for nothing."""


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave the modules out that are about rows alone, if none is edited and that is asked for."""
    alone = EDITED_ALONE and collection_path.name in EACH_ROW
    return True if alone and not edited_rows() else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that are about one row, if it is not edited and that is asked for."""
    if not EDITED_ALONE:
        return
    edited = edited_rows()
    others = {item for item in items if (row := row_of(item)) and row not in edited}
    config.hook.pytest_deselected(items=[*others])
    items[:] = [item for item in items if item not in others]
    for item in items:
        # Of an edited row the whole contract is asked for, however long it takes.
        if item.path.name in EACH_ROW and row_of(item):
            item.own_markers = [mark for mark in item.own_markers if mark.name != "slow"]


@cache
def edited_rows() -> set[str]:
    """The rows whose templates differ from `main`, where the branch left it: all, if a share does.

    Where there is no `main`, or it is the branch itself, from the last commit.
    """
    base = git("merge-base", "HEAD", "main").strip() or "HEAD"
    changed = git("diff", "--name-only", "--no-renames", base, "--", "templates")
    new = git("ls-files", "--others", "--exclude-standard", "--", "templates")
    names = {line.split("/")[1] for line in (changed + new).splitlines()}
    shared = not git("rev-parse", "HEAD") or names & {"_shared", "kit.toml"}
    return {*KIT.gaps} if shared else names & {*KIT.gaps}


def git(*words: str) -> str:
    """What git prints; nothing where it fails."""
    return subprocess.run(
        ["git", "-C", str(KIT.root), *words], capture_output=True, text=True
    ).stdout


def row_of(item: pytest.Item) -> str:
    """The row of the kit that a test of this folder is about; empty if it is about none, or all."""
    if not isinstance(item, pytest.Function) or not item.path.is_relative_to(HERE):
        return ""
    values = item.callspec.params.values() if hasattr(item, "callspec") else ()
    slugs = [value.slug if isinstance(value, Gap) else value for value in values]
    return next((slug for slug in slugs if isinstance(slug, str) and slug in KIT.gaps), "")
