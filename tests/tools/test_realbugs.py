"""Which of upstream's fixes the tests reveal and guard: tools/realbugs.py."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import realbugs
from scaffold.kit.catalog import Kit, RunSpec
from scaffold.kit.cuts import RemovalSpec
from support.repositories import committed, git
from support.tree import write_files

FIRST = {"t::a": "passed", "t::b": "xfailed", "t::c": "passed", "t::d": "skipped"}


def test_a_green_test_that_fails_or_is_gone_has_turned() -> None:
    broken = {"t::a": "failed", "t::b": "xfailed", "t::d": "failed"}
    assert sorted(realbugs.turned(FIRST, broken)) == ["t::a", "t::c"]


def test_a_green_test_that_is_skipped_now_has_not_turned() -> None:
    assert not list(realbugs.turned(FIRST, {**FIRST, "t::a": "skipped"}))


def test_a_fix_leaves_out_lock_files_and_what_the_row_deletes(kit: Kit, tmp_path: Path) -> None:
    paths = ("cli/main.py", "cli/uv.lock", "crates/a/old_tests.rs", "crates/a/other_tests.rs")
    write_files(tmp_path, dict.fromkeys(paths, "before\n"))
    committed(tmp_path)
    write_files(tmp_path, dict.fromkeys(paths, "after\n"))
    git(tmp_path, "commit", "-q", "-a", "-m", "Two")
    gap = replace(kit.gap("labels"), removes=(RemovalSpec("crates/a/old_*.rs"),))

    patch = realbugs.fix_of(tmp_path, "HEAD", gap)

    files = [line for line in patch.splitlines() if line.startswith("+++")]
    assert files == ["+++ b/cli/main.py", "+++ b/crates/a/other_tests.rs"]


CRATE = '[package]\nname = "one"\nversion = "{}"\nedition = "2021"\n'


@pytest.mark.skipif(shutil.which("cargo") is None, reason="cargo is not here")
def test_a_lock_that_does_not_fit_is_renewed_and_another_is_left(kit: Kit, tmp_path: Path) -> None:
    gap = replace(kit.gap("labels"), run=RunSpec("cargo", "crates", ()))
    write_files(
        tmp_path,
        {
            "crates/Cargo.toml": CRATE.format("0.2.0"),
            "crates/src/lib.rs": "",
            "crates/Cargo.lock": 'version = 3\n\n[[package]]\nname = "one"\nversion = "0.1.0"\n',
        },
    )

    assert realbugs.renew_lock(gap, tmp_path)
    assert 'version = "0.2.0"' in (tmp_path / "crates/Cargo.lock").read_text()
    assert not realbugs.renew_lock(gap, tmp_path)


def test_a_row_whose_lock_was_renewed_says_so() -> None:
    bugs = [{"commit": "c1", "fault": "f1"}]
    found = {"commit": "c1", "gap": "row", "revealed": [], "guarded": ["m::one"], "hindered": []}
    text = "\n".join(realbugs.document(bugs, [{**found, "lock": "renewed"}]))
    assert "| c1 | f1 | row (Cargo.lock renewed) | no | `one` | none |" in text


def test_a_bug_counts_once_for_all_of_its_rows() -> None:
    bugs = [{"commit": "c1", "fault": "f1"}, {"commit": "c2", "fault": "f2"}]
    found = {"commit": "c1", "revealed": [], "guarded": ["m::one", "m::two"], "hindered": []}
    results = [{**found, "gap": "row"}, {**found, "gap": "other", "revealed": ["m::known"]}]
    text = "\n".join(realbugs.document(bugs, results))
    assert "Of 2 bugs 1 are measured: 1 revealed, 1 guarded." in text
    assert "| c1 | f1 | row | no | `one` and 1 more | none |" in text


def test_a_bug_that_is_missed_says_why() -> None:
    bugs = [{"commit": "c1", "fault": "f1", "missed": "no test asks for it"}]
    found = {"commit": "c1", "gap": "row", "revealed": [], "guarded": ["m::one"], "hindered": []}
    text = "\n".join(realbugs.document(bugs, [found]))
    assert "| c1 | f1 | row | no: no test asks for it | `one` | none |" in text


def test_a_row_that_cannot_be_measured_says_why() -> None:
    bugs = [{"commit": "c1", "fault": "f1"}]
    text = "\n".join(
        realbugs.document(bugs, [{"commit": "c1", "gap": "row", "failed": "it is red"}])
    )
    assert "Of 1 bugs 0 are measured: 0 revealed, 0 guarded." in text
    assert "| c1 | f1 | row | not measured: it is red |  |  |" in text


def test_the_document_is_the_one_that_the_results_give() -> None:
    text = "\n".join(realbugs.document(realbugs.read_bugs(), realbugs.read_results())) + "\n"
    assert realbugs.TABLE.read_text("utf-8") == text, "run: python tools/realbugs.py table"
