"""What the end-to-end rows did against a real stack: tools/stack.py."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pytest

import stack
from entries import keep_entry, read_entries
from field import FieldError

SUITE = """\
import pytest


@pytest.fixture
def mock_gateway():
    return "a gateway"


@pytest.mark.parametrize("case", [1, 2])
def test_both(mock_gateway, case):
    assert case == 1


def test_alone():
    pytest.skip("not here")
"""


@pytest.mark.slow
def test_each_test_is_kept_with_its_cases_and_what_it_ran_against(tmp_path: Path) -> None:
    home = tmp_path / "tests" / "e2e"
    home.mkdir(parents=True)
    (home / "test_it.py").write_text(SUITE)
    options = argparse.Namespace(python=sys.executable, binaries=tmp_path)

    found = stack.lines_of(stack.recorded(home, ["test_it.py"], "", options))

    kept = [{name: one[name] for name in ("test", "against", "outcomes")} for one in found]
    assert kept == [
        {"test": "test_alone", "against": "mock", "outcomes": {"skipped": 1}},
        {"test": "test_both", "against": "stack", "outcomes": {"failed": 1, "passed": 1}},
    ]


def test_what_failed_is_run_again_where_it_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack, "RESULTS", tmp_path / "stack.json")
    test = {"file": "test_it.py", "test": "test_both", "against": "stack", "seconds": 1.5}
    tests = [{**test, "outcomes": {"failed": 1, "passed": 1}},
             {**test, "test": "test_alone", "outcomes": {"passed": 1}}]  # fmt: skip
    entry = {"gap": "row", "commit": "c0ffee", "stack": "Envoy", "tests": tests}
    keep_entry(stack.RESULTS, entry)
    keep_entry(stack.RESULTS, {**entry, "case": "mended: other", "tests": tests[1:]})

    assert stack.failed("c0ffee") == ["test_both"]
    with pytest.raises(FieldError, match="no test that failed at decade"):
        stack.failed("decade")
    titles = [line for line in stack.page(read_entries(stack.RESULTS)) if line[:2] == "##"]
    assert titles == ["## row at c0ffee", "## row at c0ffee, mended: other"]


def test_the_page_lists_what_ran_against_the_stack() -> None:
    test = {"file": "test_it.py", "test": "test_both", "against": "stack", "seconds": 1.5}
    entry = {"gap": "row", "commit": "c0ffee", "stack": "Envoy", "tests": [
        {**test, "outcomes": {"failed": 1, "passed": 1}},
        {**test, "test": "test_alone", "against": "mock", "outcomes": {"passed": 1}},
    ]}  # fmt: skip

    lines = list(stack.page([entry]))

    assert "| stack | 2 | 1 | 1.5 |" in lines
    assert "| test_it.py | test_both | 1 failed, 1 passed | 1.5 |" in lines
    assert not any("test_alone" in line for line in lines)
