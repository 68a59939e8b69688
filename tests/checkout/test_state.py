"""What was generated, as small deterministic text."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from scaffold.checkout import journal
from scaffold.checkout.state import (
    EditRecord,
    GapRecord,
    State,
    fingerprint,
    is_at_rest,
    read_state,
    read_verified,
)
from scaffold.checkout.verdict import Mode
from scaffold.errors import CheckoutError
from support.tree import write_files

BASE = b"# a test\n"
RECORD = GapRecord(
    slug="prices",
    kit_version="1",
    digest="d",
    mode=Mode.FULL,
    answers={"b": 1, "a": True},
    files={"tests/test_prices.py": fingerprint(BASE)},
    edits=(EditRecord("python", "tests/conftest.py", True, {"address": "x"}),),
    template="t",
)
STATE = State("parcels", {"prices": RECORD}, {fingerprint(BASE): BASE})


@pytest.mark.parametrize(
    ("made", "rests"),
    [
        ((), True),
        ((".scaffold/",), True),
        ((".scaffold/undo/0001/",), True),
        ((".scaffold/journal/",), False),
        ((".scaffold/journal",), False),
        ((".scaffold",), False),
        (("elsewhere/", ".scaffold -> elsewhere"), False),
        ((".scaffold -> nowhere",), False),
        ((".scaffold/", ".scaffold/journal -> nowhere"), False),
    ],
)
def test_only_where_no_journal_can_be_is_none_looked_for(
    tmp_path: Path, made: tuple[str, ...], rests: bool
) -> None:
    for line in made:
        name, _, leads = line.partition(" -> ")
        place = tmp_path / name
        if leads:
            place.symlink_to(leads)
        elif name.endswith("/"):
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(exist_ok=True)
            place.write_text("not a folder")
    assert is_at_rest(tmp_path) is rests
    # Never at rest where the journal would be reported.
    assert not (rests and journal.pending(tmp_path))


def test_it_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    write_files(tmp_path, STATE.to_files())
    assert read_state(tmp_path, "parcels") == STATE


def test_the_same_state_is_the_same_bytes() -> None:
    assert STATE.to_files() == State("parcels", dict(STATE.gaps), dict(STATE.bases)).to_files()


def test_no_gap_is_no_file(tmp_path: Path) -> None:
    assert State("parcels").to_files() == {}
    assert read_state(tmp_path, "parcels") == State("parcels")


def test_keys_are_sorted_and_history_is_ignored_by_git() -> None:
    files = STATE.to_files()
    text = files[".scaffold/gaps/prices.json"].decode()
    assert list(json.loads(text)["answers"]) == ["a", "b"]
    assert text.endswith("}\n")
    assert files[".scaffold/.gitignore"] == b"journal/\nundo/\n"


def test_a_base_that_nobody_points_to_is_dropped() -> None:
    state = State("parcels", dict(STATE.gaps), {**STATE.bases, fingerprint(b"old"): b"old"})
    assert state.to_files() == STATE.to_files()


def test_line_ends_do_not_change_a_fingerprint() -> None:
    assert fingerprint(b"a\r\nb\r\n") == fingerprint(b"a\nb\n")
    assert fingerprint(b"a\rb") != fingerprint(b"a\nb")


@pytest.mark.parametrize(
    ("path", "content", "fact"),
    [
        ("state.json", b"\xff", r"\.scaffold/state\.json is damaged"),
        ("state.json", b"{}", "it names no format"),
        ("state.json", b'{"format": 3, "kit": "parcels"}', "written by a newer scaffold"),
        ("state.json", b'{"format": 1, "kit": "x"}', "belongs to the kit 'x', not to 'parcels'"),
        ("gaps/prices.json", b"{}", r"gaps/prices\.json is damaged: KeyError"),
        ("gaps/prices.json", b"[]", "it holds no object"),
        ("base/00.gz", b"no gzip", r"base/00\.gz is damaged"),
    ],
)
def test_what_is_damaged_is_named(tmp_path: Path, path: str, content: bytes, fact: str) -> None:
    write_files(tmp_path, STATE.to_files())
    write_files(tmp_path, {f".scaffold/{path}": content})
    with pytest.raises(CheckoutError, match=fact) as caught:
        read_state(tmp_path, "parcels")
    assert caught.value.hint


def test_a_base_of_another_name_is_damaged(tmp_path: Path) -> None:
    files = STATE.to_files()
    (name,) = (path for path in files if path.endswith(".gz"))
    write_files(tmp_path, {**files, ".scaffold/base/" + "0" * 64 + ".gz": files[name]})
    with pytest.raises(CheckoutError, match="its content does not match its name"):
        read_state(tmp_path, "parcels")


def test_a_proof_is_there_or_none(tmp_path: Path) -> None:
    assert read_verified(tmp_path, "prices") is None
    write_files(tmp_path, {".scaffold/verified/prices.json": '{"passed": 3, "verdict": "green"}'})
    assert read_verified(tmp_path, "prices") == {"passed": 3, "verdict": "green"}


def test_files_that_a_gap_deleted_are_remembered(tmp_path: Path) -> None:
    record = replace(RECORD, removed={"tests/old.py": "f"})
    state = State("parcels", {"prices": record}, STATE.bases)
    write_files(tmp_path, state.to_files())
    assert read_state(tmp_path, "parcels") == state
