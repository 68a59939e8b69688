"""A row that moves, deletes and edits tests: `verify` compares what pytest collects."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from support.command import Ran, scaffold
from support.tinykit import gap_toml, write_kit
from support.tree import snapshot, write_files

KEEP = """\
import pytest

from common import CASES


@pytest.mark.parametrize("case", CASES)
def test_keep(case):
    assert case
"""
TREE = {
    "app.py": "def one():\n    return 1\n",
    "old/common.py": "CASES = [1, 2]\n",
    "old/test_keep.py": KEEP,
    "old/test_gone.py": "from common import CASES\n\n\ndef test_gone():\n    assert CASES\n",
}
NEW = "from app import one\n\n\ndef test_new():\n    assert one() == 1\n"
RULE = "pytest --collect-only"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout of one module and a suite."""
    return write_files(tmp_path / "tree", TREE)


def mover(tmp_path: Path, cases: str = "CASES = [1, 2]", **more: str) -> Path:
    """A kit of one row that moves the suite, deletes a part of it, and edits the rest."""
    lines = f'[[lines]]\nold = "from common import CASES"\nnew = "{cases}"\n'
    edits = [{"kind": "replace", "path": "new/test_keep.py", "payload": "keep.toml"}]
    files = {"keep.toml": lines, **more}
    edits += [{"kind": "python", "path": f"new/{name}", "payload": name} for name in more]
    toml = gap_toml(
        run={"runner": "pytest", "root": "."},
        moves=[{"from": "old", "to": "new"}],
        removes=[{"path": "old/test_gone.py"}, {"path": "old/common.py"}],
        edits=edits,
    )
    payloads = {f"row/files/.scaffold-edits/{name}": text for name, text in files.items()}
    test = {"row/files/tests/test_new.py": NEW}
    return write_kit(tmp_path / "kit", {"row/gap.toml": toml, **test, **payloads})


def new(tree: Path, kit: Path, *more: str) -> Ran:
    """`new` of the row."""
    return scaffold("new", "--gap", "row", *more, "--kit", kit, "-C", tree)


def verified(tree: Path, kit: Path) -> tuple[int, Any, Any]:
    """The exit code of `verify`, the problems, and what it says of the collection."""
    done = scaffold("verify", "row", "--python", sys.executable, "--json", "--kit", kit, "-C", tree)
    [outcome] = json.loads(done.out)["outcomes"]
    [rule] = [one for one in outcome["rules"] if one["rule"] == RULE]
    return done.code, outcome["problems"], rule


@pytest.mark.slow
def test_moved_tests_that_are_collected_as_before_are_green(tree: Path, tmp_path: Path) -> None:
    kit = mover(tmp_path)
    assert new(tree, kit).code == 0
    before = snapshot(tree)
    code, problems, rule = verified(tree, kit)
    assert (code, problems, rule["ruling"], rule["place"]) == (0, [], "passed", "old")
    assert {path: one for path, one in snapshot(tree).items() if "verified" not in path} == before


@pytest.mark.slow
def test_a_case_that_is_not_collected_any_more_is_red_with_its_name(
    tree: Path, tmp_path: Path
) -> None:
    kit = mover(tmp_path, "CASES = [1, 3]")
    assert new(tree, kit).code == 0
    code, problems, _ = verified(tree, kit)
    assert code == 6
    assert [line.partition(" (")[0] for line in problems] == [
        "new/test_keep.py: test_keep[2] is not collected any more",
        "new/test_keep.py: test_keep[3] is collected, and was not before",
    ]


@pytest.mark.slow
def test_a_suite_that_collects_differently_is_not_written(tree: Path, tmp_path: Path) -> None:
    kit = mover(tmp_path, **{"conftest.py": 'collect_ignore = ["test_keep.py"]\n'})
    before = snapshot(tree)
    done = new(tree, kit, "--prove", "--python", sys.executable)
    assert done.code == 6
    assert "test_keep[1] is not collected any more" in done.fact
    assert snapshot(tree) == before


@pytest.mark.slow
@pytest.mark.parametrize("broken", [False, True], ids=["no originals", "no import"])
def test_what_could_not_be_collected_before_is_not_compared(
    tree: Path, tmp_path: Path, broken: bool
) -> None:
    if broken:
        write_files(tree, {"old/test_keep.py": f"import not_installed\n{KEEP}"})
    kit = mover(tmp_path)
    assert new(tree, kit).code == 0
    shutil.rmtree(tree / ".scaffold/undo", ignore_errors=not broken)
    code, problems, rule = verified(tree, kit)
    assert (code, problems, rule["ruling"]) == (0, [], "not run")
    name = "not_installed" if broken else "common"
    assert rule["reason"] == (
        "could not be collected before either: old/test_keep.py: "
        f"ModuleNotFoundError: No module named '{name}'"
    )
