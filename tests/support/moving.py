"""A kit of one row that moves files, and what it moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.tinykit import gap_toml, write_kit

OLD: dict[str, str | bytes] = {
    "old/run.sh": "#!/bin/sh\r\nexit 0",
    "old/deep/er/data.bin": b"\0\xff\n",
    "old/conftest.py": "import os\n\n\ndef there() -> str:\n    return os.sep\n",
    "e2e/config_a.yaml": "a: 1\n",
    "e2e/config_b.yaml": "b: 2\n",
    "e2e/test_old.py": "def test_old() -> None:\n    pass\n",
    "e2e/README": "stays\n",
}
MOVES = [
    {"from": "old/run.sh", "to": "bin/start.sh", "note": "for both suites"},
    {"from": "old", "to": "tests/new"},
    {"from": "e2e/config_*.yaml", "to": "tests/configs"},
]
PLACES = {
    "old/run.sh": "bin/start.sh",
    "old/deep/er/data.bin": "tests/new/deep/er/data.bin",
    "old/conftest.py": "tests/new/conftest.py",
    "e2e/config_a.yaml": "tests/configs/config_a.yaml",
    "e2e/config_b.yaml": "tests/configs/config_b.yaml",
}
EDIT = {"kind": "python", "path": "tests/new/conftest.py", "payload": "conftest.py"}


def write_mover(root: Path, **changes: Any) -> Path:
    """A kit of one row that moves, deletes, edits what it moved, and writes a file."""
    row = {"kind": "proposal", "moves": MOVES, "removes": [{"path": "e2e/test_*.py"}]}
    payload = "import sys\n\n\ndef here() -> str:\n    return sys.platform\n"
    files = {
        "mover/gap.toml": gap_toml(**{**row, "edits": [EDIT], **changes}),
        "mover/files/tests/test_new.py": "def test_new() -> None:\n    assert True\n",
        "mover/files/.scaffold-edits/conftest.py": payload,
    }
    return write_kit(root, files)
