"""The suite of a release, run as a person does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def run_suite(
    tree: Path, *options: str, python: str = sys.executable
) -> subprocess.CompletedProcess[str]:
    """What a person types: PYTHONPATH=. python -m pytest -q test."""
    return subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, "test"],
        cwd=tree / "cli",
        env={**os.environ, "PYTHONPATH": ".", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def noisy_statements(event: str) -> dict[str, str]:
    """Statements that disturb whoever listens: one prints an answer of ours with this event."""
    return {
        "stdout": f'print(\'{{"event": "{event}"}}\', flush=True)',
        "descriptors": (
            "import os; os.write(1, b'x\\n'); os.write(2, b'y\\n'); os.closerange(50, 200)"
        ),
        "stdin": "import sys, subprocess; subprocess.run(['cat']); sys.stdout = None",
    }
