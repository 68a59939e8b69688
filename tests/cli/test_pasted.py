"""Hints of each shape, pasted into a shell where the command was typed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.command import Ran, scaffold
from support.tinykit import DEMO_KIT
from support.tree import snapshot, write_files

SHELLS = [name for name in ("sh", "bash", "zsh") if shutil.which(name)]
NEW = ["new", "--gap", "prices"]


def pasted(hint: str, where: Path, shell: str = "sh") -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [shell, "-c", hint],
        cwd=where,
        env={**os.environ, "EDITOR": "cat", "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def place(tree: Path, tmp_path: Path) -> Path:
    """The folder above a checkout whose name has a space and a quote."""
    return tree.rename(tmp_path / "it's mine")


def run(place: Path, *words: str, kit: Path = DEMO_KIT) -> Ran:
    return scaffold(*words, "--kit", kit, "-C", place.name, cwd=place.parent)


@pytest.mark.parametrize("shell", SHELLS)
def test_an_option_is_the_line_that_was_typed(place: Path, shell: str) -> None:
    write_files(place, {"tests/conftest.py": "def address():\n    return 1\n"})
    before = snapshot(place)
    done = run(place, *NEW, "--dry-run")
    assert done.code == 4
    again = pasted(done.pasted, place.parent, shell)
    assert (again.returncode, snapshot(place) == before) == (0, True), again.stderr


def test_a_value_that_does_not_fit_is_replaced(place: Path) -> None:
    typed = [*NEW, "--set", "prices_currency=pence", "--set", "prices_heavyest=7"]
    done = run(place, *typed)
    assert "prices_heavyest" not in done.pasted and "prices_currency=pence" in done.pasted
    again = pasted(done.pasted, place.parent)
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_a_file_to_correct_is_opened_by_the_editor(place: Path, tmp_path: Path, shell: str) -> None:
    kit = Path(shutil.copytree(DEMO_KIT, tmp_path / "a kit"))
    broken = kit / "templates" / "labels" / "gap.toml"
    broken.write_text("slug = [")
    done = run(place, "status", kit=kit)
    assert done.code == 9
    opened = pasted(done.pasted, place.parent, shell)
    assert (opened.returncode, opened.stdout) == (0, "slug = ["), opened.stderr


def test_a_template_that_fails_is_opened(place: Path, tmp_path: Path) -> None:
    kit = Path(shutil.copytree(DEMO_KIT, tmp_path / "a kit"))
    for template in (kit / "templates" / "prices" / "files").rglob("*.jinja"):
        template.write_text("{{ nothing.of.it }}[[ nothing ]]")
    done = run(place, *NEW, kit=kit)
    assert done.code == 9
    opened = pasted(done.pasted, place.parent)
    assert (opened.returncode, opened.stdout[:3]) == (0, "{{ "), done.pasted


def test_a_damaged_record_is_shown_by_a_command_that_reads_and_moved_by_one_that_writes(
    place: Path,
) -> None:
    assert run(place, *NEW).code == 0
    (place / ".scaffold" / "state.json").write_text("{")
    before = snapshot(place)
    done = run(place, "status")
    shown = pasted(done.pasted, place.parent)
    assert shown.stdout == "would be set aside: .scaffold/state.json\n", done.pasted
    assert snapshot(place) == before
    done = run(place, *NEW)
    moved = pasted(done.pasted, place.parent)
    assert moved.stdout.startswith("set aside: .scaffold/state.json -> "), done.pasted


def test_undo_is_shown_before_it_is_done(place: Path) -> None:
    assert run(place, "undo", "--dry-run").out == "nothing to undo\n"
    before = snapshot(place)
    assert run(place, *NEW).code == 0
    written = snapshot(place)
    shown = run(place, "undo", "--dry-run")
    assert shown.out.startswith("would be taken back: new prices"), shown
    assert "  tests/test_prices.py\n" in shown.out
    assert snapshot(place) == written
    write_files(place, {"tests/test_prices.py": "mine = 1\n"})
    refused = run(place, "undo", "--dry-run")
    assert refused.code == 4 and refused.hint.startswith("scaffold undo --force --dry-run")
    assert "would be taken back" in pasted(refused.pasted, place.parent).stdout
    assert pasted(run(place, "undo").pasted, place.parent).returncode == 0
    assert snapshot(place) == before


def test_what_is_in_the_way_is_named_by_ls(place: Path) -> None:
    (place / "tests" / "test_prices.py").symlink_to("test_package.py")
    done = run(place, *NEW)
    listed = pasted(done.pasted, place.parent)
    assert "test_prices.py -> test_package.py" in listed.stdout, done.pasted


@pytest.mark.parametrize("path", ["tests/test_prices.py", ".scaffold-edits/conftest.py"])
def test_a_template_that_renders_no_python_is_opened(
    place: Path, tmp_path: Path, path: str
) -> None:
    kit = Path(shutil.copytree(DEMO_KIT, tmp_path / "a kit"))
    template = kit / "templates" / "prices" / "files" / f"{path}.jinja"
    template = template if template.is_file() else template.with_suffix("")
    template.write_text("def (:\n")
    done = run(place, *NEW, kit=kit)
    assert done.code == 9
    opened = pasted(done.pasted, place.parent)
    assert (opened.returncode, opened.stdout) == (0, "def (:\n"), done.pasted
