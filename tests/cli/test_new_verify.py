"""`new --verify`: write and prove in one go, one JSON document."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from scaffold.kit.catalog import Kit
from support.command import Ran, scaffold


def written(tree: Path, kit: Kit, *options: str) -> Ran:
    """`new --verify` of the gap `labels`."""
    words = ("new", "--gap", "labels", "--verify", *options, "--python", sys.executable)
    done = scaffold(*words, "--kit", kit.root, "-C", tree)
    assert done.code == 0, done.err
    return done


@pytest.mark.slow
def test_what_was_written_is_proved_in_one_document(tree: Path, kit: Kit) -> None:
    document = json.loads(written(tree, kit, "--json").out)
    assert document["command"] == "new" and document["written"] is True
    [outcome] = document["outcomes"]
    assert (outcome["gap"], outcome["verdict"]) == ("labels", "green")
    assert outcome["passed"] > 20


def test_a_dry_run_proves_nothing(tree: Path, kit: Kit) -> None:
    assert "proved" not in written(tree, kit, "--dry-run").out


@pytest.mark.slow
def test_a_target_that_a_link_leads_to_is_proved(tree: Path, kit: Kit) -> None:
    """`new` reads it as well: a link inside the checkout is the project's own way."""
    (tree / "parcels").rename(tree / "code")
    (tree / "parcels").symlink_to("code")
    [outcome] = json.loads(written(tree, kit, "--json").out)["outcomes"]
    assert outcome["verdict"] == "green"
    assert "labels" in scaffold("status", "--kit", kit.root, "-C", tree).out
