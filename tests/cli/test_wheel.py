"""The wheel in an empty environment: kit and demo are in it, and the main job runs from there."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from support.rendering import ROOT
from support.tree import snapshot, write_files

pytestmark = pytest.mark.slow

APP = {
    "cli/planoai/__init__.py": "",
    "cli/planoai/docker_cli.py": "def docker_container_status(container):\n    return ''\n",
}


def run(*words: str | Path, cwd: Path) -> str:
    """What a program printed; it must end well."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [*map(str, words)], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this tree."""
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", out, ROOT, cwd=out)
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def scaffold(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, installed with what it needs from the index and nothing else."""
    place = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(place, with_pip=True)
    run(place / "bin" / "pip", "install", "-q", wheel, cwd=place)
    return place / "bin" / "scaffold"


def test_the_wheel_holds_the_whole_kit_and_the_demo(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    sources = {
        f"scaffold/_kit/{path.relative_to(ROOT).as_posix()}"
        for path in [ROOT / "copier.yml", *(ROOT / "templates").rglob("*")]
        if path.is_file() and "__pycache__" not in path.parts
    }
    demo = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src" / "scaffold" / "_demo").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert sources - names == set()
    assert "scaffold/_kit/kit-format.md" in names
    assert demo - names == set()
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests/")]


def test_the_demo_runs_from_the_wheel(scaffold: Path, tmp_path: Path) -> None:
    said = run(scaffold, "demo", tmp_path / "demo", cwd=tmp_path)
    assert "3 known defects" in said
    assert "The checkout is as it was, byte for byte." in said


def test_a_row_is_written_and_taken_back_from_the_wheel(scaffold: Path, tmp_path: Path) -> None:
    tree = write_files(tmp_path / "tree", APP)
    before = snapshot(tree)
    run(scaffold, "new", "--gap", "docker_cli", "-C", tree, cwd=tmp_path)
    first = (tree / "cli" / "test" / "test_docker_cli.py").read_text().splitlines()[0]
    assert first.startswith('"""The docker commands of planoai.docker_cli')
    generated = snapshot(tree)
    run(scaffold, "new", "--gap", "docker_cli", "-C", tree, cwd=tmp_path)
    assert snapshot(tree) == generated
    run(scaffold, "undo", "-C", tree, cwd=tmp_path)
    assert snapshot(tree) == before
