"""One transaction on a checkout, and one step back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scaffold.checkout.journal import (
    JOURNAL,
    UNDO,
    Write,
    commit,
    locked,
    pending,
    recover,
    set_aside,
    undo,
)
from scaffold.errors import CheckoutError, ConflictError
from support.tree import snapshot, write_files

FILES: dict[str, str | bytes] = {"a.txt": "one\n", "sub/b.txt": b"two\r\nno end"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_files(tmp_path / "tree", FILES)


def test_a_commit_writes_creates_and_deletes(root: Path) -> None:
    commit(root, [Write("a.txt", b"new"), Write("x/y/z.txt", b"z"), Write("sub/b.txt", None)], "t")
    assert (root / "a.txt").read_bytes() == b"new"
    assert (root / "x" / "y" / "z.txt").read_bytes() == b"z"
    assert not (root / "sub" / "b.txt").exists()
    assert not (root / JOURNAL).exists()
    record = json.loads((root / UNDO / "0001" / "record.json").read_text())
    assert record["label"] == "t"
    assert str(root) not in json.dumps(record), "no absolute path"


def test_a_commit_keeps_the_mode_of_a_file_and_makes_new_ones_executable(root: Path) -> None:
    (root / "a.txt").chmod(0o604)
    commit(root, [Write("a.txt", b"new"), Write("run", b"#!", executable=True)], "t")
    assert (root / "a.txt").stat().st_mode & 0o777 == 0o604
    assert (root / "run").stat().st_mode & 0o100


def test_undo_is_byte_exact_with_modes_and_times(root: Path) -> None:
    (root / "a.txt").chmod(0o640)
    before, times = snapshot(root), (root / "a.txt").stat().st_mtime_ns
    commit(root, [Write("a.txt", b"new"), Write("x/y.txt", b"y"), Write("sub/b.txt", None)], "t")
    done = undo(root)
    assert done is not None
    assert (done.label, done.paths) == ("t", ("a.txt", "x/y.txt", "sub/b.txt"))
    assert snapshot(root) == before
    assert (root / "a.txt").stat().st_mtime_ns == times


def test_undo_of_nothing_is_none(root: Path) -> None:
    assert undo(root) is None


def test_the_last_transaction_goes_first(root: Path) -> None:
    states = [snapshot(root)]
    for number in range(12):
        commit(root, [Write("a.txt", str(number).encode())], str(number))
        states.append(snapshot(root))
    for number in reversed(range(12)):
        done = undo(root)
        assert done is not None and done.label == str(number)
        assert snapshot(root) == states[number]


def test_an_edit_since_is_refused_and_thrown_away_only_by_force(root: Path) -> None:
    before = snapshot(root)
    commit(root, [Write("a.txt", b"new"), Write("c.txt", b"c")], "t")
    (root / "a.txt").write_text("mine")
    (root / "c.txt").unlink()
    with pytest.raises(ConflictError, match=r"edited since it was generated: a.txt; nothing"):
        undo(root)
    assert (root / "a.txt").read_text() == "mine"
    assert undo(root, force=True) is not None
    assert snapshot(root) == before


def test_a_file_deleted_by_us_and_made_again_by_a_person_is_an_edit(root: Path) -> None:
    commit(root, [Write("a.txt", None)], "t")
    (root / "a.txt").write_text("mine")
    with pytest.raises(ConflictError, match=r"generated: a\.txt"):
        undo(root)


@pytest.mark.parametrize("ignored", [True, False])
def test_a_journal_of_a_run_that_was_killed_at_once_is_dropped(root: Path, ignored: bool) -> None:
    before = snapshot(root)
    (root / JOURNAL / "before").mkdir(parents=True)
    if ignored:
        write_files(root, {f"{JOURNAL}/.gitignore": "*\n"})
    assert recover(root)
    assert snapshot(root) == before
    assert not recover(root)


@pytest.mark.parametrize("record", [None, b"", b'{"ops": ['])
def test_a_journal_without_a_whole_record_keeps_what_it_holds(
    root: Path, record: bytes | None
) -> None:
    write_files(root, {f"{JOURNAL}/before/0000": "mine\n"})
    if record is not None:
        write_files(root, {f"{JOURNAL}/record.json": record})
    before = snapshot(root)
    with pytest.raises(
        CheckoutError, match=r"\.scaffold/journal is damaged or not yours"
    ) as caught:
        recover(root)
    assert caught.value.hint == "scaffold undo --set-aside"
    assert snapshot(root) == before
    assert set_aside(root) == [(JOURNAL, ".scaffold/kept/0001")]
    assert (root / ".scaffold/kept/0001/before/0000").read_text() == "mine\n"
    assert recover(root) is None


def test_an_interrupted_run_is_reported_and_left_by_a_look(root: Path) -> None:
    assert pending(root) is None
    write_files(root, {f"{JOURNAL}/before/0000": "one\n"})
    before = snapshot(root)
    found = pending(root)
    assert found is not None and JOURNAL in found.fact and found.hint.startswith("scaffold undo")
    assert snapshot(root) == before


def test_a_damaged_record_cannot_be_taken_back(root: Path) -> None:
    commit(root, [Write("a.txt", b"new")], "t")
    (root / UNDO / "0001" / "record.json").write_text("{")
    with pytest.raises(CheckoutError, match=r"\.scaffold/undo/0001 is damaged"):
        undo(root)
    assert (root / "a.txt").read_bytes() == b"new"


@pytest.mark.parametrize("damage", [b"", b"on", b"other", None], ids=repr)
@pytest.mark.parametrize("interrupted", [False, True])
def test_a_damaged_original_is_not_put_back(
    root: Path, interrupted: bool, damage: bytes | None
) -> None:
    writes = [Write("a.txt", b"new"), Write("sub/b.txt", b"new too")]
    commit(root, writes, "t")
    if interrupted:
        (root / UNDO / "0001").rename(root / JOURNAL)
    kept = root / (JOURNAL if interrupted else f"{UNDO}/0001") / "before" / "0000"
    kept.unlink()
    if damage is not None:
        kept.write_bytes(damage)
    before = snapshot(root)
    with pytest.raises(CheckoutError, match=r"before/0000 does not hold what a\.txt held before"):
        undo(root)
    assert snapshot(root) == before


def test_a_path_out_of_the_checkout_is_refused_before_anything_is_written(root: Path) -> None:
    before = snapshot(root)
    with pytest.raises(CheckoutError, match=r"\.\./x is not a place inside"):
        commit(root, [Write("a.txt", b"new"), Write("../x", b"")], "t")
    assert snapshot(root) == before


def test_a_link_in_place_of_the_state_is_refused_and_what_it_points_to_is_left(
    root: Path, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    (root / ".scaffold").symlink_to(tmp_path / "other")
    with pytest.raises(CheckoutError, match=r"\.scaffold is a symlink"):
        recover(root)
    with pytest.raises(CheckoutError, match=r"\.scaffold is a symlink"):
        undo(root)
    assert (tmp_path / "other").is_dir()


def test_the_lock_is_held_once_and_leaves_no_file(root: Path) -> None:
    before = snapshot(root)
    with (
        locked(root),
        pytest.raises(ConflictError, match="another run of scaffold is at work"),
        locked(root),
    ):
        pass
    with locked(root):
        assert snapshot(root) == before


def test_a_folder_that_is_not_there_cannot_be_locked(tmp_path: Path) -> None:
    with pytest.raises(CheckoutError, match="cannot be opened"), locked(tmp_path / "none"):
        pass


def test_proofs_go_with_the_gap_that_they_are_about(root: Path) -> None:
    before = snapshot(root)
    commit(root, [Write(".scaffold/gaps/a.json", b"{}")], "t")
    write_files(root, {".scaffold/verified/a.json": "{}", ".scaffold/verified/a.new": ""})
    undo(root)
    assert snapshot(root) == before
