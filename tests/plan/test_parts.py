"""What a plan writes of a gap that is cut into parts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scaffold import workflow
from scaffold.checkout.find import Checkout, open_checkout
from scaffold.checkout.parts import written_parts
from scaffold.checkout.state import read_state
from scaffold.edits.conflicts import OnConflict
from scaffold.errors import CheckoutError, ConflictError
from scaffold.kit.catalog import Kit, load_kit
from scaffold.plan.changes import Action
from scaffold.plan.model import Plan, Request
from scaffold.plan.sizes import known_sizes
from support.tinykit import gap_toml, write_kit
from support.tree import snapshot, write_files

TEST = "def test_{0}():\n    assert {0!r}\n"
HELP = "def {0}():\n    return 1\n"
MODULES = "//! Tests.\n\nmod host;\n\n/// The first.\nmod a;\n#[cfg(unix)]\nmod b;\n"
EDITS = [
    {"kind": "python", "path": "tests/conftest.py", "payload": "core.py"},
    {"kind": "python", "path": "tests/conftest.py", "payload": "more.py"},
]
PARTS = [
    {"name": "core", "title": "a", "files": ["tests/test_a.py"], "edits": ["core.py"]},
    {
        "name": "more",
        "title": "b",
        "files": ["tests/test_b.py"],
        "edits": ["more.py"],
        "needs": ["core"],
    },
    {"name": "last", "title": "c", "files": ["tests/test_c.py"], "needs": ["other:only"]},
]
QUESTION = "row_word:\n  type: str\n  default: old\n  help: Which word?\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of a kit with a row of three parts and one that it needs."""
    files = {f"row/files/tests/test_{name}.py": TEST.format(name) for name in "ac"}
    return write_kit(
        tmp_path / "kit",
        {
            **files,
            "row/gap.toml": gap_toml(edits=EDITS, parts=PARTS),
            "row/questions.yml": QUESTION,
            "row/files/tests/test_b.py.jinja": 'WORD = "[[ row_word ]]"\n',
            "row/files/.scaffold-edits/core.py": HELP.format("core"),
            "row/files/.scaffold-edits/more.py": HELP.format("more"),
            "other/gap.toml": gap_toml(
                parts=[{"name": "only", "title": "o", "files": ["tests/test_o.py"]}]
            ),
            "other/files/tests/test_o.py": TEST.format("o"),
        },
    )


@pytest.fixture
def app(tmp_path: Path, root: Path) -> Checkout:
    """A checkout of it."""
    write_files(tmp_path / "app", {"app.py": "x = 1\n", "lib.rs": "fn x() {}\n"})
    return open_checkout(tmp_path / "app", load_kit(root))


def plan(root: Path, app: Checkout, *parts: str, **how: Any) -> Plan:
    """The plan of these parts of the row; of the whole row without any."""
    kit = load_kit(root)
    given = how.pop("given", {})
    slug = how.pop("slug", "row")
    picks = {slug: parts} if parts else {}
    request = Request((kit.gap(slug),), {}, frozenset([slug]), parts=picks, **how)
    return workflow.plan_new(kit, app, request, given, lambda line: None)


def write(root: Path, app: Checkout, *parts: str, **how: Any) -> list[str]:
    """The same applied: the files that changed."""
    made = plan(root, app, *parts, **how)
    workflow.apply(made)
    return sorted(change.path for change in made.changes if change.writes)


def modes(kit: Kit, app: Checkout) -> Mapping[str, str]:
    """The parts of the row that are here."""
    return written_parts(kit.gap("row"), read_state(app.root, kit.name).gaps.get("row"))


def test_a_part_writes_its_files_and_edits_and_no_other(root: Path, app: Checkout) -> None:
    assert write(root, app, "core") == ["tests/conftest.py", "tests/test_a.py"]
    shared = (app.root / "tests/conftest.py").read_text()
    assert "def core" in shared and "def more" not in shared
    assert modes(load_kit(root), app) == {"core": "full"}


def test_parts_one_after_the_other_are_the_whole_row(root: Path, app: Checkout) -> None:
    write(root, app, "core", slug="row")
    assert write(root, app, "more") == ["tests/conftest.py", "tests/test_b.py"]
    write(root, app, "only", slug="other")
    assert write(root, app, "last") == ["tests/test_c.py"]
    by_parts = snapshot(app.root)
    assert not write(root, app), "the whole row once more changes something"
    assert snapshot(app.root) == by_parts


def test_the_whole_row_adds_what_is_missing_and_keeps_what_is_there(
    root: Path, app: Checkout
) -> None:
    write(root, app, "core")
    (app.root / "tests/test_a.py").write_text("mine = 1\n")
    made = plan(root, app)
    actions = {change.path: change.action for change in made.changes}
    assert actions["tests/test_a.py"] is Action.KEPT
    assert actions["tests/test_b.py"] is actions["tests/test_c.py"] is Action.CREATE


def test_a_part_leaves_the_files_of_the_others_alone(root: Path, app: Checkout) -> None:
    write(root, app, "core")
    write_files(root, {"templates/row/files/tests/test_a.py": TEST.format("new")})
    (app.root / "tests/test_a.py").write_text("mine = 1\n")
    assert write(root, app, "more") == ["tests/conftest.py", "tests/test_b.py"]
    assert (app.root / "tests/test_a.py").read_text() == "mine = 1\n"
    with pytest.raises(ConflictError, match=r"tests/test_a\.py edited since"):
        plan(root, app, "core")


def test_what_is_left_alone_stays_outdated(root: Path, app: Checkout) -> None:
    write(root, app, "core")
    write_files(root, {"templates/row/files/tests/test_a.py": TEST.format("new")})
    write(root, app, "more")
    kit = load_kit(root)
    row = {status.gap.slug: status for status in workflow.statuses(kit, app)}["row"]
    assert row.outdated
    assert write(root, app, "core", "more") == ["tests/test_a.py"]


def test_another_answer_is_one_for_every_part_that_is_here(root: Path, app: Checkout) -> None:
    write(root, app, "core", "more")
    assert write(root, app, "core", given={"row_word": "new"}) == ["tests/test_b.py"]
    assert (app.root / "tests/test_b.py").read_text() == 'WORD = "new"\n'


def test_the_next_part_is_the_first_that_is_not_here(root: Path, app: Checkout) -> None:
    assert write(root, app, next_part=True)[-1] == "tests/test_a.py"
    assert write(root, app, next_part=True)[-1] == "tests/test_b.py"
    assert write(root, app, next_part=True) == ["tests/test_o.py"]
    assert write(root, app, next_part=True)[-1] == "tests/test_c.py"
    done = plan(root, app, next_part=True)
    assert [skipped.reason for skipped in done.skipped] == ["all of its parts are written"]
    assert not done.writes


def test_the_next_part_is_one_of_another_row_where_that_is_needed(
    root: Path, app: Checkout
) -> None:
    write(root, app, "core", "more")
    made = plan(root, app, next_part=True, given={"row_word": "new"})
    assert [(item.gap.slug, item.picked) for item in made.gaps] == [("other", ("only",))]
    told = [f"{skipped.name}: {skipped.reason}" for skipped in made.skipped]
    assert told == ["row: 'row:last' needs other:only, which comes first"]


def test_what_a_next_part_needs_may_be_the_next_part_of_another_row(
    root: Path, app: Checkout
) -> None:
    write(root, app, "core", "more")
    kit = load_kit(root)
    request = Request(tuple(kit.gaps.values()), {}, next_part=True)
    made = workflow.plan_new(kit, app, request, {}, lambda line: None)
    assert {item.gap.slug: item.picked for item in made.gaps} == {
        "row": ("last",),
        "other": ("only",),
    }
    assert not made.skipped


def test_a_part_whose_needs_are_not_here_is_refused_with_the_command(
    root: Path, app: Checkout
) -> None:
    before = snapshot(app.root)
    with pytest.raises(CheckoutError, match="'row:more' needs row:core, which is not") as caught:
        plan(root, app, "more")
    assert caught.value.hint == "scaffold new --part row:core --part row:more"
    assert snapshot(app.root) == before
    assert write(root, app, "core", "more")


def test_a_whole_row_takes_along_what_it_needs_of_another(root: Path, app: Checkout) -> None:
    assert "tests/test_o.py" in write(root, app)
    assert set(read_state(app.root, "tiny").gaps) == {"row", "other"}


def test_a_part_may_be_stubs_and_another_full(root: Path, app: Checkout) -> None:
    write(root, app, "core", stubs=True)
    assert "TODO" in (app.root / "tests/test_a.py").read_text()
    write(root, app, "more")
    kit = load_kit(root)
    assert modes(kit, app) == {"core": "stubs", "more": "full"}
    assert "TODO" in (app.root / "tests/test_a.py").read_text()
    write(root, app, "core")
    assert (app.root / "tests/test_a.py").read_text() == TEST.format("a").replace("'", '"')
    assert not write(root, app, "core", "more", stubs=True), "what is full became a stub again"


def test_one_undo_takes_one_part_back(root: Path, app: Checkout) -> None:
    from scaffold.checkout import journal

    trees = [snapshot(app.root)]
    for part in ("core", "more"):
        write(root, app, part)
        trees.append(snapshot(app.root))
    for wanted in (trees[1], trees[0]):
        undone = journal.undo(app.root, force=False)
        assert undone is not None and undone.label.startswith("new row:")
        assert {k: v for k, v in snapshot(app.root).items() if not k.startswith(".scaffold")} == {
            k: v for k, v in wanted.items() if not k.startswith(".scaffold")
        }


def test_a_record_of_a_time_without_parts_holds_all_of_them(root: Path, app: Checkout) -> None:
    gap = root / "templates/row/gap.toml"
    cut = gap.read_text()
    gap.write_text(gap_toml(edits=EDITS))
    write(root, app)
    gap.write_text(cut)
    assert list(modes(load_kit(root), app)) == ["core", "more", "last"]
    assert not plan(root, app, next_part=True).writes


def test_what_another_cut_holds_is_not_deleted_by_a_part(root: Path, app: Checkout) -> None:
    write(root, app, "core", "more")
    other = [{**PARTS[0], "name": "new"}, {**PARTS[1], "name": "newer", "needs": []}, PARTS[2]]
    (root / "templates/row/gap.toml").write_text(gap_toml(edits=EDITS, parts=other))
    assert list(modes(load_kit(root), app)) == ["new", "newer"]
    assert not write(root, app, "new")
    assert (app.root / "tests/test_b.py").is_file()


def test_a_file_goes_with_the_last_part_of_a_row_that_takes_its_place(
    root: Path, app: Checkout
) -> None:
    write_files(app.root, {"old.py": "x = 1\n"})
    parts = [PARTS[0], {**PARTS[1], "needs": []}, {**PARTS[2], "needs": []}]
    text = gap_toml(edits=EDITS, parts=parts, removes=[{"path": "old.py"}])
    (root / "templates/row/gap.toml").write_text(text)
    assert "old.py" not in write(root, app, "core", "last")
    assert "old.py" in write(root, app, "more")


def test_parts_are_counted_by_what_the_checkout_holds(root: Path, app: Checkout) -> None:
    later = "[% if facts.targets is defined and 'later' in facts.targets.app.symbols %]"
    write_files(
        root,
        {
            "templates/row/files/tests/test_c.py.jinja": f"{later}{TEST.format('c')}[% endif %]",
        },
    )
    (root / "templates/row/files/tests/test_c.py").unlink()
    kit = load_kit(root)
    gap = kit.gap("row")
    assert list(known_sizes(kit, gap, app.find(gap).facts())) == ["core", "more"]
    (app.root / "app.py").write_text("def later():\n    return 1\n")
    fresh = open_checkout(app.root, kit)
    counted = known_sizes(kit, gap, fresh.find(gap).facts())
    assert (counted["last"].lines, counted["last"].tests) == (2, 1)


@pytest.fixture
def crate(tmp_path: Path) -> Path:
    """A kit of a row in Rust whose `mod.rs` declares the files of all parts."""
    names = {"host": "mod.rs", "a": "a.rs", "b": "b/mod.rs"}
    parts = [
        {"name": "host", "title": "t", "files": ["checks/mod.rs", "checks/host.rs"]},
        {"name": "a", "title": "t", "files": ["checks/a.rs"], "needs": ["host"]},
        {"name": "b", "title": "t", "files": ["checks/b/mod.rs"], "needs": ["host"]},
    ]
    edits = [{"kind": "rust", "path": "lib.rs", "payload": "lib.rs"}]
    files = {f"row/files/checks/{names[name]}": "// x\n" for name in "ab"}
    return write_kit(
        tmp_path / "rust",
        {
            **files,
            "row/gap.toml": gap_toml(language="rust", edits=edits, parts=parts),
            "row/files/checks/mod.rs": MODULES,
            "row/files/checks/host.rs": "// x\n",
            "row/files/.scaffold-edits/lib.rs": "#[cfg(test)]\nmod checks;\n",
        },
    )


def test_a_module_is_declared_as_soon_as_its_part_is_there(crate: Path, app: Checkout) -> None:
    place = app.root / "checks/mod.rs"
    assert write(crate, app, "host") == ["checks/host.rs", "checks/mod.rs", "lib.rs"]
    assert place.read_text() == "//! Tests.\n\nmod host;\n"
    assert write(crate, app, "b") == ["checks/b/mod.rs", "checks/mod.rs"]
    assert place.read_text() == "//! Tests.\n\nmod host;\n\n#[cfg(unix)]\nmod b;\n"
    assert write(crate, app) == ["checks/a.rs", "checks/mod.rs"]
    assert place.read_text() == MODULES


def test_an_edited_declaration_is_merged_with_the_next_part(crate: Path, app: Checkout) -> None:
    write(crate, app, "host")
    place = app.root / "checks/mod.rs"
    place.write_text(place.read_text().replace("//! Tests.", "//! Mine."))
    with pytest.raises(ConflictError, match=r"checks/mod\.rs edited since"):
        plan(crate, app, "a")
    write(crate, app, "a", on_conflict=OnConflict.MERGE)
    assert place.read_text().startswith("//! Mine.") and "mod a;" in place.read_text()
