"""A language and a proof tool of docs/examples, put in by their lines in the two tables alone."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from scaffold.cli import run
from scaffold.languages import LANGUAGES, Language
from scaffold.proof import RUNNERS
from scaffold.proof.runner import Breaker, Runner
from support.command import Ran
from support.documents import ROOT
from support.tinykit import gap_toml, write_kit
from support.tree import snapshot, write_files

EXAMPLE = ROOT / "docs" / "examples" / "tally"
PAGE = (ROOT / "docs" / "extending.md").read_text("utf-8")
SOURCE = "total(a, b) = a + b\nless(a, b) = a - b\n"
CHECKS = """\
check total_adds: total(1, 2) = 3
check total_takes_less_than_nothing: total(-1, -2) = -3
check less_takes_away: less(total(2, 2), 1) = 3
"""
Ask = Callable[..., Ran]


@pytest.fixture
def kit_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The two lines of the tables, and a kit that uses them."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    for ending in (".tally", ".check"):
        monkeypatch.setitem(LANGUAGES, ending, "tally_language")
    monkeypatch.setitem(RUNNERS, "tally", "tally_runner:TallyRunner")
    # What other tests of this process distrust may hold the example too: its path goes then.
    for module in ("tally_language", "tally_runner"):
        importlib.import_module(module)
    gap = gap_toml(
        language="tally_language",
        run={"runner": "tally", "root": ".", "baseline": ["tests"]},
        targets=[{"name": "sums", "paths": ["app.tally"], "symbols": [],
                  "line_pct": 100, "kill_pct": 100}],
    )  # fmt: skip
    templates: dict[str, str | bytes] = {
        "kit.toml": 'name = "sums"\n\n[checkout]\nmarkers = ["app.tally"]\n',
        "sums/gap.toml": gap,
        "sums/README.md": "# sums\n",
        "sums/files/tests/sums.check.jinja": CHECKS,
    }
    return write_kit(tmp_path / "kit", templates)


@pytest.fixture
def app_tree(tmp_path: Path) -> Path:
    return write_files(tmp_path / "app", {"app.tally": SOURCE, "tests/own.check": "# none yet\n"})


@pytest.fixture
def ask(kit_folder: Path, capfd: pytest.CaptureFixture[str]) -> Ask:
    """Run a command of ours in this process, which has the two lines."""

    def asked(*words: str | Path) -> Ran:
        capfd.readouterr()
        code = run([str(word) for word in (*words, "--kit", kit_folder)])
        told = capfd.readouterr()
        return Ran(code, told.out, told.err)

    return asked


def test_the_whole_of_scaffold_works_in_the_new_language(ask: Ask, app_tree: Path) -> None:
    before = snapshot(app_tree)
    assert ask("list").code == 0
    stubs = ask("new", "--gap", "sums", "-C", app_tree, "--stubs")
    assert stubs.code == 0, stubs.err
    assert "todo total_adds: total adds" in (app_tree / "tests" / "sums.check").read_text()
    assert ask("verify", "sums", "-C", app_tree).code == 6
    full = ask("new", "--gap", "sums", "-C", app_tree)
    assert full.code == 0, full.err
    proof = ask("verify", "sums", "--mutants", "all", "-C", app_tree, "--json")
    assert proof.code == 0, proof.err
    (record,) = json.loads(proof.out)["outcomes"]
    assert (record["verdict"], record["killed"], record["viable"]) == ("proved", 2, 2)
    assert "proved" in ask("status", "-C", app_tree).out
    assert ask("undo", "-C", app_tree).code == ask("undo", "-C", app_tree).code == 0
    after = snapshot(app_tree)
    assert {path: after[path] for path in before} == before


def test_a_broken_target_is_red(ask: Ask, app_tree: Path) -> None:
    assert ask("new", "--gap", "sums", "-C", app_tree).code == 0
    (app_tree / "app.tally").write_text(SOURCE.replace("a + b", "a + a"))
    ran = ask("verify", "sums", "-C", app_tree)
    assert ran.code == 6 and "total(1, 2) is 2, not 3" in ran.fact


def test_a_function_without_tests_misses_the_bars(ask: Ask, app_tree: Path) -> None:
    assert ask("new", "--gap", "sums", "-C", app_tree).code == 0
    (app_tree / "app.tally").write_text(SOURCE + "unused(a) = a + 1\n")
    ran = ask("verify", "sums", "--mutants", "all", "-C", app_tree)
    assert ran.code == 6
    assert "sums: below" in ran.out and "2/3 mutants killed" in ran.out


def test_a_filled_stub_is_kept_and_the_others_are_filled(ask: Ask, app_tree: Path) -> None:
    assert ask("new", "--gap", "sums", "-C", app_tree, "--stubs").code == 0
    place = app_tree / "tests" / "sums.check"
    mine = "check total_adds: total(2, 2) = 4"
    place.write_text(place.read_text().replace("todo total_adds: total adds", mine + "  "))
    assert ask("new", "--gap", "sums", "-C", app_tree).code == 0
    assert mine in place.read_text()
    assert "check less_takes_away: less(total(2, 2), 1) = 3" in place.read_text()


def test_the_layout_of_a_file_is_no_edit(ask: Ask, app_tree: Path) -> None:
    assert ask("new", "--gap", "sums", "-C", app_tree).code == 0
    place = app_tree / "tests" / "sums.check"
    place.write_text(place.read_text().replace("\n", "  \n"))
    (row,) = json.loads(ask("status", "-C", app_tree, "--json").out)["gaps"]
    assert row["state"] == "generated"


def test_a_target_that_does_not_parse_blocks_its_row(ask: Ask, app_tree: Path) -> None:
    (app_tree / "app.tally").write_text("total(a, b = a + b\n")
    ran = ask("new", "--gap", "sums", "-C", app_tree)
    assert (ran.code, ran.fact) == (3, "app.tally:1 does not parse")


def test_the_page_names_every_member_and_the_example_has_it(kit_folder: Path) -> None:
    language = importlib.import_module("tally_language")
    tool = importlib.import_module("tally_runner")
    for protocol, offered in (
        (Language, language),
        (Runner, tool.TallyRunner),
        (Breaker, tool.TallyBreaker),
    ):
        members = set(protocol.__annotations__) | {
            name for name in vars(protocol) if not name.startswith("_")
        }
        assert members
        for name in sorted(members):
            assert f"`{name}`" in PAGE, f"docs/extending.md does not name {name}"
            assert hasattr(offered, name), name


def test_the_page_shows_the_lines_of_the_tables() -> None:
    for line in re.findall(r'^"[.\w]+": "scaffold\.[\w.:]+",', PAGE, re.MULTILINE):
        text = "".join(
            (ROOT / "src" / "scaffold" / room / "__init__.py").read_text("utf-8")
            for room in ("languages", "proof")
        )
        assert line.rstrip(",") in text
