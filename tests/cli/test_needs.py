"""A gap whose proof needs what this machine lacks: told before anything is run, exit 7."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.command import scaffold
from support.tinykit import gap_toml, write_kit
from support.tree import snapshot, write_files

RED = "def test_app():\n    raise SystemError('it ran')\n"
QUERN = {
    "name": "Quern",
    "program": "quern-of-these-tests",
    "places": ["/nonexistent/*/bin"],
    "least": "12",
    "hint": "apt-get install quern",
}
FACT = "there is no 'quern-of-these-tests' on the PATH or in /nonexistent/*/bin"


@pytest.fixture
def needy(tmp_path: Path) -> Path:
    """A kit of one row that needs a program which nobody has."""
    row = {"gap.toml": gap_toml(needs=[QUERN]), "questions.yml": "", "files/test_app.py": RED}
    return write_kit(tmp_path / "kit", {f"mill/{name}": text for name, text in row.items()})


@pytest.fixture
def app_tree(tmp_path: Path) -> Path:
    """The code base of a tiny kit."""
    return write_files(tmp_path / "tree", {"app.py": "A = 1\n"})


def test_verify_says_what_is_missing_before_it_runs_anything(needy: Path, app_tree: Path) -> None:
    where = ["--kit", str(needy), "-C", str(app_tree)]
    assert scaffold("new", "--gap", "mill", *where).code == 0
    before = snapshot(app_tree)
    done = scaffold("verify", "mill", "--python", sys.executable, *where)
    assert (done.code, done.hint) == (7, "apt-get install quern")
    assert done.fact == f"'mill' is proved with Quern 12 or newer: {FACT}"
    assert "red" not in done.out + done.err
    assert snapshot(app_tree) == before


def test_doctor_lists_it_with_the_gap_that_wants_it(needy: Path, app_tree: Path) -> None:
    done = scaffold("doctor", "--kit", needy, "-C", app_tree)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    told = f"missing  Quern: Quern 12 or newer is wanted, and {FACT}; it proves mill"
    assert lines[lines.index(told) + 1] == "         get it with: apt-get install quern"


@pytest.mark.parametrize(
    ("need", "fact"),
    [
        ({"name": "Quern", "program": "quern"}, "hint"),
        ({**QUERN, "at_least": "12"}, "at_least"),
        ("quern", "needs"),
    ],
)
def test_a_need_that_is_written_wrongly_is_a_broken_kit(
    needy: Path, app_tree: Path, need: object, fact: str
) -> None:
    (needy / "templates/mill/gap.toml").write_text(gap_toml(needs=[need]))
    done = scaffold("new", "--gap", "mill", "--kit", needy, "-C", app_tree)
    assert done.code == 9
    assert "templates/mill/gap.toml" in done.fact and fact in done.fact
