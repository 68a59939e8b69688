"""A small folder to copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.tree import write_files


@pytest.fixture
def small_tree(tmp_path: Path) -> Path:
    """A folder of two files and an empty folder."""
    root = write_files(tmp_path / "checkout", {"lib/app.py": "ONE = 1\n", "README.md": "Hello"})
    (root / "empty").mkdir()
    return root
