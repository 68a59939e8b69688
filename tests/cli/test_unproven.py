"""A row whose proof is not complete: by name it is written, in bulk it is left out and told."""

from __future__ import annotations

from pathlib import Path

from support.command import scaffold
from support.tinykit import gap_toml, write_kit
from support.tree import write_files


def test_an_unproven_row_is_written_only_when_it_is_named(tmp_path: Path) -> None:
    templates = {
        "early/gap.toml": gap_toml(state="unproven"),
        "early/files/test_app.py": "def test_app():\n    assert 1 < 2\n",
    }
    kit = write_kit(tmp_path / "kit", templates)
    tree = write_files(tmp_path / "tree", {"app.py": "A = 1\n"})
    bulk = scaffold("new", "--all", "--kit", kit, "-C", tree)
    assert bulk.code == 0, bulk.err
    assert "left out: early: not proved on every commit yet" in bulk.out
    assert "scaffold new --gap early" in bulk.out
    assert not (tree / ".scaffold").exists()
    named = scaffold("new", "--gap", "early", "--kit", kit, "-C", tree)
    assert named.code == 0, named.err
    assert (tree / "test_app.py").is_file()


def test_an_unproven_row_comes_along_with_a_named_row_that_needs_it(tmp_path: Path) -> None:
    files = {
        "early/gap.toml": gap_toml(state="unproven"),
        "early/files/test_early.py": "def test_early():\n    assert True\n",
        "upper/gap.toml": gap_toml(requires=["early"]),
        "upper/files/test_upper.py": "from test_early import test_early\n",
    }
    tree = write_files(tmp_path / "tree", {"app.py": "ONE = 1\n"})
    kit = write_kit(tmp_path / "kit", files)
    done = scaffold("new", "--gap", "upper", "--kit", kit, "-C", tree)
    assert done.code == 0, done.err
    assert (tree / "test_early.py").is_file() and (tree / "test_upper.py").is_file()


def test_an_unproven_row_comes_along_with_a_part_that_needs_one_of_its_parts(
    tmp_path: Path,
) -> None:
    early = {"name": "core", "title": "the core", "files": ["test_early.py"]}
    upper = {"name": "more", "title": "more", "files": ["test_upper.py"], "needs": ["early:core"]}
    files = {
        "early/gap.toml": gap_toml(state="unproven", parts=[early]),
        "early/files/test_early.py": "def test_early():\n    assert True\n",
        "upper/gap.toml": gap_toml(parts=[upper]),
        "upper/files/test_upper.py": "from test_early import test_early\n",
    }
    tree = write_files(tmp_path / "tree", {"app.py": "ONE = 1\n"})
    kit = write_kit(tmp_path / "kit", files)
    done = scaffold("new", "--gap", "upper", "--kit", kit, "-C", tree)
    assert done.code == 0, done.err
    assert (tree / "test_early.py").is_file() and (tree / "test_upper.py").is_file()


def test_what_needs_a_row_that_bulk_leaves_out_is_left_out_too(tmp_path: Path) -> None:
    early = {"name": "core", "title": "the core", "files": ["test_early.py"]}
    base = {"name": "base", "title": "base", "files": ["test_base.py"]}
    more = {"name": "more", "title": "more", "files": ["test_more.py"]}
    last = {"name": "last", "title": "last", "files": ["test_last.py"]}
    parts = [base, {**more, "needs": ["early:core"]}, {**last, "needs": ["more"]}]
    test = "def test_one():\n    assert True\n"
    files = {
        "early/gap.toml": gap_toml(state="unproven", parts=[early]),
        "early/files/test_early.py": test,
        "upper/gap.toml": gap_toml(parts=parts),
        "whole/gap.toml": gap_toml(requires=["early"]),
        "whole/files/test_whole.py": test,
        "top/gap.toml": gap_toml(requires=["whole"]),
        "top/files/test_top.py": test,
        **{f"upper/files/test_{name}.py": test for name in ("base", "more", "last")},
    }
    tree = write_files(tmp_path / "tree", {"app.py": "ONE = 1\n"})
    kit = write_kit(tmp_path / "kit", files)

    done = scaffold("new", "--all", "--kit", kit, "-C", tree)

    assert done.code == 0, done.err
    assert sorted(path.name for path in tree.glob("test_*.py")) == ["test_base.py"]
    for line in (
        "left out: upper:more: needs early:core, which is left out",
        "left out: upper:last: needs upper:more, which is left out",
        "left out: whole: needs early:core, which is left out",
        "left out: top: needs whole, which is left out",
    ):
        assert line in done.out, done.out
    again = scaffold("new", "--gap", "early", "--kit", kit, "-C", tree)
    assert again.code == 0, again.err
    assert scaffold("new", "--all", "--kit", kit, "-C", tree).code == 0
    assert len(list(tree.glob("test_*.py"))) == 6
