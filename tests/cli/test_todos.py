"""A test that is left to be written is a todo in whatever form a person leaves it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from support.command import scaffold
from support.tinykit import gap_toml, write_kit
from support.tree import write_files

FULL = "import pytest\nfrom app import x\n\n\ndef test_x():\n    assert x == 1\n"
DECLARED = """

class TestLater:
    @pytest.mark.parametrize("a", ["[b]", "::c"])
    def test_below_zero(self, a):
        pytest.skip("TODO: may x be negative?")
"""
LEFT = {
    "a mark": "@pytest.mark.skip(reason='TODO: y')\ndef test_y(): assert 0\n",
    "a mark with a condition": "@pytest.mark.skipif(True, reason='TODO: y')\ndef test_y(): pass\n",
    "a mark of a class": "@pytest.mark.skip('TODO: y')\nclass TestY:\n    def test_y(self): pass\n",
    "a mark of the module": "pytestmark = pytest.mark.skip('TODO: y')\n",
    "a mark of a case": "@pytest.mark.parametrize('a', [1, pytest.param(2, "
    "marks=pytest.mark.skip(reason='TODO: y'))])\ndef test_y(a): pass\n",
    "after another line": "def test_y():\n    y = x\n    pytest.skip(f'TODO: {y}')\n",
    "in a fixture": "@pytest.fixture\ndef y(): pytest.skip('TODO: y')\ndef test_y(y): pass\n",
    "as a stub": "def test_y():\n    pytest.skip('TODO: y')\n",
    "the name of a todo of the template": "class TestOther:\n    class TestLater:\n"
    "        def test_below_zero(self):\n            pytest.skip('TODO: y')\n",
}


def written(tmp_path: Path) -> tuple[Path, list[str]]:
    """A checkout with a gap whose template leaves a test to a person, and how commands name it."""
    app = write_files(tmp_path / "app", {"app.py": "x = 1\n"})
    files = {"row/gap.toml": gap_toml(), "row/files/test_a.py": FULL + DECLARED}
    where = ["--kit", str(write_kit(tmp_path / "kit", files)), "-C", str(app)]
    assert scaffold("new", "--all", *where).code == 0
    return app, where


@pytest.mark.slow
@pytest.mark.parametrize("form", LEFT)
def test_a_todo_that_a_person_leaves_is_one_in_every_form(form: str, tmp_path: Path) -> None:
    app, where = written(tmp_path)
    with (app / "test_a.py").open("a") as stream:
        stream.write(f"\n\n{LEFT[form]}")

    ran = scaffold("verify", "--python", sys.executable, "--json", *where)

    record = json.loads(ran.out)["outcomes"][0]
    assert (ran.code, record["verdict"], record["todo_file"]) == (6, "todo", "test_a.py")
    assert scaffold("status", "--fail-on", "todo", *where).code == 8


@pytest.mark.slow
def test_todos_of_the_template_are_counted_by_their_names(tmp_path: Path) -> None:
    app, where = written(tmp_path)
    with (app / "test_a.py").open("a") as stream:
        stream.write("\n\ndef test_y():\n    assert x\n")

    ran = scaffold("verify", "--python", sys.executable, "--json", *where)

    record = json.loads(ran.out)["outcomes"][0]
    assert (ran.code, record["verdict"], record["todo_file"]) == (0, "green", "test_a.py")
    assert (record["todo"], record["declared_todos"]) == (2, 2)


@pytest.mark.slow
def test_the_hint_for_a_todo_is_what_ends_it(tmp_path: Path) -> None:
    app, where = written(tmp_path)
    with (app / "test_a.py").open("a") as stream:
        stream.write(f"\n\n{LEFT['as a stub']}")
    refused = scaffold("verify", "--python", sys.executable, *where)
    gated = scaffold("status", "--fail-on", "todo", *where)
    assert refused.hint == "${EDITOR:-vi} test_a.py"
    assert gated.hint == "scaffold verify row"

    stubs = write_files(tmp_path / "stubs", {"app.py": "x = 1\n"})
    where = [*where[:2], "-C", str(stubs)]
    assert scaffold("new", "--all", "--stubs", *where).code == 0
    refused = scaffold("verify", "--python", sys.executable, *where)
    assert (refused.code, refused.hint) == (6, "scaffold new --gap row")
