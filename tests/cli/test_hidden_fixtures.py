"""A person's fixture that one of ours would hide from the tests that use it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.command import Ran, scaffold
from support.tinykit import DEMO_KIT
from support.tree import snapshot, write_files

BARE = "import pytest\n\n\n@pytest.fixture\ndef parcel():\n    return 'mine'\n"
NAMED = "import pytest\n\n\n@pytest.fixture(name='parcel')\ndef _mine():\n    return 'mine'\n"


def new(tree: Path, *more: str) -> Ran:
    return scaffold("new", "--gap", "prices", "--kit", DEMO_KIT, "-C", tree, *more)


def fixture_of(tree: Path) -> str:
    """A fixture that the row puts into the tests' conftest.py."""
    assert new(tree).code == 0
    text = (tree / "tests" / "conftest.py").read_text()
    assert scaffold("undo", "--kit", DEMO_KIT, "-C", tree).code == 0
    return text.partition("@pytest.fixture\ndef ")[2].partition("(")[0]


@pytest.mark.parametrize(
    ("path", "text"), [("conftest.py", BARE), ("conftest.py", NAMED), ("tests/conftest.py", NAMED)]
)
def test_a_fixture_of_a_person_is_not_hidden_unseen(tree: Path, path: str, text: str) -> None:
    name = fixture_of(tree)
    write_files(tree, {path: text.replace("parcel", name)})
    before = snapshot(tree)

    done = new(tree)

    assert done.code == 4
    assert f"{path}:5: the fixture '{name}' is there already" in done.fact
    assert done.hint == "scaffold new --gap prices --on-conflict skip"
    assert snapshot(tree) == before


def test_skip_leaves_ours_out_and_overwrite_puts_it_in(tree: Path) -> None:
    name = fixture_of(tree)
    write_files(tree, {"conftest.py": BARE.replace("parcel", name)})
    assert new(tree, "--on-conflict", "skip").code == 0
    ours = tree / "tests" / "conftest.py"
    assert not ours.exists() or f"def {name}(" not in ours.read_text()
    assert scaffold("undo", "--kit", DEMO_KIT, "-C", tree).code == 0

    assert new(tree, "--on-conflict", "overwrite").code == 0

    assert f"def {name}(" in ours.read_text()
    assert new(tree).code == 0, "what is ours already is no conflict"


@pytest.mark.parametrize("text", ["def broken(:\n", "# \xe9\n"])
def test_an_unreadable_conftest_above_is_in_nobodys_way(tree: Path, text: str) -> None:
    (tree / "conftest.py").write_bytes(text.encode("latin-1"))
    assert new(tree).code == 0


def test_a_constant_of_the_name_is_not_called_a_fixture(tree: Path) -> None:
    name = fixture_of(tree)
    write_files(tree, {"tests/conftest.py": f"{name} = 1\n"})
    done = new(tree)
    assert done.code == 4
    assert f"the name '{name}' is there already" in done.fact
    # Without the fixture the tests are red, and the reason names it.
    assert new(tree, "--on-conflict", "skip").code == 0
    proved = scaffold("verify", "prices", "--kit", DEMO_KIT, "-C", tree, "--python", sys.executable)
    assert proved.code == 6
    assert f"fixture '{name}' not found" in proved.out
