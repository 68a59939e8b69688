"""What was compiled from another text of a source is not what is proved."""

from __future__ import annotations

import importlib.util
import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

from support.command import Ran, scaffold
from support.tinykit import DEMO_KIT

SOURCE = Path("parcels") / "prices.py"
TESTS = Path("tests") / "test_prices.py"
WRITTEN = 1_767_261_600
"""A second in which a file is written, run and written again."""


def verify(tree: Path) -> Ran:
    return scaffold("verify", "prices", "--python", sys.executable, "--kit", DEMO_KIT, "-C", tree)


@pytest.fixture
def written(tree: Path) -> Path:
    assert scaffold("new", "--gap", "prices", "--kit", DEMO_KIT, "-C", tree).code == 0
    return tree


def changed(place: Path, old: str, new: str) -> None:
    """Put the new text in place of the old one, of the same length and in the same second."""
    assert len(old) == len(new)
    text = place.read_text()
    assert old in text
    place.write_text(text.replace(old, new, 1))
    os.utime(place, (WRITTEN, WRITTEN))


def run_bare(tree: Path) -> None:
    """The tests as a person runs them, who keeps bytecode."""
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    subprocess.run(words, cwd=tree, env=env, check=True, capture_output=True)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [(SOURCE, "(500, 290)", "(500, 295)"), (TESTS, "(1, 290)", "(1, 299)")],
    ids=["source", "tests"],
)
def test_an_edit_of_the_same_length_and_second_is_seen(
    written: Path, path: Path, old: str, new: str
) -> None:
    place = written / path
    os.utime(place, (WRITTEN, WRITTEN))
    run_bare(written)
    changed(place, old, new)
    assert verify(written).code == 6


def test_bytecode_that_asks_not_to_be_compared_is_not_read(written: Path, tmp_path: Path) -> None:
    good = tmp_path / "good.py"
    good.write_bytes((written / SOURCE).read_bytes())
    changed(written / SOURCE, "(500, 290)", "(500, 295)")
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    planted = importlib.util.cache_from_source(str(written / SOURCE))
    py_compile.compile(str(good), cfile=planted, invalidation_mode=unchecked)
    assert verify(written).code == 6
