"""`new --prove`: what is as declared in this checkout is written, the rest is named."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from support.command import Ran, scaffold
from support.tinykit import gap_toml, write_kit
from support.tree import snapshot, write_files

APP = "def one():\n    return 1\n"
GOOD = "from app import one\n\n\ndef test_one():\n    assert one() == 1\n"
RED = "from app import one\n\n\ndef test_one_is_two():\n    assert one() == 2\n"
GONE = "from app import two\n\n\ndef test_two():\n    assert two() == 2\n"
Files = Mapping[str, str]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout of one module and one test."""
    files = {"app.py": APP, "tests/test_own.py": "def test_own():\n    assert True\n"}
    return write_files(tmp_path / "tree", files)


def kit_of(tmp_path: Path, files: Files, parts: list[dict[str, Any]], **changes: Any) -> Path:
    """A kit of one row, `row`."""
    run = {"runner": "pytest", "root": ".", "baseline": ["tests"]}
    toml = gap_toml(**{"run": run, "parts": parts or None, **changes})
    written = {f"row/files/{path}": text for path, text in files.items()}
    return write_kit(tmp_path / "kit", {"row/gap.toml": toml, **written})


def part(name: str, *needs: str, **more: Any) -> dict[str, Any]:
    """A part of one test file."""
    return {"name": name, "title": name, "files": [f"tests/test_{name}.py"], "needs": [*needs],
            **more}  # fmt: skip


def prove(tree: Path, kit: Path, *more: str) -> Ran:
    """`new --prove` of everything."""
    words = ("new", "--gap", "row", "--prove", "--python", sys.executable, *more)
    return scaffold(*words, "--kit", kit, "-C", tree)


def written(tree: Path) -> list[str]:
    """The test files, without the checkout's own."""
    return sorted(path.name for path in (tree / "tests").glob("*.py") if path.stem != "test_own")


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A row with a part that is red, one that cannot be imported, and two that need one."""
    sources = {"good": GOOD, "red": RED, "gone": GONE, "over": GOOD, "on_top": GOOD}
    files = {f"tests/test_{name}.py": text for name, text in sources.items()}
    needs = {"over": ["red"], "on_top": ["over"]}
    return kit_of(tmp_path, files, [part(name, *needs.get(name, [])) for name in sources])


def test_the_parts_that_are_as_declared_are_written_and_the_others_named(
    tree: Path, mixed: Path
) -> None:
    done = prove(tree, mixed)
    assert done.code == 0, done.err
    assert written(tree) == ["test_good.py"]
    assert "code of this checkout" in done.err.splitlines()[0]
    told = [line for line in done.out.splitlines() if "left out" in line]
    assert told[0] == (
        "  left out: row:red: tests/test_red.py::test_one_is_two: assert 1 == 2 (test_red.py:5)"
    )
    assert told[1].startswith(
        "  left out: row:gone: tests/test_gone.py: ImportError: cannot import name 'two'"
    )
    assert told[2:] == [
        "  left out: row:over: needs row:red, which is left out",
        "  left out: row:on_top: needs row:red, which is left out",
    ]
    assert "  runs as declared: row (good) (1 passed, 0 known defects, 0 todo)" in done.out
    rows = json.loads(scaffold("status", "--json", "--kit", mixed, "-C", tree).out)["gaps"]
    assert (rows[0]["state"], rows[0]["note"]) == ("partial", "1 of 5 parts")
    assert rows[0]["verdict"] == "green"


def test_the_document_names_what_is_left_out(tree: Path, mixed: Path) -> None:
    done = prove(tree, mixed, "--json")
    assert done.code == 0
    document = json.loads(done.out)
    assert document["written"] is True
    assert document["gaps"][0]["parts"] == ["good"]
    assert [item["part"] for item in document["skipped"]] == ["red", "gone", "over", "on_top"]
    assert [item["parts"] for item in document["outcomes"]] == [["good"]]


@pytest.mark.parametrize("how", ["--dry-run", "--diff"])
def test_what_would_be_written_is_shown_after_the_proof(tree: Path, mixed: Path, how: str) -> None:
    before = snapshot(tree)
    done = prove(tree, mixed, how)
    assert done.code == 0
    assert "test_good.py" in done.out and "test_red.py b/" not in done.out
    assert snapshot(tree) == before


@pytest.mark.parametrize("cut", [True, False], ids=["parts", "whole"])
def test_where_nothing_is_as_declared_nothing_is_written(
    tree: Path, tmp_path: Path, cut: bool
) -> None:
    kit = kit_of(tmp_path, {"tests/test_red.py": RED}, [part("red")] if cut else [])
    before = snapshot(tree)
    done = prove(tree, kit)
    assert (done.code, snapshot(tree)) == (6, before)
    name = "row:red" if cut else "row"
    assert f"{name}: tests/test_red.py::test_one_is_two: assert 1 == 2" in done.fact
    assert done.hint == f"scaffold new --{'part' if cut else 'gap'} {name} --diff"
    assert scaffold(*done.hint.split()[1:], "--kit", kit, "-C", tree).code == 0
    again = prove(tree, kit, "--json")
    assert (again.code, json.loads(again.out)["written"]) == (6, False)


HOOKS = ".pre-commit-config.yaml"
TRAILING = """repos:
  - repo: https://github.com/pre-commit/pre-commit-hooks
    rev: v4.4.0
    hooks:
      - id: trailing-whitespace
"""
# No formatter changes a text.
LOOSE = f'{GOOD}    assert """\nx  \n"""\n'


def test_a_broken_rule_of_the_checkout_leaves_out_the_part_whose_file_breaks_it(
    tree: Path, tmp_path: Path
) -> None:
    write_files(tree, {HOOKS: TRAILING})
    files = {"tests/test_good.py": GOOD, "tests/test_loose.py": LOOSE}
    kit = kit_of(tmp_path, files, [part("good"), part("loose")])
    done = prove(tree, kit)
    assert done.code == 0, done.err
    assert written(tree) == ["test_good.py"]
    [left] = [line for line in done.out.splitlines() if "left out" in line]
    assert left.startswith("  left out: row:loose: tests/test_loose.py:7: ")
    assert "trailing-whitespace" in left


def test_verify_names_the_part_that_breaks_a_rule(tree: Path, tmp_path: Path) -> None:
    write_files(tree, {HOOKS: TRAILING})
    files = {"tests/test_good.py": GOOD, "tests/test_loose.py": LOOSE}
    kit = kit_of(tmp_path, files, [part("good"), part("loose")])
    assert scaffold("new", "--gap", "row", "--kit", kit, "-C", tree).code == 0
    words = ("verify", "row", "--json", "--python", sys.executable, "--kit", kit, "-C", tree)
    done = scaffold(*words)
    [row] = json.loads(done.out)["outcomes"]
    assert done.code == 6
    found = {one["part"]: one["verdict"] for one in row["by_part"]}
    assert found == {"good": "green", "loose": "red"}


def test_a_proof_is_stale_once_a_rule_of_the_checkout_changed(tree: Path, tmp_path: Path) -> None:
    kit = kit_of(tmp_path, {"tests/test_good.py": GOOD}, [part("good")])
    assert prove(tree, kit).code == 0
    write_files(tree, {HOOKS: TRAILING})
    assert stale(tree, kit) == [f"{HOOKS} changed"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", "[tool.pytest.ini_options]\naddopts = '-q'\n"),
        ("pyproject.toml", "[tool.coverage.run]\nbranch = true\n"),
        ("tests/pyproject.toml", "[tool.black]\nline-length = 100\n"),
        ("pyproject.toml", "[tool.ruff]\nline-length = 100\n"),
        ("setup.cfg", "[tool:pytest]\naddopts = -q\n"),
        ("tox.ini", "[coverage:run]\nbranch = true\n"),
        ("tests/.coveragerc", "[run]\nbranch = true\n"),
    ],
)
def test_a_proof_is_stale_once_the_settings_of_a_tool_changed(
    proved: tuple[Path, Path], path: str, text: str
) -> None:
    tree, kit = proved
    write_files(tree, {path: text})
    assert stale(tree, kit) == [f"{path} changed"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", "[project]\nname = 'x'\n[tool.poetry]\nversion = '2'\n"),
        ("setup.cfg", "[metadata]\nversion = 2\n"),
        ("other/pyproject.toml", "[tool.pytest.ini_options]\naddopts = '-q'\n"),
    ],
)
def test_a_proof_holds_where_no_setting_of_a_tool_changed(
    proved: tuple[Path, Path], path: str, text: str
) -> None:
    tree, kit = proved
    write_files(tree, {path: text})
    assert stale(tree, kit) == []


def stale(tree: Path, kit: Path) -> list[str]:
    """Why the proof of the row is stale."""
    [row] = json.loads(scaffold("status", "--json", "--kit", kit, "-C", tree).out)["gaps"]
    return list(row.get("stale") or [])


@pytest.fixture(scope="module")
def proved_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A checkout with a proved row, and its kit."""
    folder = tmp_path_factory.mktemp("proved")
    tree = write_files(folder / "tree", {"app.py": APP})
    kit = kit_of(folder, {"tests/test_good.py": GOOD}, [part("good")])
    assert prove(tree, kit).code == 0
    return tree, kit


@pytest.fixture
def proved(proved_once: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """A copy of it."""
    tree, kit = proved_once
    return shutil.copytree(tree, tmp_path / "proved", symlinks=True), kit


def test_an_edit_that_breaks_the_suites_is_not_blamed_on_the_checkout(
    tree: Path, tmp_path: Path
) -> None:
    files = {
        "tests/test_plain.py": GOOD,
        "tests/test_edit.py": GOOD,
        ".scaffold-edits/conftest.py": "from app import two\n",
    }
    edits = [{"kind": "python", "path": "tests/conftest.py", "payload": "conftest.py"}]
    parts = [part("plain"), part("edit", edits=["conftest.py"])]
    done = prove(tree, kit_of(tmp_path, files, parts, edits=edits))
    assert done.code == 0, done.err
    assert written(tree) == ["test_plain.py"]
    assert "left out: row:edit: breaks what is there: " in done.out


def test_a_baseline_that_is_red_before_is_not_blamed_on_a_part(tree: Path, mixed: Path) -> None:
    (tree / "tests/test_own.py").write_text("def test_own():\n    assert False\n")
    before = snapshot(tree)
    done = prove(tree, mixed)
    assert (done.code, snapshot(tree)) == (5, before)
    assert "without the generated ones" in done.fact


def test_without_an_interpreter_nothing_is_written(tree: Path, mixed: Path) -> None:
    before = snapshot(tree)
    assert prove(tree, mixed, "--python", "/nowhere/python").code == 7
    assert snapshot(tree) == before


def test_what_is_there_already_is_not_run_again(tree: Path, tmp_path: Path) -> None:
    kit = kit_of(tmp_path, {"tests/test_good.py": GOOD}, [])
    assert prove(tree, kit).code == 0
    done = prove(tree, kit, "--python", "/nowhere/python")
    assert (done.code, done.out) == (0, "  = tests/test_good.py\n1 the same; nothing to do\n")


def test_the_next_part_is_left_out_where_it_is_red(tree: Path, tmp_path: Path) -> None:
    files = {"tests/test_red.py": RED, "tests/test_good.py": GOOD}
    kit = kit_of(tmp_path, files, [part("red"), part("good")])
    assert prove(tree, kit, "--next").code == 6
    assert written(tree) == []


def test_the_tests_run_on_a_copy(tree: Path, tmp_path: Path) -> None:
    text = f"from pathlib import Path\n{GOOD}    Path('left').write_text('here')\n"
    done = prove(tree, kit_of(tmp_path, {"tests/test_good.py": text}, []))
    assert done.code == 0, done.err
    assert not (tree / "left").exists()


def test_stubs_are_collected_and_written(tree: Path, mixed: Path) -> None:
    done = prove(tree, mixed, "--stubs")
    assert done.code == 0, done.err
    assert written(tree) == [f"test_{name}.py" for name in ("good", "on_top", "over", "red")]
    assert "left out: row:gone: tests/test_gone.py: ImportError" in done.out
    assert "(0 passed, 0 known defects, 4 todo)" in done.out


def test_other_answers_are_left_out_with_a_part_that_they_break(tree: Path, tmp_path: Path) -> None:
    text = GOOD.replace("== 1", "== [[ row_what ]]")
    kit = kit_of(
        tmp_path, {"tests/test_a.py.jinja": text, "tests/test_b.py": GOOD}, [part("a"), part("b")]
    )
    question = "row_what:\n  type: int\n  help: What one is.\n  default: 1\n"
    write_files(kit / "templates/row", {"questions.yml": question})
    assert prove(tree, kit, "--next").code == 0
    before = snapshot(tree)
    done = prove(tree, kit, "--part", "row:b", "--set", "row_what=2")
    assert (done.code, snapshot(tree)) == (6, before), done.out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_leaves_nothing(tree: Path, tmp_path: Path, number: int) -> None:
    begun = tmp_path / "begun"
    body = f"    Path({str(begun)!r}).write_text('')\n    time.sleep(600)\n"
    text = f"from pathlib import Path\nimport time\n\n\ndef test_one():\n{body}"
    kit = kit_of(tmp_path, {"tests/test_slow.py": text}, [])
    before, scratch = snapshot(tree), tmp_path / "tmp"
    scratch.mkdir()
    argv = [sys.executable, "-m", "scaffold", "new", "--gap", "row", "--prove", "--kit", str(kit)]
    run = subprocess.Popen(
        [*argv, "--python", sys.executable, "-C", str(tree)],
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Where the tests run in the background it is ignored, and that is inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 120
    while not begun.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    run.send_signal(number)
    assert run.wait(30) == 128 + number
    assert snapshot(tree) == before
    assert [path for path in scratch.rglob("*") if path.name == "copy"] == []
