"""`scaffold demo`: the main job on a miniature checkout, and the first tree again at its end."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from support.command import started
from support.tinykit import DEMO
from support.tree import snapshot


@pytest.mark.slow
def test_the_demo_runs_the_main_job_and_shows_every_command(tree: Path, tmp_path: Path) -> None:
    place = tmp_path / "demo"
    done = started("demo", place)
    assert done.code == 0, done.err
    assert re.findall(r"^\$ (.*)$", done.out, re.MULTILINE) == [
        f"export SCAFFOLD_KIT={DEMO / 'kit'}",
        f"cd {place}",
        "scaffold list --all-rows",
        "scaffold new --priority P0 --priority P1 --yes",
        "scaffold status",
        f"scaffold verify --mutants 20 --python {sys.executable}",
        "scaffold new --priority P0 --priority P1 --yes",
        "scaffold undo",
    ]
    for told in (
        "P0        prices    python    ready",
        "done: 4 created",
        "left out: tracking: its targets are not in this checkout",
        "prices: green (23 tests: 20 passed, 3 known defects",
        "parcels/prices.py: 100 % of its lines, 20/20 mutants killed",
        "parcels/labels.py: 100 % of its lines, 20/20 mutants killed",
        "4 the same; nothing to do",
        "taken back: new prices labels (4 files)",
        "The checkout is as it was, byte for byte.",
        "scaffold new -C DIR",
    ):
        assert told in done.out
    assert snapshot(place) == snapshot(tree)


def test_a_folder_that_is_not_empty_is_refused_and_left(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    before = snapshot(tmp_path)
    for place in (tmp_path, tmp_path / "mine.txt"):
        done = started("demo", place)
        assert (done.code, done.fact) == (4, f"{place} is not an empty folder; nothing was written")
        assert done.hint.startswith("scaffold demo")
    assert snapshot(tmp_path) == before


def test_a_folder_that_cannot_be_made_is_refused() -> None:
    done = started("demo", "/proc/none")
    assert (done.code, done.fact) == (3, "/proc/none cannot be made: No such file or directory")
