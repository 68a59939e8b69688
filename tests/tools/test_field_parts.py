"""The ledger by part: what a part adds, and what is not measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import field_parts
from entries import read_entries
from scaffold.kit.catalog import Kit


def proof(killed: int, missing: list[list[int]], tests: int = 1) -> dict[str, Any]:
    return {
        "generated": tests,
        "known_defects": 0,
        "killed": killed,
        "viable": 10,
        "targets": [{"path": "app.py", "line_cov_pct": 50.0, "missing": missing}],
    }


def test_a_part_is_what_the_second_proof_shows_beyond_the_first() -> None:
    own = field_parts.added(proof(4, [[1, 4], [9, 9]]), proof(7, [[9, 9]], tests=3))
    assert (own["tests"], own["killed"], own["lines"]) == (2, 3, 4)


def test_a_part_without_needs_is_the_whole_proof() -> None:
    own = field_parts.added(None, proof(7, [[9, 9]]))
    assert (own["tests"], own["killed"], own["lines"]) == (1, 7, None)


@pytest.mark.parametrize(("digest", "lacks"), [("now", 0), ("earlier", 1)])
def test_a_row_that_renders_otherwise_is_not_measured(kit: Kit, digest: str, lacks: int) -> None:
    entry = {"gap": "labels", "commit": "aaaa", "digest": "now"}
    measured = [{**entry, "digest": digest, "parts": []}]
    assert len(field_parts.missing(kit, [entry], measured)) == lacks


def test_nothing_is_measured_at_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(field_parts, "PARTS", tmp_path / "parts.json")
    assert read_entries(field_parts.PARTS) == []
