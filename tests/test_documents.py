"""What the documents name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scaffold.checkout.status import STATES
from scaffold.kit import catalog

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    "README.md",
    "SECURITY.md",
    "CONTRIBUTING.md",
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")),
]
ROOMS = "| room | what it does |"
CHANGES = "| I want to change … | room | begin at |"


@pytest.mark.parametrize("page", PAGES)
def test_files_and_links_of_a_document_are_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)", text)
    missing = [link for link in links if not (ROOT / page).parent.joinpath(link).exists()]
    named = re.findall(r"`((?:tests|tools|docs|src)/[\w/.-]+\.\w+)`", text)
    missing += [name for name in named if not (ROOT / name).exists()]
    assert missing == []


@pytest.mark.parametrize("page", [*PAGES, "CHANGELOG.md"])
def test_a_document_has_no_marks_of_a_merge(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert re.findall(r"^(?:<{7}|>{7}) .*", text, re.MULTILINE) == []


def test_every_promise_of_the_security_page_names_its_tests() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    tables = text.split("| promise | tests |\n|---|---|\n")[1:]
    rows = [row for table in tables for row in table.split("\n\n")[0].splitlines()]
    assert len(rows) >= 18
    assert [row for row in rows if "tests/" not in row.rpartition(" | ")[2]] == []


def test_every_known_fault_names_tests_that_are_there() -> None:
    text = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    rows = [row for row in text.splitlines() if row.startswith("| ")]
    rows = [row for row in rows if not row.startswith("| what happened")]
    assert len(rows) >= 70
    assert [row for row in rows if "::" not in row.rpartition(" | ")[2]] == []
    for path, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text):
        source = (ROOT / path).read_text(encoding="utf-8")
        assert f"def {name}(" in source, f"{path} has no {name}"


@pytest.mark.parametrize("page", PAGES)
def test_no_document_holds_a_conflict_marker(page: str) -> None:
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if re.match(r"(<{7}|>{7}) |={7}$", line)] == []


def rows_below(header: str) -> list[list[str]]:
    """The cells of a table of docs/architecture.md, without the line below its header."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.partition(f"\n{header}\n")[2].partition("\n\n")[0]
    assert table, f"docs/architecture.md has no table '{header}'"
    return [line.strip("| ").split(" | ") for line in table.splitlines()[1:]]


def test_the_table_of_rooms_has_every_room_of_the_picture() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    picture = re.findall(r"```mermaid\nflowchart TD\n(.*?)```", text, re.DOTALL)[0]
    arrows = re.sub(r'\["[^"]*"\]', "", picture)
    drawn = set(re.findall(r"\w+", arrows))
    named = re.findall(r"`([\w/]+)`", " ".join(row[0] for row in rows_below(ROOMS)))
    assert drawn - {name.replace("/", "_") for name in named} == set()


def test_every_place_to_change_is_there() -> None:
    missing = []
    for _, rooms, places in rows_below(CHANGES):
        bases = [ROOT, ROOT / "src" / "scaffold"]
        bases += [ROOT / "src" / "scaffold" / room for room in re.findall(r"`([\w/]+)`", rooms)]
        for place in re.findall(r"`([\w/.]+(?:/|\.\w+))`", places):
            if not any((base / place).exists() for base in bases):
                missing.append(place)
    assert missing == []


def test_the_glossary_has_every_word_of_list_and_of_status() -> None:
    listed = {row[0] for row in rows_below('| `list`, column "template" | meaning |')}
    states = {row[0] for row in rows_below('| `status`, column "state" | meaning |')}
    assert listed == {f"`{word}`" for word in catalog.STATES}
    assert states == {f"`{word}`" for word in STATES if word != "skipped"}


def test_the_index_has_every_document() -> None:
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    pages = [path.name for path in (ROOT / "docs").glob("*.*") if path.name != "index.md"]
    assert [name for name in pages if f"]({name})" not in text] == []
