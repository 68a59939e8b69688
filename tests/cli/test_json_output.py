"""Every `--json` is one document of docs/output.schema.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from support.command import Ran, scaffold
from support.rendering import ROOT
from support.repositories import committed, with_author
from support.tinykit import DEMO_KIT

SCHEMA = json.loads((ROOT / "docs" / "output.schema.json").read_text(encoding="utf-8"))
KIT = ["--kit", str(DEMO_KIT)]
LISTING = [
    ["list"],
    ["list", "--all-rows"],
    ["show", "prices"],
    ["show", "fax"],
    ["show", "routes"],
]
IN_A_TREE = [
    ["new", "--all", "--dry-run"],
    ["new", "--all"],
    ["status", "--all-rows"],
    ["undo"],
]


def document(done: Ran) -> Any:
    """The document that was printed, valid under the schema of its command."""
    data = json.loads(done.out)
    kind = data.get("command", "error")
    # The part of one command tells more than "none of the eight".
    jsonschema.validate(data, {**SCHEMA, "oneOf": [{"$ref": f"#/$defs/{kind}"}]})
    jsonschema.validate(data, SCHEMA)
    return data


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("command", [*LISTING, *IN_A_TREE, ["doctor"]], ids=" ".join)
def test_a_command_prints_one_document_of_the_schema(tree: Path, command: list[str]) -> None:
    where = [] if command in LISTING else ["-C", str(tree)]
    done = scaffold(*command, "--json", *KIT, *where if command[0] != "list" else [])
    assert done.code == 0, done.err
    assert document(done)["command"] == command[0]


def test_commits_are_in_the_document_of_new(tree: Path) -> None:
    committed(tree)
    with_author(tree)
    done = scaffold("new", "--all", "--commit", "--json", *KIT, "-C", tree)
    assert len(document(done)["commits"]) == 3


def test_the_text_of_a_pull_request_is_one_document(tree: Path) -> None:
    assert scaffold("new", "--all", *KIT, "-C", tree).code == 0
    done = scaffold("pr", "--json", *KIT, "-C", tree)
    assert done.code == 0 and document(done)["command"] == "pr"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["new"], 2),
        (["new", "--gap", "tracking"], 3),
        (["new", "--no-such-option"], 2),
        (["verify"], 2),
    ],
)
def test_a_refusal_is_a_document_too(tree: Path, command: list[str], code: int) -> None:
    done = scaffold(*command, "--json", *KIT, "-C", tree)
    assert done.code == code
    assert document(done)["error"] == {"fact": done.fact, "hint": done.pasted, "exit_code": code}


@pytest.mark.parametrize(
    "command",
    [
        ["--json"],
        ["--json", "status"],
        ["--json", "lsit"],
        ["lsit", "--json"],
        ["list", "--json", "--no-such"],
        ["list", "--json=1"],
        ["list", "--priority", "--json"],
        ["show", "--json"],
        ["show", "prices", "--json", "--file"],
        ["show", "prices", "--json", "--file", "none"],
        ["show", "prices", "--json", "--file", "tests/test_prices.py"],
        ["new", "--json"],
        ["new", "--gap", "prices", "--diff", "--json"],
        ["new", "--gap", "prices", "--set", "\udcff=\n", "--json"],
        ["verify", "--json", "--mutants", "none"],
        ["verify", "--json", "--jobs", "many"],
        ["verify", "--json", "--merge", "none.json"],
        ["undo", "--json"],
        ["doctor", "--json"],
        ["demo", "--json", "/proc/none"],
    ],
    ids=" ".join,
)
def test_every_command_line_with_json_answers_with_one_document(
    tree: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("SCAFFOLD_KIT", str(DEMO_KIT))
    done = scaffold(*command, cwd=tree)
    data = document(done)
    if "error" in data:
        assert data["error"]["exit_code"] == done.code
        assert data["error"]["fact"] == done.fact
    else:
        assert done.code == 0


@pytest.mark.parametrize(
    "command",
    [["new", "--help", "--json"], ["-h", "--json"], ["--json", "-h"], ["--version", "--json"]],
    ids=" ".join,
)
def test_help_and_version_are_documents_too(command: list[str]) -> None:
    done = scaffold(*command)
    assert (done.code, document(done)["command"]) == (0, "help")
    assert "Usage: scaffold" in done.out or "scaffold 0" in done.out


def test_json_after_two_dashes_is_a_word(tree: Path) -> None:
    done = scaffold("show", *KIT, "--", "--json")
    assert (done.code, done.out) == (2, "")


@pytest.mark.slow
def test_the_demo_answers_with_one_document(tmp_path: Path) -> None:
    done = scaffold("demo", str(tmp_path / "demo"), "--json")
    assert done.code == 0, done.err
    assert [step["argv"][1] for step in document(done)["steps"]][:3] == ["list", "new", "status"]


def test_a_gate_that_matched_is_reported_by_the_exit_code_and_one_document(tree: Path) -> None:
    done = scaffold("status", "--json", "--fail-on", "open:P0", *KIT, "-C", tree)
    assert done.code == 8
    assert document(done)["gaps"][0]["state"] == "open"


@pytest.mark.slow
def test_a_proof_is_printed_and_kept_as_the_schema_says(tree: Path) -> None:
    assert scaffold("new", "--all", *KIT, "-C", tree).code == 0
    verify = ["verify", "prices", "--python", sys.executable, "--json"]
    done = scaffold(*verify, *KIT, "-C", tree)
    assert done.code == 0, done.err
    (outcome,) = document(done)["outcomes"]
    assert (outcome["verdict"], outcome["passed"], outcome["known_defects"]) == ("green", 20, 3)
    rows = document(scaffold("status", "--json", *KIT, "-C", tree))["gaps"]
    kept = {row["gap"]: row["verified"] for row in rows}
    assert kept["prices"]["passed"] == 20
    assert kept["labels"] is None


def test_json_is_the_only_thing_on_stdout(tree: Path) -> None:
    done = scaffold("new", "--all", "--json", *KIT, "-C", tree)
    assert done.out.startswith("{") and done.out.endswith("}\n")
    assert "render prices" in done.err
