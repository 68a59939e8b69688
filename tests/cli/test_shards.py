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
    # What is here is compared, be it a target or a test; what is not here is not.
    merge = ("verify", "--merge", files[0], "--merge", files[1], "--kit", kit.root, "-C")
    for place in (tree / "parcels" / "labels.py", tree / "tests" / "test_labels.py"):
        content = place.read_bytes()
        place.write_bytes(content + b"# changed\n")
        refused = scaffold(*merge, tree)
        assert refused.code == 2
        assert refused.fact.endswith(f"than is here: {place.relative_to(tree)}")
        place.write_bytes(content)
        assert scaffold(*merge, tree).code == 0
    (tree / "tests" / "test_labels.py").unlink()
    assert scaffold(*merge, tree).code == 0
    assert scaffold(*merge, tmp_path / "nowhere").code == 3


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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "share"),
    [
        (["--mutants", "all", "--shard", "1/3"], "shard 1 of 3"),
        (["--mutants", "5"], "a sample of 5"),
        (["--mutants", "9", "--shard", "2/3"], "shard 2 of 3 of a sample of 9"),
        (["--mutants", "all"], ""),
    ],
    ids=" ".join,
)
def test_what_is_kept_of_a_share_names_the_share(
    tree: Path, kit: Kit, options: list[str], share: str
) -> None:
    where = ("--kit", kit.root, "-C", tree)
    assert scaffold("new", "--gap", "labels", *where).code == 0
    assert scaffold("verify", "labels", *options, "--python", sys.executable, *where).code == 0

    status, text = scaffold("status", *where).out, scaffold("pr", "labels", *where).out

    [row] = [line for line in status.splitlines() if " labels " in line]
    [table] = [line for line in text.splitlines() if line.startswith("| mutants killed |")]
    [proof] = [line for line in text.splitlines() if line.startswith("Verdict: ")]
    for place in (row, table, proof):
        assert share in place if share else not {"shard", "sample"} & set(place.split())
    assert ("of all mutants" in proof) == bool(share)
