"""Trees made of released versions of planoai, from the package index, kept below .cache/."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "releases"
PYPROJECT = '[project]\nname = "planoai"\nversion = "0"\n'


def release_tree(version: str, place: Path) -> Path:
    """A partial checkout: the released package below cli/, its pyproject.toml, and config/."""
    package = place / "cli"
    package.mkdir(parents=True)
    with zipfile.ZipFile(_wheel(version)) as wheel:
        names = [name for name in wheel.namelist() if name.startswith("planoai/")]
        wheel.extractall(package, names)
    (package / "pyproject.toml").write_text(PYPROJECT)
    (place / "config").mkdir()
    return place


def _wheel(version: str) -> Path:
    kept = CACHE / f"planoai-{version}.whl"
    if not kept.is_file():
        part = CACHE / f"{version}.part"
        argv = ["download", "-q", "--no-deps", "--only-binary", ":all:", "-d", str(part)]
        subprocess.run([sys.executable, "-m", "pip", *argv, f"planoai=={version}"], check=True)
        shutil.move(next(part.glob("*.whl")), kept)
        shutil.rmtree(part)
    return kept
