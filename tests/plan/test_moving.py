"""Files of a checkout that a gap moves: shown, remembered, and brought back byte for byte."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from scaffold import workflow
from scaffold.checkout import journal
from scaffold.checkout.find import Checkout, open_checkout
from scaffold.checkout.state import read_state
from scaffold.edits.conflicts import OnConflict
from scaffold.errors import CheckoutError, ConflictError, KitError
from scaffold.kit.catalog import Kit, load_kit
from scaffold.plan.changes import Action, diff
from scaffold.plan.model import Plan, Request
from support.moving import EDIT, MOVES, OLD, PLACES, write_mover
from support.repositories import committed, git, with_author
from support.tree import snapshot, write_files


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    """The kit."""
    return load_kit(write_mover(tmp_path / "kit"))


@pytest.fixture
def checkout(tmp_path: Path, kit: Kit) -> Checkout:
    """A checkout with folders and a script of unusual permissions."""
    root = write_files(tmp_path / "app", {"app.py": "x = 1\n", **OLD})
    (root / "old/run.sh").chmod(0o751)
    (root / "old/deep/er").chmod(0o700)
    (root / "old").chmod(0o750)
    return open_checkout(root, kit)


def plan(kit: Kit, checkout: Checkout, **how: Any) -> Plan:
    """The plan of the row."""
    request = Request((kit.gap("mover"),), {}, frozenset({"mover"}), **how)
    return workflow.plan_new(kit, checkout, request, {}, lambda line: None)


def test_files_move_with_content_and_permissions_and_undo_gives_every_byte(
    kit: Kit, checkout: Checkout
) -> None:
    before = snapshot(checkout.root)
    made = plan(kit, checkout)
    assert {*made.moves} == {f"{old} -> {new}" for old, new in PLACES.items()}
    workflow.apply(made)
    after = snapshot(checkout.root)
    for old, new in PLACES.items():
        if new != EDIT["path"]:
            assert after[new] == before[old]
    assert after["tests/new/conftest.py"][2].startswith(b"import os\nimport sys\n")
    assert not {"old", "old/deep", "e2e/test_old.py", *PLACES} & after.keys()
    assert "e2e/README" in after
    journal.undo(checkout.root)
    assert snapshot(checkout.root) == before


def test_the_second_time_changes_nothing(kit: Kit, checkout: Checkout) -> None:
    workflow.apply(plan(kit, checkout))
    record = read_state(checkout.root, "tiny").gaps["mover"]
    assert (record.moved, [*record.removed]) == (PLACES, ["e2e/test_old.py"])
    again = plan(kit, checkout)
    assert (again.writes, again.moves, again.deletes) == ((), (), ())
    assert {change.action for change in again.changes} == {Action.SAME}
    (status,) = workflow.statuses(kit, checkout)
    assert status.state == "generated"


def test_the_diff_is_what_git_applies_as_renames(kit: Kit, checkout: Checkout) -> None:
    text = diff(plan(kit, checkout).changes)
    assert "similarity index 100%\nrename from old/run.sh\nrename to bin/start.sh\n" in text
    assert "rename from old/conftest.py\nrename to tests/new/conftest.py\n--- a/old/conf" in text
    root = checkout.root
    committed(root)
    applied = subprocess.run(
        ["git", "apply", "--index", "-"], cwd=root, input=text.encode(), capture_output=True
    )
    assert applied.returncode == 0, applied.stderr
    found = snapshot(root)
    git(root, "reset", "--hard", "-q")
    workflow.apply(plan(kit, checkout))
    written = snapshot(root)
    assert {path: one[2] for path, one in found.items() if one[0] == "file"} == {
        path: one[2]
        for path, one in written.items()
        if one[0] == "file" and not path.startswith(".scaffold")
    }


@pytest.mark.parametrize("how", [OnConflict.REFUSE, OnConflict.MERGE, OnConflict.MARKERS])
def test_a_file_in_the_new_place_is_a_conflict(
    kit: Kit, checkout: Checkout, how: OnConflict
) -> None:
    write_files(checkout.root, {"tests/configs/config_b.yaml": "mine\n"})
    before = snapshot(checkout.root)
    with pytest.raises(ConflictError, match=r"config_b\.yaml exists, and e2e/config_b\.yaml is"):
        plan(kit, checkout, on_conflict=how)
    assert snapshot(checkout.root) == before


def test_a_file_in_the_new_place_can_be_kept_or_overwritten(kit: Kit, checkout: Checkout) -> None:
    write_files(checkout.root, {"tests/configs/config_b.yaml": "mine\n"})
    before = snapshot(checkout.root)
    workflow.apply(plan(kit, checkout, on_conflict=OnConflict.SKIP))
    assert (checkout.root / "e2e/config_b.yaml").read_text() == "b: 2\n"
    assert (checkout.root / "tests/configs/config_b.yaml").read_text() == "mine\n"
    journal.undo(checkout.root)
    workflow.apply(plan(kit, checkout, on_conflict=OnConflict.OVERWRITE))
    assert (checkout.root / "tests/configs/config_b.yaml").read_text() == "b: 2\n"
    journal.undo(checkout.root)
    assert snapshot(checkout.root) == before


def test_an_edit_before_the_plan_goes_along_and_one_after_it_refuses(
    kit: Kit, checkout: Checkout
) -> None:
    write_files(checkout.root, {"e2e/config_a.yaml": "a: mine\n"})
    made = plan(kit, checkout)
    write_files(checkout.root, {"e2e/config_b.yaml": "b: mine\n"})
    before = snapshot(checkout.root)
    with pytest.raises(ConflictError, match=r"somebody changed e2e/config_b\.yaml"):
        workflow.apply(made)
    assert snapshot(checkout.root) == before
    workflow.apply(plan(kit, checkout))
    assert (checkout.root / "tests/configs/config_a.yaml").read_text() == "a: mine\n"
    assert (checkout.root / "tests/configs/config_b.yaml").read_text() == "b: mine\n"


def test_an_edit_in_the_new_place_is_never_lost_by_undo(kit: Kit, checkout: Checkout) -> None:
    workflow.apply(plan(kit, checkout))
    write_files(checkout.root, {"tests/configs/config_a.yaml": "a: mine\n"})
    with pytest.raises(ConflictError, match=r"edited since .*tests/configs/config_a\.yaml"):
        journal.undo(checkout.root)
    assert (checkout.root / "tests/configs/config_a.yaml").read_text() == "a: mine\n"


def test_what_a_person_puts_back_stays_and_what_they_add_moves(
    kit: Kit, checkout: Checkout
) -> None:
    workflow.apply(plan(kit, checkout))
    write_files(checkout.root, {"e2e/config_a.yaml": "back\n", "e2e/config_c.yaml": "later\n"})
    (status,) = workflow.statuses(kit, checkout)
    assert (status.state, status.note) == ("edited", "edited: e2e/config_a.yaml")
    made = plan(kit, checkout)
    assert made.moves == ("e2e/config_c.yaml -> tests/configs/config_c.yaml",)
    kept = [change.path for change in made.changes if change.action is Action.KEPT]
    assert kept == ["e2e/config_a.yaml"]
    (checkout.root / "bin/start.sh").unlink()
    (status,) = workflow.statuses(kit, checkout)
    assert status.note.endswith("deleted: bin/start.sh")


def test_what_a_tool_left_stays(kit: Kit, checkout: Checkout) -> None:
    write_files(checkout.root, {"old/__pycache__/x.pyc": b"x", "old/.venv/bin/python": b"x"})
    made = plan(kit, checkout)
    assert len(made.moves) == len(PLACES)
    workflow.apply(made)
    assert sorted(os.listdir(checkout.root / "old")) == [".venv", "__pycache__"]


@pytest.mark.parametrize("place", ["old/link.sh", "tests/new", "old/deep/er", "e2e"])
def test_a_link_on_the_way_is_refused(
    kit: Kit, checkout: Checkout, tmp_path: Path, place: str
) -> None:
    outside = write_files(tmp_path / "outside", {"secret": "theirs\n"})
    where = checkout.root / place
    where.rename(where.with_name("kept")) if where.exists() else where.parent.mkdir(exist_ok=True)
    where.symlink_to(outside)
    before = snapshot(checkout.root)
    with pytest.raises(CheckoutError, match=f"{place} is a symlink"):
        plan(kit, checkout)
    assert snapshot(checkout.root) == before


def test_a_folder_that_somebody_fills_meanwhile_stays(kit: Kit, checkout: Checkout) -> None:
    made = plan(kit, checkout)
    write_files(checkout.root, {"old/deep/er/mine.txt": "mine\n"})
    before = snapshot(checkout.root)
    workflow.apply(made)
    assert (checkout.root / "old/deep/er/mine.txt").read_text() == "mine\n"
    journal.undo(checkout.root)
    assert snapshot(checkout.root) == before


def test_a_commit_holds_both_places_and_git_sees_renames(kit: Kit, checkout: Checkout) -> None:
    from scaffold.system.git.repository import Repository

    committed(checkout.root)
    with_author(checkout.root)
    made = plan(kit, checkout)
    workflow.apply(made)
    paths = [path for change in made.changes for path in change.places]
    Repository(checkout.root).commit(paths, "Move", "mover")
    shown = git(checkout.root, "show", "--name-status", "--format=", "-M", "HEAD")
    assert "R100\told/run.sh\tbin/start.sh" in shown
    assert git(checkout.root, "status", "--porcelain").strip() in ("", "?? .scaffold/")


BROKEN = {
    "pattern in a folder": ({"from": "o*d/x", "to": "new"}, "only the last part"),
    "pattern as a place": ({"from": "old", "to": "n*w"}, "so it is not a place"),
    "into itself": ({"from": "own", "to": "own/new"}, "lie in each other"),
    "out of itself": ({"from": "old/new", "to": "old"}, "lie in each other"),
    "the same": ({"from": "own", "to": "own"}, "lie in each other"),
    "of a file": ({"from": "x", "to": "tests/test_new.py"}, "is the place of another file"),
    "over another": ({"from": "x", "to": "bin/start.sh"}, "is the place of another file"),
    "twice": ({"from": "old", "to": "elsewhere"}, "is moved twice"),
    "in a chain": ({"from": "x", "to": "old/x"}, "which this gap moves or deletes"),
    "to be deleted": ({"from": "x", "to": "e2e/test_x.py"}, "which this gap moves or deletes"),
    "unknown key": ({"from": "x", "into": "y"}, "unknown key 'moves\\[4\\].into'"),
    "outside": ({"from": "x", "to": "../y"}, "is not a place inside the checkout"),
    "state": ({"from": ".scaffold", "to": "y"}, "is not a place inside the checkout"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_move_that_does_not_fit_is_refused_with_its_line(tmp_path: Path, fault: str) -> None:
    move, fact = BROKEN[fault]
    root = write_mover(tmp_path / "kit", moves=[*MOVES, move])
    with pytest.raises(KitError, match=rf"mover/gap\.toml:\d+: .*{fact}"):
        load_kit(root)


SCRIPT = "cd old && ./run.sh  # older stays\n"
GUIDE = "see ../e2e/config_a.yaml and [it](../old/deep)\n"


@pytest.fixture
def named(checkout: Checkout) -> Checkout:
    """The checkout with references that no edit is about."""
    write_files(
        checkout.root, {"run.sh": SCRIPT, "docs/guide.md": GUIDE, "e2e/README": "test_old.py\n"}
    )
    return checkout


def test_a_reference_that_no_edit_is_about_refuses_the_plan(kit: Kit, named: Checkout) -> None:
    before = snapshot(named.root)
    with pytest.raises(ConflictError) as caught:
        plan(kit, named)
    for fact in (
        "docs/guide.md:1 names e2e/config_a.yaml",
        "docs/guide.md:1 names ../old",
        "e2e/README:1 names test_old.py",
        "run.sh:1 names old",
    ):
        assert fact in caught.value.fact
    assert caught.value.hint.endswith("--on-conflict merge")
    assert snapshot(named.root) == before


def test_references_follow_on_request_and_come_back(kit: Kit, named: Checkout) -> None:
    before = snapshot(named.root)
    made = plan(kit, named, on_conflict=OnConflict.MERGE)
    assert [item.reason for item in made.skipped] == ["e2e/README:1 names test_old.py still"]
    workflow.apply(made)
    read = {path: (named.root / path).read_text() for path in ("run.sh", "docs/guide.md")}
    assert read["run.sh"] == "cd tests/new && ./run.sh  # older stays\n"
    assert read["docs/guide.md"] == (
        "see ../tests/configs/config_a.yaml and [it](../tests/new/deep)\n"
    )
    again = plan(kit, named)
    assert again.writes == ()
    record = read_state(named.root, "tiny").gaps["mover"]
    assert {"run.sh", "docs/guide.md"} <= {edit.path for edit in record.edits}
    write_files(named.root, {"run.sh": SCRIPT})
    (status,) = workflow.statuses(kit, named)
    assert status.note == "edited: run.sh (old -> tests/new)"
    write_files(named.root, {"run.sh": read["run.sh"]})
    journal.undo(named.root)
    assert snapshot(named.root) == before


def test_references_that_are_left_are_named(kit: Kit, named: Checkout) -> None:
    made = plan(kit, named, on_conflict=OnConflict.SKIP)
    assert len(made.skipped) == 4
    workflow.apply(made)
    assert (named.root / "run.sh").read_text() == SCRIPT
