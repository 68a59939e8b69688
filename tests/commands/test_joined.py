"""`verify --merge` says no more than its records, in whatever order they come."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from scaffold.commands.proof.joined import joined, merge
from scaffold.commands.verify import show_outcomes
from scaffold.errors import MissingToolError, UsageError
from scaffold.proof.mends import MendProof, MendVerdict
from scaffold.proof.outcome import Outcome, TargetProof
from scaffold.proof.rules.result import Broken, RuleResult, Ruling
from scaffold.proof.runner import Kills, Survivor, TestResult
from support.command import scaffold

PASSED = TestResult("t.py::test_a", "passed")
KILLS = Kills(
    by_target={"a.py": (5, 5)}, survivors=(Survivor("b.py", 1, "Op", "a -> b", equivalent=True),)
)
TURNED = MendProof("off-by-one", "high", MendVerdict.TURNED)
RULE = RuleResult("ruff 0.9", ".pre-commit-config.yaml:3", Ruling.PASSED)


def cut(number: int, *, count: int = 2, **changes: Any) -> Outcome:
    target = TargetProof("a.py", 100.0, 98, kill_bar_pct=90)
    one = Outcome("labels", (PASSED,), 1, (target,), "pytest", 1.0, kills=KILLS)
    return replace(one, shards=(number,), shard_count=count, **changes)


WEAKER: dict[str, tuple[dict[str, Any], str]] = {
    "a red test": ({"tests": (TestResult("t.py::test_a", "failed", "assert 0"),)}, "red"),
    "a todo": ({"tests": (TestResult("t.py::test_a", "skipped", "TODO: x"),)}, "todo"),
    "a mend": ({"mends": (replace(TURNED, verdict=MendVerdict.STUCK, why="t"),)}, "below"),
    "lines": ({"targets": (TargetProof("a.py", 50.0, 98, kill_bar_pct=90),)}, "below"),
    "unknown lines": ({"targets": (TargetProof("a.py", None, 98, kill_bar_pct=90),)}, "green"),
    "a rule": (
        {"rules": (replace(RULE, ruling=Ruling.FAILED, broken=(Broken("t.py", 1, "x"),)),)},
        "red",
    ),
    "no kill check": ({"kills": None}, "green"),
    "killed less": ({"kills": Kills(by_target={"a.py": (0, 5)})}, "below"),
    "nothing": ({}, "proved"),
}


@pytest.mark.parametrize("weaker", WEAKER)
def test_the_weakest_record_wins_in_any_order(weaker: str) -> None:
    changes, verdict = WEAKER[weaker]
    alike: dict[str, Any] = {"mends": (TURNED,), "rules": (RULE,)}
    cuts = [cut(1, count=3, **alike), cut(2, count=3, **{**alike, **changes})]

    found = [merge(order) for order in permutations([*cuts, cut(3, count=3, **alike)])]

    assert {one.verdict for one in found} == {verdict}
    assert all(one == found[0] for one in found)


@pytest.mark.parametrize(
    "changes",
    [
        {"parts": ("numbers",)},
        {"parts_left": ("numbers",)},
        {"mends": (TURNED,)},
        {"rules": (RULE,)},
        {"targets": (TargetProof("a.py", 100.0, 50, kill_bar_pct=10),)},
        {"digests": {"a.py": "0"}},
        {"sample": 5},
        {"shard_count": 3},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_cuts_of_different_checks_are_refused_in_any_order(changes: dict[str, Any]) -> None:
    for order in permutations([cut(1), replace(cut(2), **changes)]):
        with pytest.raises(UsageError):
            merge(order)


def document(path: Path, *outcomes: Outcome, **more: Any) -> Path:
    body = {"outcomes": [one.to_json() for one in outcomes], **more}
    path.write_text(json.dumps(body), encoding="utf-8")
    return path


REFUSED = {"gap": "labels", "error": "no interpreter", "hint": "pip install x", "code": 7}


def test_what_is_blocked_on_one_machine_is_not_green(tmp_path: Path) -> None:
    other = replace(cut(1), gap="prices")
    files = [
        document(tmp_path / "1.json", other, blocked=[REFUSED]),
        document(tmp_path / "2.json", replace(other, shards=(2,)), cut(2)),
    ]
    for order in permutations(files):
        outcomes, blocked = joined(order)

        assert [(one.gap, one.verdict) for one in outcomes] == [
            ("labels", "green"),
            ("prices", "proved"),
        ]
        with pytest.raises(MissingToolError) as caught:
            show_outcomes(outcomes, blocked=blocked)
        assert (caught.value.fact, caught.value.hint) == ("no interpreter", "pip install x")


@pytest.mark.slow
def test_no_record_is_no_proof(tmp_path: Path) -> None:
    done = scaffold("verify", "--merge", document(tmp_path / "none.json"))
    assert done.code == 2
    assert done.fact.endswith("none.json: it holds no records of `verify --json`")


FIELDS: dict[str, list[Any]] = {
    "gap": [5, "\x1b[2J", ""],
    "tests": [None, [5], [{}]],
    "baseline": ["x", None, -1, 10**400, True],
    "targets": [None, [{}], 5],
    "command": [5],
    "seconds": ["x", None, float("inf"), float("nan"), -1],
    "invalid": ["x", -5],
    "survivors": [None, [{}], "x"],
    "timeouts": ["x", None],
    "cached": ["x"],
    "annotations": [None],
    "equal_code": ["x"],
    "sample": ["x", -1],
    "shards": [["x"], "ab", [5], [0], [], 5],
    "shard_count": ["x", -1, 0],
    "deleted": [[5], 5],
    "digests": [5, None, {"a": 5}],
    "declared_todos": ["x", -1],
    "without_tests": ["x"],
    "todo_file": [5],
    "parts": [5, [5]],
    "parts_left": [[5]],
    "mends": [[{}], 5],
    "rules": [[{}], [5], 5],
    "before": [[{}], 5],
}
NESTED: dict[str, dict[str, list[Any]]] = {
    "targets": {
        "path": [5],
        "line_cov_pct": ["x", 200, float("nan")],
        "line_bar_pct": ["x"],
        "kill_bar_pct": ["x"],
        "missing": [[[1]], [["a", "b"]], 5],
        "killed": ["x", 9],
        "viable": ["x", None],
    },
    "tests": {
        "id": [None],
        "outcome": [5, "weird"],
        "message": [5, None],
        "seconds": ["x"],
        "strict": ["x", 1],
        "path": [5],
        "part": [5],
        "zzz": [1],
    },
    "survivors": {"line": ["x"], "equivalent": ["x"], "reason": [5]},
}


def broken_records() -> list[tuple[str, dict[str, Any]]]:
    """A record with one wrong field each, and what is wrong with it."""
    whole = cut(1).to_json()
    found = [
        (f"{name}={value!r:.20}", {**whole, name: value})
        for name, values in FIELDS.items()
        for value in values
    ]
    for outer, fields in NESTED.items():
        for name, values in fields.items():
            for value in values:
                record = copy.deepcopy(whole)
                record[outer][0][name] = value
                found.append((f"{outer}.{name}={value!r:.20}", record))
    return found


@pytest.mark.parametrize(("what", "record"), broken_records())
def test_a_record_with_a_wrong_field_is_refused(
    what: str, record: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "1.json"
    file.write_text(json.dumps({"outcomes": [record]}), encoding="utf-8")

    with pytest.raises(UsageError, match=r"1\.json: it holds no records"):
        joined([file])


@pytest.mark.parametrize(
    "body",
    [
        [], 5, {}, {"outcomes": {"a": 1}}, {"outcomes": 5}, {"outcomes": []},
        {"outcomes": [], "blocked": [{}]}, {"outcomes": [], "blocked": [{**REFUSED, "code": 5.5}]},
        {"outcomes": [], "blocked": [{**REFUSED, "error": 5}]}, {"outcomes": [], "blocked": 5},
        {"outcomes": [], "blocked": [{**REFUSED, "code": []}]},
    ],
    ids=repr,
)  # fmt: skip
def test_a_document_that_is_no_record_is_refused(body: Any, tmp_path: Path) -> None:
    file = tmp_path / "1.json"
    file.write_text(json.dumps(body), encoding="utf-8")

    with pytest.raises(UsageError, match=r"1\.json: it holds no records"):
        joined([file])


def test_a_path_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    file = document(tmp_path / "1.json", cut(1, digests={"\ud800.py": "a"}))

    with pytest.raises(UsageError, match=r"1\.json: it holds no records"):
        joined([file])


def test_a_record_that_was_written_is_read(tmp_path: Path) -> None:
    red = cut(1, kills=None, tests=(TestResult("t.py::test_a", "failed", "assert 0"),))
    for one in (cut(1), cut(2, mends=(TURNED,), rules=(RULE,), sample=9), red):
        assert joined([document(tmp_path / "1.json", one)])[0] == [one]
