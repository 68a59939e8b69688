"""Files of a checkout that a gap deletes: guarded, remembered, and brought back by undo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scaffold import workflow
from scaffold.checkout import journal
from scaffold.checkout.find import Checkout, open_checkout
from scaffold.checkout.state import read_state
from scaffold.edits.conflicts import OnConflict
from scaffold.errors import ConflictError, UsageError
from scaffold.kit.catalog import Kit, load_kit
from scaffold.kit.selection import select
from scaffold.plan.changes import Action, Change
from scaffold.plan.model import Plan, Request
from support.tinykit import gap_toml, write_kit
from support.tree import snapshot, write_files

OLD = "test_old.py"
HOLDS = "def helper():\r\n    return 1\r\n\r\n\r\ndef test_old():\r\n    assert helper()\r\n"
MORE = HOLDS + "\r\n\r\ndef test_more():\r\n    pass\r\n"
REMOVAL = {"path": OLD, "holds": ["helper", "test_old"], "note": "moved to tests/"}


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    """One row that writes tests/test_new.py and deletes test_old.py."""
    files = {
        "mover/gap.toml": gap_toml(kind="proposal", removes=[REMOVAL]),
        "mover/files/tests/test_new.py": "def test_new() -> None:\n    assert True\n",
    }
    return load_kit(write_kit(tmp_path / "kit", files))


@pytest.fixture
def checkout(tmp_path: Path, kit: Kit) -> Checkout:
    """A checkout in which the file to delete is there, executable and with CRLF."""
    root = write_files(tmp_path / "app", {"app.py": "x = 1\n", OLD: HOLDS})
    (root / OLD).chmod(0o755)
    return open_checkout(root, kit)


def plan(kit: Kit, checkout: Checkout, *, bulk: bool = False, **how: Any) -> Plan:
    """The plan of the row, by name or in bulk."""
    names = () if bulk else ("mover",)
    gaps = select(kit, slugs=names, everything=bulk, kind="proposal")
    request = Request(tuple(gaps), {}, frozenset(names), **how)
    return workflow.plan_new(kit, checkout, request, {}, lambda line: None)


def change(made: Plan) -> Change | None:
    """What becomes of the file to delete."""
    return next((item for item in made.changes if item.path == OLD), None)


def test_the_file_goes_and_comes_back_byte_for_byte(kit: Kit, checkout: Checkout) -> None:
    before = snapshot(checkout.root)
    made = plan(kit, checkout)
    assert made.deletes == (OLD,)
    told = change(made)
    assert told is not None and (told.action, told.note) == (Action.DELETE, "moved to tests/")
    workflow.apply(made)
    assert not (checkout.root / OLD).exists()
    journal.undo(checkout.root)
    assert snapshot(checkout.root) == before


def test_the_second_time_changes_nothing(kit: Kit, checkout: Checkout) -> None:
    workflow.apply(plan(kit, checkout))
    assert read_state(checkout.root, "tiny").gaps["mover"].removed.keys() == {OLD}
    again = plan(kit, checkout)
    told = change(again)
    assert told is not None and told.action is Action.SAME
    assert (again.writes, again.deletes) == ((), ())


def test_a_file_that_holds_more_than_is_replaced_stays(kit: Kit, checkout: Checkout) -> None:
    write_files(checkout.root, {OLD: MORE})
    for how in (OnConflict.REFUSE, OnConflict.SKIP, OnConflict.MERGE):
        with pytest.raises(ConflictError, match="holds more than is replaced: test_more"):
            plan(kit, checkout, on_conflict=how)
    assert plan(kit, checkout, on_conflict=OnConflict.OVERWRITE).deletes == (OLD,)


def test_a_file_that_is_not_there_is_no_error_and_not_mentioned(
    kit: Kit, checkout: Checkout
) -> None:
    (checkout.root / OLD).unlink()
    made = plan(kit, checkout)
    assert (change(made), made.deletes) == (None, ())
    workflow.apply(made)
    assert read_state(checkout.root, "tiny").gaps["mover"].removed == {}


def test_a_file_that_a_person_put_back_is_theirs(kit: Kit, checkout: Checkout) -> None:
    workflow.apply(plan(kit, checkout))
    write_files(checkout.root, {OLD: HOLDS})
    made = plan(kit, checkout)
    told = change(made)
    assert told is not None and told.action is Action.KEPT
    assert made.writes == ()
    (status,) = workflow.statuses(kit, checkout)
    assert (status.state, status.note) == ("edited", f"edited: {OLD}")
    assert plan(kit, checkout, on_conflict=OnConflict.OVERWRITE).deletes == (OLD,)


def test_todos_never_take_the_place_of_tests(kit: Kit, checkout: Checkout) -> None:
    with pytest.raises(UsageError, match="'mover' takes the place of tests that are there"):
        plan(kit, checkout, stubs=True)
    made = plan(kit, checkout, bulk=True, stubs=True)
    assert (made.changes, made.writes) == ((), ())
    assert "takes the place of tests" in made.skipped[0].reason
