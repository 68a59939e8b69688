"""A file of measured entries, one a row, commit and case, sorted by these."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


def key_of(entry: Entry) -> tuple[str, str, str]:
    """Row, commit and case of an entry; sorts the file."""
    return entry["gap"], entry["commit"], entry.get("case", "default")


def read_entries(page: Path) -> list[Entry]:
    """All entries; none where there is no file."""
    if not page.is_file():
        return []
    entries: list[Entry] = json.loads(page.read_text("utf-8"))["entries"]
    return entries


def find_entry(
    entries: Iterable[Entry], gap: str, commit: str, case: str = "default"
) -> Entry | None:
    """The entry of a row at a commit."""
    return next((item for item in entries if key_of(item) == (gap, commit, case)), None)


def keep_entry(page: Path, entry: Entry) -> None:
    """Write the file with the entry in its place."""
    rest = [item for item in read_entries(page) if key_of(item) != key_of(entry)]
    entries = sorted([*rest, entry], key=key_of)
    page.parent.mkdir(exist_ok=True)
    page.write_text(json.dumps({"entries": entries}, indent=1) + "\n", encoding="utf-8")


def kill_share(entry: Entry, target: Mapping[str, Any]) -> float:
    """Killed share in percent of the viable mutants that a test can tell apart."""
    count = distinct(entry, target)
    return 100 * (target["killed"] or 0) / count if count else 100.0


def distinct(entry: Entry, target: Mapping[str, Any]) -> int:
    """How many viable mutants of a target a test can tell apart from the original."""
    alive: int = sum(
        not item["equivalent"] and item["file"] == target["path"] for item in entry["survivors"]
    )
    killed: int = target["killed"] or 0
    return killed + alive


def survived(entry: Entry, target: Mapping[str, Any]) -> int:
    """Survivors of a target, explained or not."""
    return sum(item["file"] == target["path"] for item in entry["survivors"])


def kill_cell(entry: Entry, target: Mapping[str, Any]) -> str:
    """The killed share of a target, and the two numbers that it is made of."""
    count = distinct(entry, target)
    if not count:
        return "only equivalent mutants" if survived(entry, target) else "no mutants"
    return f"{kill_share(entry, target):.1f} % ({target['killed']}/{count})"
