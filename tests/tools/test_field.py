"""The ledger: what it refuses, what it counts, and when an entry is stale."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import field as fieldwork
import renderings
from entries import keep_entry, key_of, kill_cell, kill_share
from scaffold.kit.catalog import Gap, Kit, Target, Twin
from support.tree import write_files


@pytest.fixture
def gap(kit: Kit) -> Gap:
    """The demo's row `labels`, held to bars."""
    target = Target("labels", ("parcels/labels.py",), line_pct=98, kill_pct=90)
    return replace(kit.gap("labels"), targets=(target,))


def entry(line: float | None = 100.0, killed: int = 9, *survivors: dict[str, Any]) -> Any:
    return {
        "gap": "labels",
        "commit": "aaaa",
        "targets": [{"path": "parcels/labels.py", "line_cov_pct": line, "killed": killed}],
        "survivors": list(survivors),
    }


def survivor(reason: str = "", equivalent: bool = False) -> dict[str, Any]:
    return {
        "file": "parcels/labels.py",
        "line": 3,
        "operator": "NumberReplacer",
        "change": "a -> b",
        "reason": reason,
        "equivalent": equivalent,
    }


def test_an_entry_that_meets_its_bars_has_nothing_to_say(gap: Gap) -> None:
    told = survivor("nobody reads it", True)
    assert list(fieldwork.below(gap, entry(98.0, 9, told))) == []


def test_an_equivalent_survivor_counts_neither_way_and_another_one_does(gap: Gap) -> None:
    dear = survivor("takes an hour to tell")
    assert kill_share(entry(100, 9, survivor("same", True)), target(gap)) == 100
    assert kill_share(entry(100, 9, dear), target(gap)) == 90
    lines = list(fieldwork.below(gap, entry(100.0, 8, dear)))
    assert lines == ["parcels/labels.py: 88.9 % killed, not 90"]


def test_the_share_of_the_ledger_has_the_denominator_that_is_printed(gap: Gap) -> None:
    same = survivor("same", True)
    found = entry(100, 9, same, survivor("takes an hour to tell"))
    assert kill_cell(found, target(gap)) == "90.0 % (9/10)"
    nothing = {**target(gap), "killed": 0}
    assert kill_cell(entry(100, 0, same), nothing) == "only equivalent mutants"
    assert kill_cell(entry(100, 0), nothing) == "no mutants"


def target(gap: Gap) -> dict[str, Any]:
    return {"path": gap.targets[0].paths[0], "killed": 9}


@pytest.mark.parametrize("line", [97.9, None])
def test_coverage_below_its_bar_or_unknown_is_red(gap: Gap, line: float | None) -> None:
    assert list(fieldwork.below(gap, entry(line))) == [
        f"parcels/labels.py: {line} % of lines, not 98"
    ]


def test_a_survivor_without_a_sentence_is_red(gap: Gap) -> None:
    [line] = fieldwork.below(gap, entry(100.0, 99, survivor()))
    assert line == "survivor without a sentence: parcels/labels.py:3 a -> b"


def test_a_sentence_is_found_by_file_operator_and_change() -> None:
    twin = Twin("labels.py", "a -> b", "the same", "NumberReplacer")
    found = fieldwork.explanation(survivor(), [twin])
    assert found == {"reason": "the same", "equivalent": True}
    other = fieldwork.explanation({**survivor(), "change": "a -> c"}, [twin])
    assert other == {"reason": "", "equivalent": False}


def test_a_ready_row_without_an_entry_is_red(kit: Kit, capsys: pytest.CaptureFixture[str]) -> None:
    assert fieldwork.check(kit, [{"gap": "prices", "commit": "aaaa", "retired": True}]) == 1
    printed = capsys.readouterr().out
    assert "ledger: labels has no entry at aaaa" in printed
    assert "prices has no entry" not in printed and "routes" not in printed


def test_an_entry_is_stale_when_its_row_renders_otherwise(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renderings, "FACTS", tmp_path)
    (tmp_path / "aaaa.json").write_text('{"labels": {}}')
    digest = renderings.rendered_digest(kit, kit.gap("labels"), {})
    fresh = {"gap": "labels", "commit": "aaaa", "digest": digest}
    assert list(fieldwork.stale(kit, [fresh])) == []
    assert list(fieldwork.stale(kit, [{**fresh, "digest": "0"}])) == ["labels aaaa"]


def test_the_table_marks_an_entry_that_is_stale(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renderings, "FACTS", tmp_path)
    monkeypatch.setattr(fieldwork, "TABLE", tmp_path / "ledger.md")
    (tmp_path / "aaaa.json").write_text('{"labels": {}}')
    fresh, case = measured(kit, "default", 98.0), measured(kit, "few_serials", 98.0)
    fieldwork.write_table(kit, [{**fresh, "digest": "0"}, {**case, "digest": "0"}])
    table = (tmp_path / "ledger.md").read_text()
    assert "| labels (stale) | aaaa |" in table and "| labels (few_serials, stale) |" in table
    fieldwork.write_table(kit, [fresh])
    assert "| labels | aaaa |" in (tmp_path / "ledger.md").read_text()


def test_an_entry_of_a_case_stands_beside_that_of_the_defaults(
    kit: Kit, gap: Gap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    for name, path in (("LEDGER", "ledger.json"), ("TABLE", "ledger.md")):
        monkeypatch.setattr(fieldwork, name, tmp_path / path)
    monkeypatch.setattr(renderings, "FACTS", tmp_path / "facts")
    write_files(tmp_path, {"facts/aaaa.json": '{"labels": {}}'})
    for case, line in (("few_serials", 50.0), ("default", 98.0)):
        keep_entry(fieldwork.LEDGER, measured(kit, case, line))
    ledger = fieldwork.read_ledger()
    assert [key_of(item)[2] for item in ledger] == ["default", "few_serials"]
    row = replace(kit, gaps={"labels": replace(gap, state="ready")})
    assert fieldwork.check(row, ledger) == 1
    told = [line for line in capsys.readouterr().out.splitlines() if "make field" not in line]
    assert told == ["ledger: labels aaaa (few_serials): parcels/labels.py: 50.0 % of lines, not 98"]
    fieldwork.write_table(row, ledger)
    table = (tmp_path / "ledger.md").read_text()
    assert "| labels | aaaa |" in table and "| labels (few_serials) | aaaa |" in table


def measured(kit: Kit, case: str, line: float) -> dict[str, Any]:
    """An entry as `run` makes it."""
    item = {**entry(line), "generated": 1, "known_defects": 0, "suites": 0}
    item["targets"][0].update(viable=9, line_bar_pct=98)
    digest = renderings.rendered_digest(kit, kit.gap("labels"), {}, case)
    return {**item, "digest": digest} | ({} if case == "default" else {"case": case})


def test_the_answers_of_a_case_are_given_to_the_command(kit: Kit) -> None:
    assert fieldwork.settings(kit.gap("labels"), "default") == []
    assert fieldwork.settings(kit.gap("labels"), "few_serials") == ["--set", "labels_serials=3"]


def test_the_tests_of_a_file_that_the_row_deleted_are_not_missed(tmp_path: Path, gap: Gap) -> None:
    record = {"files": {}, "removed": {"crates/app/src/old_tests.rs": "digest"}}
    write_files(tmp_path, {".scaffold/state.json": json.dumps({"gaps": {gap.slug: record}})})
    before = {"app::old_tests::tests::it_held": "passed", "app::tests::it_holds": "passed"}
    left = fieldwork.without_removed(before, tmp_path, gap)
    assert left == {"app::tests::it_holds": "passed"}
