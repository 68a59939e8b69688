"""The rows at every release: tools/drift.py, on a clone of the demo."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import pytest

import drift
from entries import find_entry, keep_entry, read_entries
from scaffold.kit.catalog import Kit
from support.repositories import committed, git
from support.tinykit import DEMO_KIT


@pytest.fixture
def clone(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The history of a demo with two releases, and an empty file of results."""
    committed(tree)
    first = git(tree, "rev-parse", "HEAD")
    for number, path in enumerate(("cli/pyproject.toml", "README.md", "cli/pyproject.toml")):
        (tree / path).parent.mkdir(exist_ok=True)
        (tree / path).write_text(f'version = "{number}"\n')
        git(tree, "add", "-A")
        git(tree, "commit", "-q", "-m", f"Change {number}")
    monkeypatch.setenv("SCAFFOLD_KIT", str(DEMO_KIT))
    monkeypatch.setattr(drift, "HISTORY", f"{first}..HEAD")
    monkeypatch.setattr(drift, "BETWEEN", ())
    monkeypatch.setattr(drift, "RESULTS", tmp_path / "drift.json")
    return tree


def examine(kit: Kit, clone: Path, *names: str, python: str = sys.executable) -> dict[str, Any]:
    """What is kept of the newest commit afterwards, by row."""
    options = argparse.Namespace(gap=list(names), python=python)
    drift.examine(kit, clone, "HEAD", options)
    return {entry["gap"]: entry for entry in read_entries(drift.RESULTS)}


def test_commits_that_set_a_version_and_those_between_are_examined_oldest_first(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = [commit[:8] for commit in git(clone, "rev-list", "--reverse", "HEAD").split()]
    assert drift.commits(clone) == [history[1], history[3]]
    monkeypatch.setattr(drift, "BETWEEN", ("HEAD^",))
    assert drift.commits(clone) == history[1:]


@pytest.mark.slow
def test_rows_are_run_together_and_kept(kit: Kit, clone: Path) -> None:
    found = examine(kit, clone, "prices", "labels")
    assert (found["prices"]["passed"], found["prices"]["known_defects"]) != (0, 0)
    assert found["labels"]["passed"] > 0
    assert found["labels"]["place"] == 4
    assert examine(kit, clone, "prices", "labels", python="/no/python") == found


@pytest.mark.slow
def test_a_red_row_says_why_and_leaves_the_others(kit: Kit, clone: Path) -> None:
    place = clone / "parcels" / "labels.py"
    place.write_text(place.read_text().replace('HOME = "DE"', 'HOME = "FR"'))
    git(clone, "commit", "-q", "-a", "-m", "Break labels")
    found = examine(kit, clone, "prices", "labels")
    assert "labels" in found["labels"]["problem"]
    assert "problem" not in found["prices"]


def test_a_row_without_its_target_is_retired(kit: Kit, clone: Path) -> None:
    git(clone, "rm", "-q", "parcels/labels.py")
    git(clone, "commit", "-q", "-m", "Drop labels")
    assert examine(kit, clone, "labels")["labels"]["retired"]


def test_the_table_is_in_the_order_of_history(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift, "RESULTS", tmp_path / "drift.json")
    keep_entry(drift.RESULTS, {"gap": "labels", "commit": "aaaa", "place": 2, "problem": "red"})
    ran = {"place": 1, "passed": 4, "known_defects": 1}
    keep_entry(drift.RESULTS, {"gap": "labels", "commit": "bbbb", **ran})
    keep_entry(drift.RESULTS, {"gap": "prices", "commit": "bbbb", "place": 1, "retired": True})
    entries = read_entries(drift.RESULTS)
    assert find_entry(entries, "labels", "bbbb")
    assert drift.document(kit, entries)[-2:] == [
        "| bbbb | retired | 4 + 1 |",
        "| aaaa |  | red |",
    ]
