"""Trees made of released versions of planoai, from the package index, kept below .cache/."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "releases"
PYPROJECT = '[project]\nname = "planoai"\nversion = "0"\n'
AVAILABLE = re.compile(r"^Available versions: (.+)$", re.MULTILINE)


def release_tree(version: str, place: Path) -> Path:
    """A partial checkout: the released package below cli/, its pyproject.toml, and config/."""
    package = place / "cli"
    package.mkdir(parents=True)
    with zipfile.ZipFile(released_wheel(version)) as wheel:
        names = [name for name in wheel.namelist() if ".dist-info/" not in name]
        wheel.extractall(package, names)
    (package / "pyproject.toml").write_text(PYPROJECT)
    (place / "config").mkdir()
    return place


def released_wheel(version: str) -> Path:
    """The wheel of a release, downloaded once."""
    kept = CACHE / f"planoai-{version}.whl"
    if not kept.is_file():
        # Several may ask at once: each downloads for itself, and the last one wins.
        part = CACHE / f"{version}.{os.getpid()}.part"
        argv = ["download", "-q", "--no-deps", "--only-binary", ":all:", "-d", str(part)]
        subprocess.run([sys.executable, "-m", "pip", *argv, f"planoai=={version}"], check=True)
        next(part.glob("*.whl")).replace(kept)
        shutil.rmtree(part)
    return kept


def released_versions() -> list[str]:
    """Every release that the index has, oldest first."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "index", "versions", "planoai"],
        check=True,
        capture_output=True,
        text=True,
    )
    return versions_of(done.stdout)


def versions_of(listing: str) -> list[str]:
    """The versions in what `pip index versions` prints, oldest first."""
    found = AVAILABLE.search(listing)
    return found[1].split(", ")[::-1] if found else []
