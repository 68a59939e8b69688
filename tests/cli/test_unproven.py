"""A row whose proof is not complete: by name it is written, in bulk it is left out and told."""

from __future__ import annotations

from pathlib import Path

from support.command import scaffold
from support.tinykit import gap_toml, write_kit
from support.tree import write_files


def test_an_unproven_row_is_written_only_when_it_is_named(tmp_path: Path) -> None:
    templates = {
        "early/gap.toml": gap_toml(state="unproven"),
        "early/files/test_app.py": "def test_app():\n    assert 1 < 2\n",
    }
    kit = write_kit(tmp_path / "kit", templates)
    tree = write_files(tmp_path / "tree", {"app.py": "A = 1\n"})
    bulk = scaffold("new", "--all", "--kit", kit, "-C", tree)
    assert bulk.code == 0, bulk.err
    assert "left out: early: not proved on every commit yet" in bulk.out
    assert "scaffold new --gap early" in bulk.out
    assert not (tree / ".scaffold").exists()
    named = scaffold("new", "--gap", "early", "--kit", kit, "-C", tree)
    assert named.code == 0, named.err
    assert (tree / "test_app.py").is_file()
