"""The ledger of mends: what it refuses, when it is stale, and what the table counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import mends
import renderings
from entries import keep_entry
from scaffold.checkout.find import Checkout
from scaffold.kit.catalog import Gap, Kit

ID = "limit-of-a-step"


@pytest.fixture
def gap(kit: Kit) -> Gap:
    """The demo's row that has a known defect."""
    return kit.gap("prices")


def entry(verdict: str = "turned", why: str = "", name: str = ID) -> Any:
    """The entry of `prices` at one commit."""
    found = {name: {"verdict": verdict, "why": why}}
    return {"gap": "prices", "commit": "aaaa", "digest": "0", "mends": found}


def test_a_mend_that_turns_its_tests_is_no_fault(gap: Gap) -> None:
    assert list(mends.faults(gap, entry())) == []
    assert list(mends.faults(gap, entry("not here"))) == []


def test_a_row_without_an_entry_or_without_one_of_its_mends_is_named(gap: Gap) -> None:
    assert list(mends.faults(gap, None)) == ["no entry"]
    assert list(mends.faults(gap, entry(name="other"))) == [f"the mend {ID} was not checked"]
    assert list(mends.faults(gap, entry(name="other"), stale=True)) == []


@pytest.mark.parametrize(
    "verdict", ["not turned", "changes others", "does not run", "does not apply"]
)
def test_a_wrong_mend_is_named_with_the_reason(gap: Gap, verdict: str) -> None:
    assert list(mends.faults(gap, entry(verdict, "test_a"))) == [f"the mend {ID} {verdict}: test_a"]


def test_an_entry_is_stale_when_the_row_renders_otherwise(
    gap: Gap, kit: Kit, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = Checkout(tree).find(gap).facts()
    (tmp_path / "aaaa.json").write_text(json.dumps({"prices": facts}))
    monkeypatch.setattr(renderings, "FACTS", tmp_path)
    fresh = {**entry(), "digest": mends.digest_of(kit, gap, facts)}
    assert not mends.is_stale(kit, gap, fresh)
    assert mends.is_stale(kit, gap, {**fresh, "digest": "0"})


def test_the_table_counts_what_turned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mends, "RESULTS", tmp_path / "mends.json")
    keep_entry(mends.RESULTS, entry())
    keep_entry(mends.RESULTS, {**entry("not here"), "commit": "bbbb"})
    keep_entry(mends.RESULTS, {**entry("not turned"), "commit": "cccc"})
    lines = mends.section()
    assert "| prices | aaaa | 1 of 1 | 0 | 0 | 0 |" in lines
    assert "| prices | bbbb | 0 of 0 | 0 | 1 | 0 |" in lines
    assert "| prices | cccc | 0 of 1 | 0 | 0 | 0 |" in lines


@pytest.mark.parametrize(("retired", "code"), [(False, 1), (True, 0)])
def test_a_row_needs_no_entry_where_it_is_retired(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, retired: bool, code: int
) -> None:
    ledger = [{"gap": "prices", "commit": "aaaa", "retired": retired}]
    monkeypatch.setattr(mends, "read_ledger", lambda: ledger)
    assert mends.check(kit, []) == code


def test_only_the_mends_that_changed_are_checked_again(
    gap: Gap, kit: Kit, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = mends.digests_of(kit, gap, Checkout(tree).find(gap).facts())[ID]
    asked: list[list[str]] = []

    def checked(gap: Gap, commit: str, folder: Path, names: list[str], python: None) -> Any:
        asked.append(names)
        return {name: {"verdict": "not turned", "why": "anew"} for name in names}

    monkeypatch.setattr(mends, "checked", checked)
    monkeypatch.setattr(mends, "RESULTS", tmp_path / "mends.json")
    for known, names, verdict in ((digest, [], "turned"), ("0", [[ID]], "not turned")):
        asked.clear()
        earlier = entry()
        earlier["mends"][ID]["digest"] = known
        keep_entry(mends.RESULTS, earlier)
        found = mends.entry_of(kit, gap, "aaaa", tree, None)
        assert asked == names
        assert found["mends"][ID]["verdict"] == verdict
        assert found["mends"][ID]["digest"] == digest
        assert found["digest"] == mends.digest_of(kit, gap, Checkout(tree).find(gap).facts())
