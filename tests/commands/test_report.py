"""Plans and rows as text: pure functions."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffold.checkout.status import Status
from scaffold.checkout.verdict import Verdict
from scaffold.commands import report
from scaffold.kit.catalog import Kit
from scaffold.plan.changes import Action, Change


def change(action: Action, path: str = "a.py", note: str = "") -> Change:
    return Change(path, "g", action, None, b"", note=note)


def test_a_table_pads_all_columns_but_the_last() -> None:
    assert report.table([["a", "bbb", ""], ["aaaa", "b", "last  "]], ["h", "i", "j"]) == (
        "h     i    j\na     bbb\naaaa  b    last"
    )


CELLS = st.text("ab:- ", max_size=60).map(lambda text: " ".join(text.split()))


def on_a_terminal(columns: int, rows: Sequence[Sequence[str]], header: Sequence[str]) -> str:
    """A table as a terminal with so many columns shows it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.stdout, "isatty", lambda: True)
        patch.setenv("COLUMNS", str(columns))
        return report.table(rows, header)


@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=5), columns=st.integers(40, 120))
def test_a_table_fits_a_terminal_and_keeps_every_cell(
    rows: list[tuple[str, str, str]], columns: int
) -> None:
    lines = on_a_terminal(columns, rows, ["one", "two", "three"]).split("\n")
    assert max(map(len, lines)) <= columns
    shown, given_ = "".join(lines).split(), "".join("".join(row) for row in rows)
    assert sorted("".join(shown)) == sorted(("onetwothree" + given_).replace(" ", ""))


def test_a_table_on_a_narrow_terminal_breaks_the_cells_that_few_rows_share() -> None:
    rows = [
        ["handlers:relay", "cargo", "on their way"],
        ["handlers:spans", "cargo", "what a trace"],
        ["handlers:state", "cargo, PostgreSQL", "rows of data"],
    ]
    assert on_a_terminal(40, rows, ["part", "tools", "title"]) == (
        "part            tools       title\n"
        "handlers:relay  cargo       on their way\n"
        "handlers:spans  cargo       what a trace\n"
        "handlers:state  cargo,      rows of data\n"
        "                PostgreSQL"
    )


def test_a_table_in_a_pipe_has_one_line_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    assert report.table([["a" * 30, "b" * 30]], ["h", "i"]).count("\n") == 1


def test_every_action_has_its_mark() -> None:
    changes = [change(action, f"{action}.py") for action in Action]
    lines = report.plan_lines(changes, ["left out: x: y"]).splitlines()
    assert [line[2] for line in lines[:-1]] == ["+", "~", "-", ">", "=", ".", "!"]
    assert lines[-1] == "  left out: x: y"


def test_the_summary_counts_actions() -> None:
    changes = [change(Action.CREATE), change(Action.CREATE), change(Action.SAME)]
    assert report.plan_summary(changes) == "2 to create, 1 the same"
    assert report.plan_summary([]) == "nothing to do"


def test_a_proof_is_reported_by_its_verdict_and_counts(kit: Kit) -> None:
    gap = kit.gap("prices")
    assert report.proof_cell(Status(gap, "open")) == "-"
    proof = {"passed": 3, "known_defects": 1, "todo": 2, "failed": 6, "killed": 4, "viable": 5}
    row = Status(gap, "generated", "a note", proof, Verdict.RED)
    counts = "3 passed, 1 known defect, 2 todo, 6 failed, 4/5 killed"
    assert report.proof_cell(row) == f"red: {counts}"
    stale = replace(row, stale=("app.py changed", "the kit's row changed"))
    assert report.proof_cell(stale) == f"red (stale): {counts}"
    assert report.status_note(stale) == "a note; stale: app.py changed; the kit's row changed"


def test_a_row_in_full_names_targets_bars_and_questions(kit: Kit) -> None:
    from scaffold.kit.questions import load_questions

    gap = kit.gap("prices")
    text = report.row(gap, ["tests/test_prices.py"], load_questions(gap))
    assert "target: parcels/prices.py (line at least 100 %, killed at least 90 %)" in text
    assert "writes: tests/test_prices.py" in text
    assert (
        "asks: prices_heaviest (int, 9999): Which is the heaviest parcel to try, in grams?" in text
    )
    assert "skipped: orders by fax are no longer taken" in report.row(kit.gap("fax"), [], [])
    assert "template: not built yet" in report.row(kit.gap("routes"), [], [])
