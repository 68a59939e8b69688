"""A run that may open few files: no file is to blame, and what was begun is taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.command import Ran, scaffold, started
from support.tinykit import DEMO_KIT
from support.tree import snapshot

FEW = range(5, 13)
"""So many files may be open at once: an interpreter that starts needs four."""
MORE = 'ulimit -S -n "$(ulimit -H -n)"'


def run(tree: Path, *words: str) -> Ran:
    return scaffold(*words, "--kit", DEMO_KIT, "-C", tree)


def run_with(tree: Path, files: int, *words: str) -> Ran:
    """The same where only so many files may be open."""
    limited = ("sh", "-c", f'ulimit -S -n {files}; exec "$@"', "sh")
    return started(*words, "--kit", DEMO_KIT, "-C", tree, prefix=limited)


@pytest.mark.slow
@pytest.mark.parametrize("words", [("new", "--gap", "prices"), ("undo",), ("status",)])
def test_few_open_files_are_never_told_as_damage(tree: Path, words: tuple[str, ...]) -> None:
    empty = snapshot(tree)
    refused = 0
    for files in FEW:
        if words[0] != "new":
            assert run(tree, "new", "--gap", "prices").code == 0
        before = snapshot(tree)
        done = run_with(tree, files, *words)
        if done.code:
            refused += 1
            assert (done.code, done.hint) == (3, MORE), f"{files} files: {done.err}"
            assert "the system opens nothing more for this run" in done.fact
            # What was begun is taken back, by this run or by the next one.
            assert run(tree, "status").code == 0
            assert words[0] != "status" or snapshot(tree) == before
        while "nothing to undo" not in (undone := run(tree, "undo")).out:
            assert undone.code == 0, undone.err
        assert snapshot(tree) == empty, f"{files} files: {done.err}"
    assert refused or words[0] == "status", "the limit was never felt"
