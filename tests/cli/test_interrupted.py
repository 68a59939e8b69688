"""Killed, interrupted, or out of room at any step: the tree is whole, and an undo away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.tinykit import DEMO_KIT

NEW = ["new", "--priority", "P0"]
UNDO = ["undo"]
CONFTEST = b'"""Ours since long."""\r\n\r\nimport os\r\n\r\nLONG = os.sep'
"""A file that the gap edits: CRLF, and no newline at its end."""


def stop_at_each_step(
    how: str, state: str, command: list[str], tree: Path, scratch: Path
) -> list[dict[str, Any]]:
    """What `support.interrupting` found, a record for each step."""
    conftest = tree / "tests" / "conftest.py"
    conftest.write_bytes(CONFTEST)
    conftest.chmod(0o640)
    scratch.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "support.interrupting", how, state, str(DEMO_KIT), str(tree),
         str(scratch), "--", *command],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) > 10, "the command made too few steps to be the real one"
    last = found[-1]
    assert (last["step"], last["code"]) == ("not reached", 0), "at last it ran to its end"
    for step in found:
        assert (step["next_code"], step["undo_code"]) == (0, 0), step
        assert step["first_after_undo"], step
    return found[:-1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("state", "command"),
    [
        pytest.param("fresh", NEW, id="new"),
        pytest.param("generated", UNDO, id="undo"),
        pytest.param("half", ["undo"], id="taking_back", marks=pytest.mark.slow),
    ],
)
def test_killed_at_any_step_the_next_command_makes_the_tree_whole(
    tree: Path, tmp_path: Path, state: str, command: list[str]
) -> None:
    steps = stop_at_each_step("kill", state, command, tree, tmp_path / "scratch")
    assert {step["code"] for step in steps} == {-9}
    # Whole is the tree before the command or, from its last rename on, the tree after it.
    whole = [step["first_after_next"] for step in steps]
    if state == "fresh":
        assert whole == sorted(whole, reverse=True) and whole.count(False) <= 1
    else:
        assert whole == sorted(whole)


@pytest.mark.slow
def test_interrupted_at_any_step_new_writes_all_or_nothing(tree: Path, tmp_path: Path) -> None:
    for step in stop_at_each_step("sigint", "fresh", NEW, tree, tmp_path / "scratch"):
        assert (step["code"], step["as_first"]) in [(130, True), (0, False)], step
        assert ("interrupted; " in step["said"]) == (step["code"] == 130)
        assert ("done: " in step["said"]) == (step["code"] == 0)


@pytest.mark.slow
def test_interrupted_at_any_step_undo_takes_back_all_or_nothing(tree: Path, tmp_path: Path) -> None:
    for step in stop_at_each_step("sigint", "generated", UNDO, tree, tmp_path / "scratch"):
        assert (step["code"], step["as_first"]) in [(130, False), (0, True)], step
        assert step["untouched"] == (step["code"] == 130)


@pytest.mark.slow
def test_without_room_at_any_step_new_refuses_and_leaves_the_tree(
    tree: Path, tmp_path: Path
) -> None:
    steps = stop_at_each_step("enospc", "fresh", NEW, tree, tmp_path / "scratch")
    refused = [step for step in steps if step["code"] != 0]
    assert len(refused) > 15
    for step in refused:
        assert (step["code"], step["as_first"]) == (3, True), step
        assert "No space left on device" in step["said"] and "nothing was changed" in step["said"]
        assert "hint: df -h ." in step["said"] or "&& df -h .)" in step["said"]


@pytest.mark.slow
def test_hindered_at_any_step_undo_goes_on_with_the_next_command(
    tree: Path, tmp_path: Path
) -> None:
    for step in stop_at_each_step("enospc", "generated", UNDO, tree, tmp_path / "scratch"):
        assert step["code"] in (0, 3), step
        assert step["untouched"] or step["as_first"] or step["first_after_next"], step
