"""The Python rows on released versions of planoai: written, run, written again, taken back."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from release_trees import release_tree
from support.command import scaffold
from support.suite import run_suite
from support.tree import snapshot

pytestmark = pytest.mark.slow

# Both ends, the analysed one and the first after the great move; `make releases` has all of them.
RELEASES = ("0.4.1", "0.4.8", "0.4.15", "0.4.39")


@pytest.mark.parametrize("version", RELEASES)
def test_all_python_gaps_are_green_on_a_release_and_leave_no_trace(
    version: str, tmp_path: Path
) -> None:
    tree = release_tree(version, tmp_path / "tree")
    first = snapshot(tree)
    bulk = ("new", "--all", "--kind", "gap", "--language", "python", "-C", tree)
    written = scaffold(*bulk)
    assert written.code == 0, written.err
    done = run_suite(tree)
    assert done.returncode == 0, done.stdout[-3000:]
    second = snapshot(tree)
    assert scaffold(*bulk).code == 0
    assert snapshot(tree) == second
    assert scaffold("undo", "-C", tree).code == 0
    assert snapshot(tree) == first


@pytest.mark.parametrize("version", ["0.4.25", "0.4.39"])
def test_a_row_whose_target_is_gone_is_retired(version: str, tmp_path: Path) -> None:
    tree = release_tree(version, tmp_path / "tree")
    refused = scaffold("new", "--gap", "targets", "-C", tree)
    assert refused.code == 3
    assert "'targets' is retired here" in refused.fact
    bulk = scaffold("new", "--priority", "P1", "--dry-run", "-C", tree)
    assert bulk.code == 0
    assert "left out: targets: its targets are not in this checkout" in bulk.out


def test_the_proof_of_a_row_on_the_analysed_code(tmp_path: Path) -> None:
    tree = release_tree("0.4.8", tmp_path / "tree")
    assert scaffold("new", "--gap", "targets", "--gap", "docker_cli", "-C", tree).code == 0
    proved = scaffold("verify", "-C", tree, "--python", sys.executable, "--mutants", "40")
    assert proved.code == 0, proved.err
    assert "targets: green" in proved.out and "docker_cli: green" in proved.out
