"""The plan of a change: rendered, compared, merged into one. Nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scaffold import workflow
from scaffold.checkout.find import Checkout, open_checkout
from scaffold.checkout.state import read_state
from scaffold.edits.conflicts import OnConflict
from scaffold.errors import CheckoutError, ConflictError, KitError, UsageError
from scaffold.kit.catalog import Kit, load_kit, template_digest
from scaffold.kit.selection import select
from scaffold.plan.changes import Action
from scaffold.plan.make import content_digest
from scaffold.plan.model import Plan, Request
from support.tinykit import gap_toml, write_kit
from support.tree import snapshot, write_files


def plan(kit: Kit, checkout: Checkout, *slugs: str, **how: Any) -> Plan:
    """The plan of these rows by name, else of all in bulk."""
    gaps = select(kit, slugs=slugs) if slugs else select(kit, everything=True)
    request = Request(tuple(gaps), {}, frozenset(slugs), **how)
    return workflow.plan_new(kit, checkout, request, {}, lambda line: None)


def actions(made: Plan) -> dict[str, Action]:
    return {change.path: change.action for change in made.changes}


def test_a_plan_writes_nothing(checkout: Checkout, kit: Kit) -> None:
    before = snapshot(checkout.root)
    made = plan(kit, checkout)
    assert snapshot(checkout.root) == before
    assert set(actions(made).values()) == {Action.CREATE}
    assert made.label == "new prices labels"
    assert {item.gap for item in made.skipped} == {"tracking", "routes"}


def test_what_is_applied_is_planned_as_the_same(checkout: Checkout, kit: Kit) -> None:
    assert workflow.apply(plan(kit, checkout))
    again = plan(kit, checkout)
    assert set(actions(again).values()) == {Action.SAME}
    assert again.writes == ()
    assert not workflow.apply(again)


def test_a_shared_file_is_one_change_owned_by_both(checkout: Checkout, kit: Kit) -> None:
    workflow.apply(plan(kit, checkout))
    state = read_state(checkout.root, kit.name)
    owned = [state.gaps[slug].edits[0] for slug in ("prices", "labels")]
    assert owned[0] == owned[1]
    assert owned[0].created and "address" in " ".join(owned[0].units)


def test_a_second_gap_joins_the_shared_file(checkout: Checkout, kit: Kit) -> None:
    workflow.apply(plan(kit, checkout, "prices"))
    text = (checkout.root / "tests" / "conftest.py").read_text()
    made = plan(kit, checkout, "labels")
    assert actions(made)["tests/conftest.py"] == Action.SAME
    workflow.apply(made)
    assert (checkout.root / "tests" / "conftest.py").read_text() == text


def test_a_fixture_that_was_there_and_is_equal_is_left_alone_and_not_owned(
    checkout: Checkout, kit: Kit
) -> None:
    workflow.apply(plan(kit, checkout, "prices"))
    mine = (checkout.root / "tests" / "conftest.py").read_text()
    from scaffold.checkout import journal

    journal.undo(checkout.root)
    write_files(checkout.root, {"tests/conftest.py": mine})
    made = plan(kit, checkout, "labels")
    assert actions(made)["tests/conftest.py"] == Action.SAME
    workflow.apply(made)
    record = read_state(checkout.root, kit.name).gaps["labels"].edits[0]
    assert (record.created, dict(record.units)) == (False, {})


def test_a_retired_row_by_name_is_refused_and_in_bulk_left_out(
    checkout: Checkout, kit: Kit
) -> None:
    with pytest.raises(CheckoutError, match="'tracking' is retired here"):
        plan(kit, checkout, "tracking")
    assert "left out: tracking: its targets are not in this checkout" in plan(kit, checkout).notes()


def test_all_conflicts_are_named_at_once(checkout: Checkout, kit: Kit) -> None:
    write_files(checkout.root, {"tests/test_prices.py": "1", "tests/test_labels.py": "1"})
    with pytest.raises(ConflictError, match=r"test_prices\.py .*; tests/test_labels\.py"):
        plan(kit, checkout)
    made = plan(kit, checkout, on_conflict=OnConflict.SKIP)
    assert actions(made)["tests/test_labels.py"] == Action.KEPT
    assert [(one.gap, one.reason) for one in made.skipped if one.gap == "prices"] == [
        ("prices", "tests/test_prices.py is yours")
    ]


def test_stubs_count_their_todos(checkout: Checkout, kit: Kit) -> None:
    made = plan(kit, checkout, "prices", stubs=True)
    (item,) = made.gaps
    assert (item.mode, item.todos) == ("stubs", 9)
    assert b"TODO: " in item.files["tests/test_prices.py"]
    # The proof is about the full rendering, whatever is written.
    assert item.digest == plan(kit, checkout, "prices").gaps[0].digest


def test_a_file_that_the_template_no_longer_has_goes_unless_edited(tmp_path: Path) -> None:
    app = open_checkout_of(tmp_path)
    files = {"row/gap.toml": gap_toml(), "row/files/a.txt": "a", "row/files/b.txt": "b",
             "row/files/c.txt": "c"}  # fmt: skip
    kit = load_kit(write_kit(tmp_path / "kit", files))
    workflow.apply(plan(kit, app))
    (app.root / "b.txt").write_text("mine")
    for name in ("a.txt", "b.txt"):
        (kit.gap("row").files_dir / name).unlink()
    made = plan(kit, app)
    assert actions(made) == {"c.txt": Action.SAME, "a.txt": Action.DELETE, "b.txt": Action.KEPT}
    workflow.apply(made)
    assert not (app.root / "a.txt").exists() and (app.root / "b.txt").read_text() == "mine"
    assert list(read_state(app.root, "tiny").gaps["row"].files) == ["c.txt"]


def open_checkout_of(tmp_path: Path) -> Checkout:
    """A checkout of the tiny kits."""
    app = write_files(tmp_path / "app", {"app.py": "x = 1\n"})
    kit = load_kit(write_kit(tmp_path / "none", {"row/gap.toml": gap_toml()}))
    return open_checkout(app, kit)


def test_two_rows_that_write_one_file_are_a_broken_kit(tmp_path: Path) -> None:
    rows = {f"{slug}/{part}": text for slug in ("one", "two")
            for part, text in (("gap.toml", gap_toml()), ("files/a.txt", "a"))}  # fmt: skip
    kit = load_kit(write_kit(tmp_path / "kit", rows))
    with pytest.raises(KitError, match=r"'one' and 'two' both write a\.txt"):
        plan(kit, open_checkout_of(tmp_path))


def test_a_row_sees_what_another_row_of_the_same_plan_writes(tmp_path: Path) -> None:
    ask = "[% if 'tool' in facts.targets %]with[% else %]without[% endif %]"
    targets = [{"name": "app", "paths": ["app.py"]}, {"name": "tool", "paths": ["tool.py"]}]
    kit = load_kit(
        write_kit(
            tmp_path / "kit",
            {
                "asker/gap.toml": gap_toml(targets=targets),
                "asker/files/answer.txt.jinja": ask,
                "maker/gap.toml": gap_toml(),
                "maker/files/tool.py": "def tool() -> None:\n    pass\n",
            },
        )
    )
    app = open_checkout_of(tmp_path)
    alone = plan(kit, app, "asker")
    assert alone.gaps[0].rendered.files["answer.txt"] == b"without"
    workflow.apply(plan(kit, app, "asker", "maker"))
    assert (app.root / "answer.txt").read_text() == "with"
    assert plan(kit, app, "asker", "maker").writes == ()


def test_an_answer_is_remembered_until_it_is_given_anew(checkout: Checkout, kit: Kit) -> None:
    request = Request((kit.gap("prices"),), {}, frozenset({"prices"}))

    def answers(given: dict[str, str]) -> Any:
        made = workflow.plan_new(kit, checkout, request, given, lambda line: None)
        workflow.apply(made)
        return made.gaps[0].answers["prices_heaviest"]

    assert [answers({}), answers({"prices_heaviest": "9"}), answers({})] == [9999, 9, 9]
    assert answers({"prices_heaviest": "8"}) == 8
    with pytest.raises(UsageError):
        answers({"prices_heaviest": "x"})


def test_the_digest_knows_paths_and_contents() -> None:
    one = {"a.py": b"x = 1\n"}
    assert content_digest(one) == content_digest(dict(one))
    assert content_digest(one) != content_digest({"b.py": one["a.py"]})
    assert content_digest(one) != content_digest({"a.py": one["a.py"] + b"y = 2\n"})


def test_the_template_digest_knows_shared_files_and_not_the_readme(tmp_path: Path) -> None:
    root = write_kit(tmp_path, {"row/gap.toml": gap_toml(), "row/files/a.txt": "a"})
    row = load_kit(root).gap("row")
    first = template_digest(row)
    write_files(root / "templates", {"row/README.md": "read me"})
    assert template_digest(row) == first
    write_files(root / "templates", {"_shared/m.jinja": "m"})
    assert template_digest(row) != first
