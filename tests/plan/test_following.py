"""Edits of a file that another gap moves or deletes: in any order the tree is the same."""

from __future__ import annotations

import shutil
from itertools import permutations
from pathlib import Path

import pytest

from scaffold import workflow
from scaffold.checkout import journal
from scaffold.checkout.find import Checkout, open_checkout
from scaffold.checkout.state import read_state
from scaffold.kit.catalog import Kit, load_kit
from scaffold.plan.changes import Action
from scaffold.plan.model import Plan, Request
from support.moving import OLD, write_mover
from support.tinykit import gap_toml
from support.tree import snapshot, write_files

EDITS = [
    {"kind": "python", "path": "old/conftest.py", "payload": "conftest.py"},
    {"kind": "python", "path": "e2e/test_old.py", "payload": "conftest.py"},
]
PAYLOAD = "def beside() -> str:\n    return 'beside'\n"


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    """A row that moves and deletes, and one whose edits name the places before."""
    root = write_mover(tmp_path / "kit")
    files = {
        "gap.toml": gap_toml(kind="proposal", edits=EDITS),
        "files/tests/test_user.py": "def test_user() -> None:\n    assert True\n",
        "files/.scaffold-edits/conftest.py": PAYLOAD,
    }
    write_files(root / "templates" / "user", files)
    return load_kit(root)


@pytest.fixture
def checkout(tmp_path: Path, kit: Kit) -> Checkout:
    """A checkout with the files before they move."""
    return open_checkout(write_files(tmp_path / "app", {"app.py": "x = 1\n", **OLD}), kit)


def plan(kit: Kit, checkout: Checkout, *slugs: str) -> Plan:
    """The plan of some rows."""
    gaps = tuple(gap for gap in kit.gaps.values() if gap.slug in slugs)
    request = Request(gaps, {}, frozenset(slugs))
    return workflow.plan_new(kit, checkout, request, {}, lambda line: None)


def without_state(root: Path) -> dict[str, tuple[object, ...]]:
    """The tree without what is remembered of it."""
    return {
        path: found
        for path, found in snapshot(root).items()
        if not path.startswith(".scaffold") and found[0] != "folder"
    }


@pytest.mark.parametrize("order", [*permutations(["mover", "user"]), None], ids=str)
def test_an_edit_goes_to_where_its_file_moved(
    kit: Kit, checkout: Checkout, order: tuple[str, ...] | None
) -> None:
    before = snapshot(checkout.root)
    for slugs in [(one,) for one in order] if order else [("mover", "user")]:
        workflow.apply(plan(kit, checkout, *slugs))
    after = without_state(checkout.root)
    text = (checkout.root / "tests/new/conftest.py").read_text()
    assert all(f"def {name}" in text for name in ("there", "here", "beside"))
    assert not {"old/conftest.py", "e2e/test_old.py"} & after.keys()
    again = plan(kit, checkout, "mover", "user")
    assert {change.action for change in again.changes} == {Action.SAME}
    assert {one.state for one in workflow.statuses(kit, checkout)} == {"generated"}
    edits = read_state(checkout.root, kit.name).gaps["user"].edits
    assert [edit.path for edit in edits] == ["tests/new/conftest.py"]
    for _ in order or "one":
        journal.undo(checkout.root)
        if not order:
            break
    assert snapshot(checkout.root) == before


def test_an_edit_stays_where_a_person_put_the_file_back(kit: Kit, checkout: Checkout) -> None:
    workflow.apply(plan(kit, checkout, "mover"))
    (checkout.root / "old").mkdir()
    (checkout.root / "old/conftest.py").write_text("mine = 1\n")
    workflow.apply(plan(kit, checkout, "user"))
    assert "beside" in (checkout.root / "old/conftest.py").read_text()
    assert "beside" not in (checkout.root / "tests/new/conftest.py").read_text()


@pytest.mark.parametrize("slug", ["mover", "user"])
def test_a_row_without_its_record_is_recognised_by_what_it_left(
    kit: Kit, checkout: Checkout, slug: str
) -> None:
    workflow.apply(plan(kit, checkout, "mover", "user"))
    shutil.rmtree(checkout.root / ".scaffold")  # as in a clone
    again = plan(kit, checkout, slug)
    assert {change.action for change in again.changes} == {Action.SAME}
