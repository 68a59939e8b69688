"""One of our files was edited, and the template says otherwise now: each --on-conflict."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from support.command import Ran, scaffold
from support.tinykit import DEMO_KIT, gap_toml, write_kit
from support.tree import snapshot, write_files

TESTS = Path("tests") / "test_prices.py"


def new(tree: Path, *more: str) -> Ran:
    return scaffold("new", "--gap", "prices", "--kit", DEMO_KIT, "-C", tree, *more)


@pytest.fixture
def mine(tree: Path) -> str:
    """The tests with an edit of a person's at their end; the first tree is generated."""
    assert new(tree).code == 0
    text = (tree / TESTS).read_text() + "\n\ndef test_mine():\n    assert premium(300) == 3\n"
    (tree / TESTS).write_text(text)
    return text


def test_an_edit_is_kept_while_the_template_says_the_same(tree: Path, mine: str) -> None:
    before = snapshot(tree)
    done = new(tree)
    assert done.code == 0
    assert "tests/test_prices.py  (your edit is kept; nothing new to write)" in done.out
    assert done.out.endswith("nothing to do\n")
    assert snapshot(tree) == before


def test_refuse_is_the_default_and_writes_nothing(tree: Path, mine: str) -> None:
    before = snapshot(tree)
    done = new(tree, "--set", "prices_heaviest=9000")
    assert (done.code, done.fact) == (
        4,
        "tests/test_prices.py edited since it was generated; nothing was written",
    )
    assert done.hint == "scaffold new --gap prices --set prices_heaviest=9000 --on-conflict skip"
    assert snapshot(tree) == before


@pytest.mark.parametrize(
    "typed",
    [
        "--gap labels --part numbers --stubs --dry-run",
        "--gap labels --next --stubs",
        "--gap labels --set labels_serials=3 --diff",
        "--priority P1 --state tracked",
        "--all --verify",
    ],
)
def test_the_hint_writes_no_more_than_was_typed(tree: Path, typed: str) -> None:
    write_files(tree, {"tests/test_tracking_numbers.py": "mine\n"})
    done = scaffold("new", *typed.split(), "--kit", DEMO_KIT, "-C", tree)
    assert (done.code, done.hint) == (4, f"scaffold new {typed} --on-conflict skip")


def test_skip_leaves_the_file_as_it_is(tree: Path, mine: str) -> None:
    done = new(tree, "--set", "prices_heaviest=9000", "--on-conflict", "skip")
    assert done.code == 0
    assert ". tests/test_prices.py  (skipped, as asked)" in done.out
    assert (tree / TESTS).read_text() == mine


def test_merge_brings_both_together_and_undo_takes_it_back(tree: Path, mine: str) -> None:
    before = snapshot(tree)
    done = new(tree, "--set", "prices_heaviest=9000", "--on-conflict", "merge")
    assert done.code == 0
    assert "~ tests/test_prices.py  (merged with your edit)" in done.out
    assert (tree / TESTS).read_text() == mine.replace("(9999, 990)", "(9000, 990)")
    assert scaffold("undo", "--kit", DEMO_KIT, "-C", tree).code == 0
    assert snapshot(tree) == before


def test_a_merge_of_the_same_line_is_a_conflict(tree: Path, mine: str) -> None:
    edited = mine.replace("(9999, 990)", "(7777, 990)")
    (tree / TESTS).write_text(edited)
    line = edited[: edited.index("(7777, 990)")].count("\n") + 1
    before = snapshot(tree)
    done = new(tree, "--set", "prices_heaviest=9000", "--on-conflict", "merge")
    assert (done.code, done.fact) == (
        4,
        f"tests/test_prices.py edited since; these lines do not merge: line {line}; "
        "nothing was written",
    )
    assert "--on-conflict skip" in done.hint and "merge" not in done.hint
    assert snapshot(tree) == before


def test_overwrite_writes_ours_and_undo_gives_the_edit_back(tree: Path, mine: str) -> None:
    before = snapshot(tree)
    done = new(tree, "--set", "prices_heaviest=9000", "--on-conflict", "overwrite")
    assert done.code == 0
    assert "~ tests/test_prices.py  (overwritten, as asked)" in done.out
    assert "test_mine" not in (tree / TESTS).read_text()
    assert scaffold("undo", "--kit", DEMO_KIT, "-C", tree).code == 0
    assert snapshot(tree) == before


def test_a_file_that_is_not_ours_is_overwritten_only_when_asked(tree: Path) -> None:
    (tree / TESTS).write_text("# not ours\n")
    before = snapshot(tree)
    lack = ", and no earlier version is known to merge from"
    for way, why in (("refuse", ""), ("merge", lack)):
        done = new(tree, "--on-conflict", way)
        assert (done.code, done.fact) == (
            4,
            f"tests/test_prices.py exists and is not ours{why}; nothing was written",
        )
        assert snapshot(tree) == before
    assert new(tree, "--on-conflict", "overwrite").code == 0
    assert "def test_zone" in (tree / TESTS).read_text()
    assert scaffold("undo", "--kit", DEMO_KIT, "-C", tree).code == 0
    assert snapshot(tree) == before


def test_undo_with_force_throws_the_edit_away(tree: Path, mine: str) -> None:
    done = scaffold("undo", "--force", "--kit", DEMO_KIT, "-C", tree)
    lost = f"edited since, and lost: {TESTS}\n"
    assert (done.code, done.out) == (0, f"taken back: new prices (2 files)\n{lost}")
    assert not (tree / TESTS).exists()
    assert not (tree / ".scaffold").exists()


def test_a_diff_shows_what_is_in_the_way(tree: Path, mine: str) -> None:
    before = snapshot(tree)
    done = new(tree, "--set", "prices_heaviest=9000", "--diff")
    assert done.code == 4
    assert done.out.startswith("conflict: tests/test_prices.py edited since it was generated\n")
    assert "-def test_mine():" in done.out
    assert snapshot(tree) == before


def test_overwrite_takes_back_an_edit_of_a_shared_unit(tree: Path) -> None:
    assert new(tree).code == 0
    shared = tree / "tests" / "conftest.py"
    ours = shared.read_text()
    shared.write_text(ours.replace("1 Test Lane", "2 Test Lane"))
    assert new(tree).code == 0 and "2 Test Lane" in shared.read_text()
    assert new(tree, "--on-conflict", "overwrite").code == 0
    assert shared.read_text() == ours


def test_overwrite_takes_an_edit_back_where_nothing_is_new(tree: Path, mine: str) -> None:
    assert new(tree, "--on-conflict", "overwrite").code == 0
    assert "test_mine" not in (tree / TESTS).read_text()


def collide(tree: Path, mine: str) -> str:
    """The tests with a line edited that the template changes too."""
    edited = mine.replace("(9999, 990)", "(7777, 990)")
    (tree / TESTS).write_text(edited)
    return edited


def sides(text: str) -> tuple[str, str]:
    """The text with yours at each conflict, and with the template's."""
    base = r"(?:\|{7} base\r?\n.*?)?"
    marks = re.compile(
        rf"<<<<<<< yours\r?\n(.*?){base}=======\r?\n(.*?)>>>>>>> template\r?\n", re.S
    )
    assert marks.search(text)
    return marks.sub(r"\1", text), marks.sub(r"\2", text)


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_markers_show_both_sides_and_undo_takes_them_back(tree: Path, mine: str, end: str) -> None:
    edited = collide(tree, mine).replace("\n", end)
    (tree / TESTS).write_bytes(edited.encode())
    before = snapshot(tree)
    done = new(tree, "--set", "prices_heaviest=9000", "--on-conflict", "markers")
    line = edited[: edited.index("(7777, 990)")].count("\n") + 1
    assert done.code == 0
    assert f"~ tests/test_prices.py  (conflict markers at line {line})" in done.out
    yours, theirs = sides((tree / TESTS).read_bytes().decode())
    assert yours == edited
    assert theirs == edited.replace("(7777, 990)", "(9000, 990)")
    assert scaffold("undo", "--kit", DEMO_KIT, "-C", tree).code == 0
    assert snapshot(tree) == before


def test_markers_merge_what_does_not_collide(tree: Path, mine: str) -> None:
    done = new(tree, "--set", "prices_heaviest=9000", "--on-conflict", "markers")
    assert done.code == 0
    assert (tree / TESTS).read_text() == mine.replace("(9999, 990)", "(9000, 990)")


def test_a_row_with_markers_is_edited_and_red_until_they_are_resolved(
    tree: Path, mine: str
) -> None:
    collide(tree, mine)
    assert new(tree, "--set", "prices_heaviest=9000", "--on-conflict", "markers").code == 0
    where: tuple[str | Path, ...] = ("--kit", DEMO_KIT, "-C", tree)
    assert re.search(
        r"prices +P0 .*edited.*test_prices\.py \(conflict markers at line \d+\)|"
        r"edited: tests/test_prices\.py \(conflict markers at line \d+\)",
        scaffold("status", *where).out,
    )
    proved = scaffold("verify", "prices", "--python", sys.executable, "--json", *where)
    record = json.loads(proved.out)["outcomes"][0]
    assert (proved.code, record["verdict"]) == (6, "red")
    assert "conflict markers" in record["problems"][0]
    said = scaffold("verify", "prices", "--python", sys.executable, *where)
    assert said.hint == f"${{EDITOR:-vi}} {TESTS}", "the same command again would be a circle"
    again = new(tree, "--on-conflict", "markers")
    assert again.code == 0 and "are left" in again.out and again.out.endswith("nothing to do\n")
    refused = new(tree, "--set", "prices_heaviest=8000", "--on-conflict", "markers")
    assert refused.code == 4 and "conflict markers at line" in refused.fact
    yours, _ = sides((tree / TESTS).read_text())
    (tree / TESTS).write_text(yours)
    assert "markers" not in scaffold("status", *where).out
    assert "your edit is kept" in new(tree).out


def test_a_file_that_is_not_ours_gets_markers_around_what_differs(tree: Path) -> None:
    (tree / TESTS).write_bytes(b"# not ours")
    before = snapshot(tree)
    assert new(tree, "--on-conflict", "markers").code == 0
    yours, theirs = sides((tree / TESTS).read_text())
    assert yours == "# not ours\n" and "def test_zone" in theirs
    assert scaffold("undo", "--kit", DEMO_KIT, "-C", tree).code == 0
    assert snapshot(tree) == before


def test_a_binary_file_takes_no_markers(tree: Path) -> None:
    (tree / TESTS).write_bytes(b"\0not ours")
    done = new(tree, "--on-conflict", "markers")
    assert (done.code, done.fact) == (
        4,
        "tests/test_prices.py exists and is not ours; nothing was written",
    )


def test_a_diff_as_json_carries_what_is_in_the_way(tree: Path, mine: str) -> None:
    done = new(tree, "--set", "prices_heaviest=9000", "--diff", "--json")
    error = json.loads(done.out)["error"]
    assert (done.code, error["exit_code"]) == (4, 4)
    assert error["diff"].startswith("conflict: tests/test_prices.py edited since")
    assert "-def test_mine():" in error["diff"]
    assert (
        "diff" not in json.loads(new(tree, "--set", "prices_heaviest=9000", "--json").out)["error"]
    )


UNITS = {
    "python": (
        "conftest.py",
        "def clock():\n    return 1\n",
        'def clock():\n    return "mine"\n',
    ),
    "toml": ("app.toml", "[tool]\nname = 1\n", '[tool]\nname = "mine"\n'),
    "cargo_lock": (
        "Cargo.lock",
        '[[package]]\nname = "a"\nversion = "1.0.0"\ndependencies = []\n',
        'version = 4\n\n[[package]]\nname = "a"\nversion = "2.0.0"\n',
    ),
    "rust": ("lib.rs", "mod clock;\n", '#[path = "mine.rs"]\nmod clock;\n'),
}


@pytest.fixture(params=UNITS, ids=str)
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path, str, bytes]:
    """A kit that edits a shared file, a checkout whose unit differs, the file, and its content."""
    path, payload, mine = UNITS[request.param]
    edit = {"kind": request.param, "path": path, "payload": "unit"}
    files = {
        "row/gap.toml": gap_toml(edits=[edit]),
        "row/cases.toml": "[default]\n",
        "row/files/test_app.py": "def test_x():\n    assert True\n",
        "row/files/.scaffold-edits/unit": payload,
    }
    root = tmp_path / "app"
    write_files(root, {"app.py": "x = 1\n", path: mine})
    return write_kit(tmp_path / "kit", files), root, path, mine.encode()


def test_a_unit_of_a_shared_file_shows_its_diff(shared: tuple[Path, Path, str, bytes]) -> None:
    kit, root, path, _ = shared
    before = snapshot(root)
    done = scaffold("new", "--gap", "row", "--diff", "--kit", kit, "-C", root)
    assert done.code == 4
    assert done.out.startswith(f"conflict: {path} ")
    assert re.search(r"^-.*(mine|2\.0\.0)", done.out, re.M), done.out
    assert snapshot(root) == before


def test_a_unit_of_a_shared_file_gets_markers(shared: tuple[Path, Path, str, bytes]) -> None:
    kit, root, path, mine = shared
    where: tuple[str | Path, ...] = ("--kit", kit, "-C", root)
    before = snapshot(root)
    done = scaffold("new", "--gap", "row", "--on-conflict", "markers", *where)
    assert done.code == 0, done.err
    assert "conflict markers at line" in done.out
    yours, _ = sides((root / path).read_text())
    assert yours.encode() == mine
    assert f"{path} (conflict markers at line" in scaffold("status", *where).out
    refused = scaffold("new", "--gap", "row", *where)
    assert refused.code == 4 and f"{path}:" in refused.fact and "are left" in refused.fact
    assert scaffold("undo", *where).code == 0
    assert snapshot(root) == before


def test_conflicts_of_files_and_of_units_are_named_together(
    shared: tuple[Path, Path, str, bytes],
) -> None:
    kit, root, path, _ = shared
    (root / "test_app.py").write_text("# mine\n")
    done = scaffold("new", "--gap", "row", "--diff", "--kit", kit, "-C", root)
    assert done.code == 4
    assert "test_app.py exists and is not ours" in done.fact and path in done.fact
    assert "conflict: test_app.py " in done.out and f"conflict: {path} " in done.out


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("tests/helpers.py", "tests/helpers/__init__.py"),
        ("src/one.rs", "src/one/mod.rs"),
        ("src/two/mod.rs", "src/two.rs"),
        ("web/vitest.config.ts", "web/vitest.config.mts"),
        ("web/vitest.config.ts", "web/vitest.config.cjs"),
        ("web/vitest.config.ts", "web/jest.config.json"),
    ],
)
def test_the_same_under_another_name_is_in_the_way(ours: str, theirs: str, tmp_path: Path) -> None:
    kit = write_kit(tmp_path / "kit", {"row/gap.toml": gap_toml(), f"row/files/{ours}": ""})
    root = write_files(
        tmp_path / "tree", {"app.py": "", theirs: "// theirs\n" * ours.endswith("s")}
    )
    command, before = ("new", "--gap", "row", "--kit", kit, "-C", root), snapshot(root)
    done = scaffold(*command)
    assert (done.code, done.fact) == (
        4,
        f"{ours} would take the place of {theirs}; nothing was written",
    )
    assert snapshot(root) == before
    assert f"{theirs} is there" in scaffold(*command, "--on-conflict", "skip").out
    assert not (root / ours).exists()
    assert scaffold(*command, "--on-conflict", "overwrite").code == 0
    assert (root / ours).exists() and (root / theirs).exists()


def test_a_file_of_ours_that_gets_another_name_is_not_in_the_way(tmp_path: Path) -> None:
    kit = write_kit(tmp_path / "kit", {"row/gap.toml": gap_toml(), "row/files/a.py": "A = 1\n"})
    root = write_files(tmp_path / "tree", {"app.py": ""})
    assert scaffold("new", "--gap", "row", "--kit", kit, "-C", root).code == 0
    write_files(kit / "templates/row/files", {"a/__init__.py": "A = 1\n"})
    (kit / "templates/row/files/a.py").unlink()
    assert scaffold("new", "--gap", "row", "--kit", kit, "-C", root).code == 0
    assert not (root / "a.py").exists() and (root / "a/__init__.py").exists()
