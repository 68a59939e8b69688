"""What a plan does to each file, and its diff."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scaffold.checkout.state import fingerprint
from scaffold.edits.conflicts import OnConflict
from scaffold.plan.changes import Action, Change, classify, diff
from support.tree import snapshot, write_files

OLD, NEW, MINE = b"old\n", b"new\n", b"mine\n"
REFUSE, SKIP, MERGE = OnConflict.REFUSE, OnConflict.SKIP, OnConflict.MERGE
OVERWRITE = OnConflict.OVERWRITE


@pytest.mark.parametrize(
    ("current", "recorded", "way", "action", "after"),
    [
        pytest.param(None, None, REFUSE, Action.CREATE, NEW, id="not there"),
        pytest.param(None, OLD, REFUSE, Action.KEPT, None, id="deleted by a person"),
        pytest.param(None, OLD, OVERWRITE, Action.CREATE, NEW, id="deleted, overwrite"),
        pytest.param(NEW, None, REFUSE, Action.SAME, NEW, id="equal, not ours"),
        pytest.param(NEW, OLD, REFUSE, Action.SAME, NEW, id="equal already"),
        pytest.param(OLD, OLD, REFUSE, Action.UPDATE, NEW, id="as we wrote it"),
        pytest.param(MINE, NEW, REFUSE, Action.KEPT, MINE, id="edited, nothing new"),
        pytest.param(MINE, NEW, OVERWRITE, Action.UPDATE, NEW, id="edited, nothing new, overwrite"),
        pytest.param(MINE, OLD, REFUSE, Action.CONFLICT, NEW, id="edited, refuse"),
        pytest.param(MINE, OLD, MERGE, Action.CONFLICT, NEW, id="edited, merge is the caller's"),
        pytest.param(MINE, OLD, SKIP, Action.KEPT, MINE, id="edited, skip"),
        pytest.param(MINE, OLD, OVERWRITE, Action.UPDATE, NEW, id="edited, overwrite"),
        pytest.param(MINE, None, REFUSE, Action.CONFLICT, NEW, id="not ours, refuse"),
        pytest.param(MINE, None, OVERWRITE, Action.UPDATE, NEW, id="not ours, overwrite"),
        pytest.param(b"new\r\n", OLD, REFUSE, Action.SAME, b"new\r\n", id="equal but for CRLF"),
        pytest.param(b"old\r\n", OLD, REFUSE, Action.UPDATE, b"new\r\n", id="CRLF is kept"),
    ],
)
def test_what_becomes_of_a_file(
    current: bytes | None,
    recorded: bytes | None,
    way: OnConflict,
    action: Action,
    after: bytes | None,
) -> None:
    change = classify(
        "f",
        "gap",
        current=current,
        recorded=fingerprint(recorded) if recorded is not None else None,
        wanted=NEW,
        on_conflict=way,
    )
    assert (change.action, change.after, change.before) == (action, after, current)
    assert change.writes == (action in (Action.CREATE, Action.UPDATE))


def test_an_update_keeps_the_layout_that_a_formatter_gave_the_rest() -> None:
    base = b"a = 1\n\n\n\nb = [1, 2]\n"
    mine = b"a = 1\n\n\n\nb = [\n    1,\n    2,\n]\n"
    change = classify(
        "f.py",
        "gap",
        current=mine,
        recorded=fingerprint(base),
        wanted=base.replace(b"a = 1", b"a = 3"),
        base=base,
    )
    assert (change.action, change.after) == (Action.UPDATE, mine.replace(b"a = 1", b"a = 3"))


CHANGES = [
    Change("made/new.txt", "g", Action.CREATE, None, b"a\nb\n"),
    Change("made/run.sh", "g", Action.CREATE, None, b"#!/bin/sh\n", executable=True),
    Change("made/no_end.txt", "g", Action.CREATE, None, b"no end"),
    Change("kept.txt", "g", Action.UPDATE, b"1\n2\n3", b"1\n2\n3\n4"),
    Change("crlf.txt", "g", Action.UPDATE, b"1\r\n2\r\n", b"1\r\n3\r\n"),
    Change("feed.txt", "g", Action.UPDATE, b"a\x0cb\n", b"a\x0cc\n"),
    Change("latin.txt", "g", Action.UPDATE, b"\xe9\n", b"\xe8\n"),
    Change("gone.txt", "g", Action.DELETE, b"x\n", None),
    Change("same.txt", "g", Action.SAME, b"s\n", b"s\n"),
]


def test_the_diff_is_what_git_applies(tmp_path: Path) -> None:
    before = {c.path: c.before for c in CHANGES if c.before is not None}
    after = {c.path: c.after for c in CHANGES if c.after is not None}
    tree = write_files(tmp_path / "tree", before)
    patch = tmp_path / "patch"
    patch.write_bytes(diff(CHANGES).encode("utf-8", "surrogateescape"))
    subprocess.run(["git", "apply", "--whitespace=nowarn", str(patch)], cwd=tree, check=True)
    found = snapshot(tree)
    assert {path: item[2] for path, item in found.items() if item[0] == "file"} == after
    assert found["made/run.sh"][1] & 0o100


def test_what_is_not_written_is_not_in_the_diff() -> None:
    assert diff([CHANGES[-1]]) == ""
