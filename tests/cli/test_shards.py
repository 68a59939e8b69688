"""A kill check in shards, on several machines, joined into one record."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from scaffold.kit.catalog import Kit
from support.command import scaffold

BASE = ("--mutants", "all", "--python", sys.executable, "--json")


def records(tree: Path, kit: Kit, *more: str) -> str:
    ran = scaffold("verify", "labels", *BASE, *more, "--kit", kit.root, "-C", tree)
    assert ran.code == 0, ran.err
    return ran.out


@pytest.mark.slow
def test_the_shards_of_a_check_join_into_the_whole(tree: Path, kit: Kit, tmp_path: Path) -> None:
    assert scaffold("new", "--gap", "labels", "--kit", kit.root, "-C", tree).code == 0
    files = []
    for number in (1, 2):
        files.append(tmp_path / f"{number}.json")
        files[-1].write_text(records(tree, kit, "--shard", f"{number}/2"))
    whole = json.loads(records(tree, kit))["outcomes"][0]
    joined = scaffold("verify", "--merge", files[0], "--merge", files[1], "--json")
    assert joined.code == 0, joined.err
    record = json.loads(joined.out)["outcomes"][0]
    for key in ("killed", "viable", "survivors", "passed", "shards", "verdict"):
        assert record[key] == whole[key], key
    assert record["viable"] > 20


@pytest.mark.slow
def test_the_same_shard_twice_is_refused(tree: Path, kit: Kit, tmp_path: Path) -> None:
    assert scaffold("new", "--gap", "labels", "--kit", kit.root, "-C", tree).code == 0
    file = tmp_path / "one.json"
    file.write_text(records(tree, kit, "--shard", "1/2"))
    refused = scaffold("verify", "--merge", file, "--merge", file)
    assert refused.code == 2
    assert "not the cuts of one kill check" in refused.fact


def test_a_file_without_records_is_named(tmp_path: Path) -> None:
    file = tmp_path / "none.json"
    file.write_text("{}")
    refused = scaffold("verify", "--merge", file)
    assert refused.code == 2
    assert "none.json: it holds no records" in refused.fact
