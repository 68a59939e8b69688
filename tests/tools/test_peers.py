"""The pure parts of `make peers` and of tools/releases.py: what is dropped, counted and shown."""

from __future__ import annotations

import ast

import pytest

from peer_scores import Score, counted, joined, remove_tests
from peer_tables import release_part, share, upstream_part
from peer_tools import PEERS, verdict_in
from peers import row
from release_trees import versions_of
from releases import counted as counted_outcomes
from releases import document, mark, numbers
from scaffold.proof.kill_check import Judged
from scaffold.proof.mutants import Found, Mutant, MutantVerdict
from scaffold.proof.pytest.trail import IMPORTED, SHARED, Trail
from scaffold.proof.runner import SubjectTarget

TARGET = SubjectTarget("calc", "cli/calc.py", "calc")
SOURCE = '''\
import pytest


@pytest.mark.parametrize("n", [1, 2])
def test_first(n):
    assert n


def test_second():
    assert """
    several lines
    """


class TestGroup:
    def test_third(self):
        assert True
'''


def score_of(killed: set[str], invalid: set[str] | None = None, **changes: object) -> Score:
    parts = {
        "mutants": {TARGET.path: frozenset("abcd")},
        "killed": frozenset(killed),
        "invalid": frozenset(invalid or ()),
        "tests": {TARGET.path: 2},
        "dropped": (),
        "notes": {},
        **changes,
    }
    return Score(**parts)  # type: ignore[arg-type]


def names(source: str) -> list[str]:
    return [node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]


def test_a_dropped_test_leaves_the_others_where_they_were() -> None:
    rest = remove_tests(SOURCE, {"test_first"})
    assert names(rest) == ["test_second", "test_third"]
    assert "parametrize" not in rest
    assert rest.splitlines().index("class TestGroup:") == 14


def test_a_class_that_lost_its_only_test_still_compiles() -> None:
    rest = remove_tests(SOURCE, {"TestGroup::test_third", "test_second"})
    assert names(rest) == ["test_first"]


def test_a_file_without_a_test_left_is_nothing() -> None:
    assert remove_tests(SOURCE, {"test_first", "test_second", "TestGroup::test_third"}) == ""


def test_a_name_that_is_not_there_drops_nothing() -> None:
    assert remove_tests(SOURCE, {"test_other"}) == SOURCE


def test_all_are_counted_on_the_same_mutants() -> None:
    scores = {
        "scaffold": score_of({"a", "b", "c"}),
        # An import that fails tells of a mutant only where its line is run again.
        "upstream": score_of({"b", "d"}, invalid={"c"}),
    }
    assert row(TARGET, scores) == {
        "viable": 3,
        "scaffold": {"tests": 2, "killed": 2},
        "upstream": {"tests": 2, "killed": 2, "both": 1},
    }


def test_what_is_run_apart_is_counted_together() -> None:
    first = score_of({"a"}, dropped=("x",), notes={"calc": {"said": "hm"}})
    other = score_of({"z"}, mutants={"cli/z.py": frozenset("z")}, tests={"cli/z.py": 1})
    both = joined(first, other)
    assert both.killed == {"a", "z"}
    assert both.mutants == {**first.mutants, **other.mutants}
    assert (both.tests["cli/z.py"], both.dropped, both.notes) == (1, ("x",), first.notes)


def test_dropped_tests_are_reported_of_the_module_they_were_written_for() -> None:
    notes = {"calc": {"file": "test/test_calc_x.py", "seconds": 1.0, "said": ""}}
    dropped = ("test/test_calc_x.py::test_a", "test/test_other_x.py::test_b")
    told = score_of(set(), dropped=dropped, notes=notes).told(TARGET)
    assert told == {"tests": 2, "seconds": 1.0, "said": "", "dropped": 1}


def test_a_score_counts_tests_that_run_the_module_and_timeouts_as_kills() -> None:
    mutants = tuple(Mutant(name, TARGET.path, "", 1, "", "") for name in "abc")
    trail = Trail(
        order=("one", "two"),
        seconds=(0.0, 0.0),
        lines={TARGET.path: {1: (IMPORTED,), 2: (1, SHARED), 3: (1,)}},
        spawning=frozenset(),
        python=("python",),
        env={},
        version="",
        preload=(),
        modules={},
        read=(),
    )
    one, two, three = MutantVerdict.KILLED, MutantVerdict.TIMEOUT, MutantVerdict.SURVIVED
    words = {"a": one, "b": two, "c": three}
    score = counted([TARGET], Judged(Found(mutants), words), trail, [])
    assert score.killed == {"a", "b"}
    assert score.tests == {TARGET.path: 1}


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [(0, 0, "0 %"), (0, 7, "0.0 %"), (1, 3, "33.3 %"), (9999, 10000, "99.9 %"), (7, 7, "100 %")],
)
def test_a_share_is_never_rounded_up_to_all(part: int, whole: int, told: str) -> None:
    assert share(part, whole) == told


def test_the_table_of_generators_tells_nothing_written_as_nothing_killed() -> None:
    peers = {peer.name: peer.version for peer in PEERS}
    empty = {"tests": 0, "killed": 0, "seconds": 1.0, "dropped": 0, "said": "nothing to test"}
    some = {"tests": 3, "killed": 1, "seconds": 1.0, "dropped": 2, "said": ""}
    found = {
        "version": "0.4.8",
        "seed": 1,
        "seconds": 120,
        "mutants": "all",
        "peers": peers,
        "modules": {
            "calc": {
                "viable": 4,
                "scaffold": {"tests": 9, "killed": 4},
                "Pynguin": empty,
                "Hypothesis ghostwriter": some,
            }
        },
    }
    text = release_part(found)
    assert (
        "| calc | 4 | 100 % (4) · 9 tests | 0.0 % (0) · 0 tests "
        "| 25.0 % (1) · 3 tests, 2 dropped |" in text
    )
    assert "| module | mutants | scaffold | Pynguin 0.48.0 | Hypothesis ghostwriter " in text
    assert "- Pynguin, calc: nothing written (“nothing to test”)" in text
    assert "peers.py --release 0.4.8 --seed 1 --seconds 120`" in text


def test_the_table_of_upstream_adds_up() -> None:
    found = {
        "commit": "abc",
        "mutants": 50,
        "dropped": ["test/test_a.py::test_red"],
        "modules": {
            "calc": {
                "viable": 10,
                "scaffold": {"tests": 9, "killed": 8},
                "upstream": {"tests": 3, "killed": 4, "both": 3},
            }
        },
    }
    text = upstream_part(found)
    assert "| calc | 10 | 40.0 % (4) | 80.0 % (8) | 3 | 1 | 1 |" in text
    assert "--upstream abc=DIR --mutants 50`" in text
    assert "`test/test_a.py::test_red`" in text


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "it said nothing"),
        (["one", "", "two", ""], "two"),
        (["[1:2] [ERROR] [W-1](a.b:c:1): nothing here.", "[1:3] [INFO](x): bye"], "nothing here."),
        (["Error: no such module", "Try 'write --help'"], "Error: no such module"),
    ],
    ids=["silence", "last", "error", "usage"],
)  # fmt: skip
def test_what_a_generator_said_is_its_last_error(lines: list[str], said: str) -> None:
    assert verdict_in(lines) == said


def test_releases_are_read_oldest_first() -> None:
    listing = "planoai (0.4.10)\nAvailable versions: 0.4.10, 0.4.9, 0.4.1\n  INSTALLED: 0.4.8\n"
    assert versions_of(listing) == ["0.4.1", "0.4.9", "0.4.10"]
    assert versions_of("nothing of it") == []
    assert sorted(["0.4.10", "0.4.9"], key=numbers) == ["0.4.9", "0.4.10"]


def test_the_last_line_of_pytest_is_counted() -> None:
    line = "1 failed, 304 passed, 2 skipped, 118 xfailed, 1 error in 3.21s"
    assert counted_outcomes(line) == {
        "failed": 1, "passed": 304, "skipped": 2, "xfailed": 118, "error": 1,
    }  # fmt: skip


def test_the_table_of_releases_names_what_is_wrong() -> None:
    good = {"gaps": {"targets": "x"}, "retired": [], "tests": {"passed": 3}, "problems": []}
    none = {"gaps": {}, "retired": ["targets"], "tests": {}, "problems": []}
    bad = {**good, "problems": ["FAILED test_a[x|y]"]}
    lines = document({"0.4.10": bad, "0.4.9": good, "0.4.0": none})
    assert lines[-3:] == [
        "| 0.4.0 | none | targets | 0 | 0 | 0 | nothing to test, nothing written |",
        "| 0.4.9 | targets |  | 3 | 0 | 0 | green, same, exact |",
        "| 0.4.10 | targets |  | 3 | 0 | 0 | FAILED test_a[x\\|y] |",
    ]
    assert mark(none) != mark(good)
