"""docs/troubleshooting.md has a section for each exit code, with the messages as printed."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scaffold import cli, errors
from support.command import Ran, scaffold
from support.documents import ROOT
from support.repositories import committed, git
from support.tinykit import DEMO_KIT
from support.tree import write_files

PAGE = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
SECTIONS = {
    heading: text
    for heading, text in re.findall(r"^## ([\d, ]+): [^\n]*\n(.*?)(?=^## )", PAGE, re.M | re.S)
}
RED = "def test_{}(): assert 1 == 2\n"
Ask = Callable[..., Ran]


def codes() -> set[int]:
    """Every exit code that a command can end with."""
    refusals = [errors.ScaffoldError]
    for one in refusals:
        refusals += one.__subclasses__()
    return {0, *(one.exit_code for one in refusals), *cli.SIGNALS}


def test_every_exit_code_has_a_section_there_and_a_row_in_the_architecture() -> None:
    headed = [int(code) for heading in SECTIONS for code in heading.split(",")]
    assert sorted(headed) == sorted(codes())
    table = (ROOT / "docs" / "architecture.md").read_text("utf-8").partition("## Exit codes")[2]
    rows = re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE)
    assert {int(code) for row in rows for code in row.split(",")} == codes()


def unknown_gap(tree: Path, ask: Ask) -> Ran:
    return ask("new", "--gap", "pricse")


def nothing_picked(tree: Path, ask: Ask) -> Ran:
    return ask("new")


def another_folder(tree: Path, ask: Ask) -> Ran:
    (tree / "parcels" / "__init__.py").unlink()
    return ask("status")


def retired(tree: Path, ask: Ask) -> Ran:
    return ask("new", "--gap", "tracking")


def unparsable(tree: Path, ask: Ask) -> Ran:
    (tree / "parcels" / "labels.py").write_text("def f(: pass\n")
    return ask("new", "--gap", "labels")


def nobody(tree: Path, ask: Ask) -> Ran:
    committed(tree)
    git(tree, "config", "user.name", "")
    return ask("new", "--gap", "labels", "--commit")


def refused_by_a_hook(tree: Path, ask: Ask) -> Ran:
    committed(tree)
    for name in ("name", "email"):
        git(tree, "config", f"user.{name}", "ada@example.com")
    hook = write_files(tree, {".git/hooks/pre-commit": "#!/bin/sh\nexit 1\n"})
    (hook / ".git/hooks/pre-commit").chmod(0o755)
    return ask("new", "--gap", "prices", "--commit")


def in_the_way(tree: Path, ask: Ask) -> Ran:
    (tree / "tests" / "test_prices.py").write_text("# mine\n")
    return ask("new", "--gap", "prices")


def edited(tree: Path, ask: Ask) -> Ran:
    ask("new", "--gap", "prices")
    _add_to(tree / "tests" / "test_prices.py", "# mine\n")
    return ask("undo")


def red_before(tree: Path, ask: Ask) -> Ran:
    ask("new", "--gap", "prices")
    (tree / "tests" / "test_mine.py").write_text(RED.format("red"))
    return ask("verify", "prices", "--python", sys.executable)


def red_after(tree: Path, ask: Ask) -> Ran:
    ask("new", "--gap", "prices")
    _add_to(tree / "tests" / "test_prices.py", "\n" + RED.format("x"))
    return ask("verify", "prices", "--python", sys.executable)


def no_interpreter(tree: Path, ask: Ask) -> Ran:
    ask("new", "--gap", "prices")
    return ask("verify", "prices", "--python", "/bin/true")


def gate(tree: Path, ask: Ask) -> Ran:
    return ask("status", "--fail-on", "open:P0")


def broken_kit(tree: Path, ask: Ask) -> Ran:
    kit = tree / "KIT"
    shutil.copytree(DEMO_KIT, kit)
    place = kit / "templates" / "prices" / "gap.toml"
    place.write_text(place.read_text().replace("\nsymbols", "\nsymbls"))
    return ask("list", "--kit", kit)


def full_disk(tree: Path, ask: Ask) -> Ran:
    from support.command import started

    def onto_a_full_disk() -> None:
        import os

        os.dup2(os.open("/dev/full", os.O_WRONLY), 1)

    return started("list", cwd=tree, before=onto_a_full_disk)


def _add_to(place: Path, text: str) -> None:
    place.write_text(place.read_text() + text)


WAYS = {
    2: [unknown_gap, nothing_picked],
    3: [another_folder, retired, unparsable, nobody],
    4: [in_the_way, edited],
    5: [red_before],
    6: [red_after],
    7: [no_interpreter],
    8: [gate],
    9: [broken_kit],
    10: [refused_by_a_hook],
    74: [full_disk],
}
"""Exit code -> what ends with it, in the order of the page."""


def test_every_message_of_the_page_is_provoked_below() -> None:
    counts = {
        int(head): text.count("error: ") for head, text in SECTIONS.items() if "error: " in text
    }
    assert counts == {code: len(ways) for code, ways in WAYS.items()}


@pytest.mark.parametrize("code", WAYS)
def test_its_messages_are_those_of_the_commands(
    code: int, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCAFFOLD_KIT", str(DEMO_KIT))
    shown = re.findall(r"^error: (.*)$", SECTIONS[str(code)], re.MULTILINE)
    for number, (way, fact) in enumerate(zip(WAYS[code], shown, strict=True)):
        here = Path(shutil.copytree(tree, tmp_path / str(number)))
        ran = way(here, lambda *words, here=here: scaffold(*words, cwd=here))
        told = ran.fact.replace(f"{here}/KIT", "KIT").replace(str(here), "DIR")
        assert (ran.code, told) == (code, fact)
