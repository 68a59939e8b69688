"""What was generated, as small deterministic text."""

from __future__ import annotations

import gzip
import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest

from scaffold.checkout import journal
from scaffold.checkout.state import (
    STATE_FILES,
    EditRecord,
    GapRecord,
    InGit,
    State,
    damaged_files,
    files_of,
    fingerprint,
    is_at_rest,
    read_state,
    read_verified,
)
from scaffold.checkout.state.bases import pack
from scaffold.checkout.verdict import Mode
from scaffold.errors import CheckoutError
from support.former_state import as_format
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


@pytest.mark.parametrize("in_git", InGit)
def test_it_is_read_back_as_it_was_written(tmp_path: Path, in_git: InGit) -> None:
    state = replace(STATE, in_git=in_git)
    write_files(tmp_path, files_of(state))
    assert read_state(tmp_path, "parcels") == state


def test_the_same_state_is_the_same_bytes() -> None:
    assert files_of(STATE) == files_of(State("parcels", dict(STATE.gaps), dict(STATE.bases)))


def test_no_gap_is_no_file(tmp_path: Path) -> None:
    assert files_of(State("parcels")) == {}
    assert read_state(tmp_path, "parcels") == State("parcels")


def test_keys_are_sorted_and_git_carries_none_of_it() -> None:
    files = files_of(STATE)
    assert set(files) == STATE_FILES
    text = files[".scaffold/state.json"].decode()
    assert list(json.loads(text)["gaps"]["prices"]["answers"]) == ["a", "b"]
    assert text.endswith("}\n")
    assert files[".scaffold/.gitignore"] == b"*\n"


def test_a_base_that_nobody_points_to_is_dropped() -> None:
    state = State("parcels", dict(STATE.gaps), {**STATE.bases, fingerprint(b"old"): b"old"})
    assert files_of(state) == files_of(STATE)


def test_line_ends_do_not_change_a_fingerprint() -> None:
    assert fingerprint(b"a\r\nb\r\n") == fingerprint(b"a\nb\n")
    assert fingerprint(b"a\rb") != fingerprint(b"a\nb")


HEAD = {"format": 3, "kit": "parcels", "in_git": "ignored", "gaps": {}}


def head(**changes: object) -> bytes:
    return json.dumps({**HEAD, **changes}).encode()


def packed(index: object, contents: bytes) -> bytes:
    return gzip.compress(json.dumps(index).encode() + b"\n" + contents)


@pytest.mark.parametrize(
    ("path", "content", "fact"),
    [
        ("state.json", b"\xff", r"\.scaffold/state\.json is damaged"),
        ("state.json", b"{}", "it names no format"),
        ("state.json", head(format=0), "it names no format"),
        ("state.json", head(format=True), "it names no format"),
        ("state.json", head(format=4), "written by a newer scaffold"),
        ("state.json", b'{"format": 1, "kit": "x"}', "belongs to the kit 'x', not to 'parcels'"),
        ("state.json", head(in_git="both"), "neither ignored nor tracked"),
        ("state.json", head(in_git=["ignored"]), "neither ignored nor tracked"),
        ("state.json", head(gaps=[]), "it has no records of gaps"),
        ("state.json", head(gaps={"prices": {}}), r"state\.json is damaged: prices: KeyError"),
        ("state.json", head(gaps={"prices": []}), r"state\.json is damaged: prices: TypeError"),
        ("state.json", head(gaps={"../prices": {}}), "'../prices' is not the name of a gap"),
        ("bases.gz", b"no gzip", r"bases\.gz is damaged"),
        ("bases.gz", pack(STATE.bases)[:-9], "not one whole gzip file"),
        ("bases.gz", pack(STATE.bases) + b"more", "not one whole gzip file"),
        ("bases.gz", pack(STATE.bases) * 2, "not one whole gzip file"),
        ("bases.gz", gzip.compress(b"[]\n"), "it holds no object"),
        ("bases.gz", packed({fingerprint(BASE): len(BASE) + 1}, BASE), "does not fit"),
        ("bases.gz", packed({fingerprint(BASE): len(BASE)}, BASE + b"x"), "does not fit"),
        ("bases.gz", packed({fingerprint(BASE): -1}, BASE), "not of lengths"),
        ("bases.gz", packed({fingerprint(BASE): 9.0}, BASE), "not of lengths"),
        ("bases.gz", packed({"0" * 64: len(BASE)}, BASE), "does not match its digest"),
        ("bases.gz", packed({"../out": len(BASE)}, BASE), "does not match its digest"),
        ("bases.gz", packed({"0" * (3 << 20): 0}, b""), "its index is too long"),
        ("bases.gz", gzip.compress(b"\0" * (65 << 20)), "unpacks to more than 64 MiB"),
    ],
    ids=itertools.count(),
)
def test_what_is_damaged_is_named(tmp_path: Path, path: str, content: bytes, fact: str) -> None:
    write_files(tmp_path, files_of(STATE))
    write_files(tmp_path, {f".scaffold/{path}": content})
    with pytest.raises(CheckoutError, match=fact) as caught:
        read_state(tmp_path, "parcels")
    assert caught.value.hint
    assert damaged_files(tmp_path) == (
        [f".scaffold/{path}"] if "damaged" in str(caught.value.fact) else []
    )


@pytest.mark.parametrize("number", [1, 2])
def test_earlier_formats_are_read(tmp_path: Path, number: int) -> None:
    write_files(tmp_path, files_of(STATE))
    as_format(number, tmp_path)
    name = f".scaffold/base/{fingerprint(BASE)}.gz"
    found = read_state(tmp_path, "parcels")
    assert found == replace(STATE, former=(".scaffold/gaps/prices.json", name))


@pytest.mark.parametrize(
    ("path", "content", "fact"),
    [
        ("gaps/prices.json", b"{}", r"gaps/prices\.json is damaged: prices: KeyError"),
        ("gaps/prices.json", b"[]", "it holds no object"),
        ("base/00.gz", b"no gzip", r"base/00\.gz is damaged"),
        ("base/" + "0" * 64 + ".gz", gzip.compress(BASE), "its content does not match its name"),
    ],
    ids=["no record", "no object", "no gzip", "another name"],
)
def test_what_is_damaged_in_an_earlier_layout_is_named(
    tmp_path: Path, path: str, content: bytes, fact: str
) -> None:
    write_files(tmp_path, files_of(STATE))
    as_format(2, tmp_path)
    write_files(tmp_path, {f".scaffold/{path}": content})
    with pytest.raises(CheckoutError, match=fact):
        read_state(tmp_path, "parcels")
    assert damaged_files(tmp_path) == [f".scaffold/{path}"]


def test_what_would_not_be_read_again_is_not_written() -> None:
    large = bytes(65 << 20)
    record = replace(RECORD, files={"a": fingerprint(large)})
    with pytest.raises(CheckoutError, match="cannot be recorded"):
        files_of(State("parcels", {"prices": record}, {fingerprint(large): large}))


def test_a_proof_is_there_or_none(tmp_path: Path) -> None:
    assert read_verified(tmp_path, "prices") is None
    write_files(
        tmp_path,
        {".scaffold/verified/prices.json": '{"passed": 3, "generated": 4, "verdict": "green"}'},
    )
    assert read_verified(tmp_path, "prices") == {"passed": 3, "generated": 4, "verdict": "green"}


def test_files_that_a_gap_deleted_are_remembered(tmp_path: Path) -> None:
    record = replace(RECORD, removed={"tests/old.py": "f"})
    state = State("parcels", {"prices": record}, STATE.bases)
    write_files(tmp_path, files_of(state))
    assert read_state(tmp_path, "parcels") == state
