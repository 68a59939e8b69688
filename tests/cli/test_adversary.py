"""A person works in the checkout at every step of `new`, `undo` and the taking back.

`make soak` does the same 50,000 times.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.moving import OLD, write_mover
from support.tinykit import DEMO_KIT
from support.tree import write_files


def run(module: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A program of tests/support: its children are forks, which are killed."""
    return subprocess.run(
        [sys.executable, "-m", module, *words],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=False,
    )


def rounds(count: int, seed: str, tmp_path: Path, *real: str | Path) -> None:
    """Each round ends with no byte of the person lost (see `support.adversary`)."""
    words = (str(count), seed, str(tmp_path / "x"), *map(str, real))
    done = run("support.adversary", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(rf"{count} rounds, (\d+) deeds, 0 broken", done.stdout)
    assert found is not None, done.stdout
    assert int(found[1]) > count // 3, "the person did too little to show anything"


@pytest.mark.slow
def test_no_byte_of_a_person_is_lost_at_any_step(tmp_path: Path) -> None:
    rounds(300, "ci", tmp_path)


@pytest.mark.slow
def test_no_byte_of_a_person_is_lost_by_the_real_commands(tree: Path, tmp_path: Path) -> None:
    (tree / "tests" / "conftest.py").write_text("import os\n")
    rounds(150, "ci", tmp_path, DEMO_KIT, tree)


@pytest.mark.slow
def test_no_byte_of_a_person_is_lost_in_a_move(tmp_path: Path) -> None:
    kit = write_mover(tmp_path / "kit", kind="gap")
    tree = write_files(tmp_path / "app", {"app.py": "x = 1\n", "tests/conftest.py": "", **OLD})
    rounds(60, "ci", tmp_path, kit, tree)


@pytest.mark.slow
def test_what_is_written_into_a_file_that_a_killed_run_moved_is_in_its_place_again(
    tmp_path: Path,
) -> None:
    done = run("support.held_open", str(tmp_path / "small"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[0]) > 100
