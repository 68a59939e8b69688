"""`new --verify`: write and prove in one go, one JSON document."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from scaffold.kit.catalog import Kit
from support.command import scaffold


@pytest.mark.slow
def test_what_was_written_is_proved_in_one_document(tree: Path, kit: Kit) -> None:
    ran = scaffold(
        "new",
        "--gap",
        "labels",
        "--verify",
        "--json",
        "--python",
        sys.executable,
        "--kit",
        kit.root,
        "-C",
        tree,
    )
    assert ran.code == 0, ran.err
    document = json.loads(ran.out)
    assert document["command"] == "new" and document["written"] is True
    [outcome] = document["outcomes"]
    assert (outcome["gap"], outcome["verdict"]) == ("labels", "green")
    assert outcome["passed"] > 20


def test_a_dry_run_proves_nothing(tree: Path, kit: Kit) -> None:
    ran = scaffold(
        "new",
        "--gap",
        "labels",
        "--verify",
        "--dry-run",
        "--python",
        sys.executable,
        "--kit",
        kit.root,
        "-C",
        tree,
    )
    assert ran.code == 0, ran.err
    assert "proved" not in ran.out
