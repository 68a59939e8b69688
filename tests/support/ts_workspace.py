"""A small TypeScript workspace, installed from the registry once and kept in the cache."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
SOURCES = REPO / "tests" / "testdata" / "ts_workspace"
CACHE = REPO / ".cache" / "tests" / "typescript"
INSTALL_S = 300


def installed() -> Path:
    """The `node_modules` of the workspace; the test is skipped where it cannot be had."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed")
    lock = hashlib.sha256((SOURCES / "package-lock.json").read_bytes()).hexdigest()[:16]
    place = CACHE / lock
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not (place / "node_modules").is_dir():
            making = CACHE / "making"
            shutil.rmtree(making, ignore_errors=True)
            shutil.copytree(SOURCES, making)
            argv = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(
                argv, cwd=making, capture_output=True, text=True, timeout=INSTALL_S, check=False
            )
            if done.returncode != 0:
                pytest.skip(f"the workspace cannot be installed: {done.stderr[-300:]}")
            making.rename(place)
    return place / "node_modules"


def make_checkout(place: Path) -> Path:
    """The workspace as a checkout, its packages as hard links."""
    modules = installed()
    shutil.copytree(SOURCES, place, dirs_exist_ok=True)
    if not (place / "node_modules").exists():
        shutil.copytree(modules, place / "node_modules", copy_function=os.link, symlinks=True)
    return place
