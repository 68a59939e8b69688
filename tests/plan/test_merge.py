"""Base, mine, theirs: real `git merge-file`, asked only where all three differ."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaffold.errors import MissingToolError, ScaffoldError
from scaffold.plan.merge import merge

BASE = b"one\ntwo\nthree\nfour\nfive\nsix\nseven\n"
MINE = BASE.replace(b"one", b"ONE")
THEIRS = BASE.replace(b"seven", b"SEVEN")
BOTH = MINE.replace(b"seven", b"SEVEN")


@pytest.fixture
def no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without git."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.parametrize(
    "base, mine, theirs, expected",
    [
        (BASE, BASE, THEIRS, THEIRS),
        (BASE, MINE, BASE, MINE),
        (BASE, MINE, MINE, MINE),
        (BASE, BASE.replace(b"\n", b"\r\n"), THEIRS, THEIRS.replace(b"\n", b"\r\n")),
        (b"\0a", b"\0a", b"\0b", b"\0b"),
        (BASE, MINE.replace(b"\n", b"\r\n"), BASE, MINE.replace(b"\n", b"\r\n")),
    ],
    ids=["mine untouched", "theirs untouched", "same", "only line ends", "binary", "crlf"],
)
def test_where_one_side_did_not_move_git_is_not_asked(
    no_git: None, base: bytes, mine: bytes, theirs: bytes, expected: bytes | None
) -> None:
    result = merge(base, mine, theirs)

    assert (result.text, result.conflicts) == (expected, 0)


def test_changes_in_different_places_come_together() -> None:
    result = merge(BASE, MINE, THEIRS)

    assert (result.text, result.conflicts) == (BOTH, 0)


def test_changes_in_one_place_are_a_conflict_with_all_three_sides_named() -> None:
    mine, theirs = BASE.replace(b"two", b"mine"), BASE.replace(b"two", b"new")

    result = merge(BASE, mine, theirs, labels=("yours", "base", "generated"))

    assert result.conflicts == 1
    assert result.text == (
        b"one\n<<<<<<< yours\nmine\n||||||| base\ntwo\n=======\nnew\n>>>>>>> generated\n"
        b"three\nfour\nfive\nsix\nseven\n"
    )


def test_conflicts_are_counted() -> None:
    mine = BASE.replace(b"one", b"1").replace(b"seven", b"7")
    theirs = BASE.replace(b"one", b"I").replace(b"seven", b"VII")

    assert merge(BASE, mine, theirs).conflicts == 2


def test_crlf_of_mine_is_kept() -> None:
    result = merge(BASE, MINE.replace(b"\n", b"\r\n"), THEIRS)

    assert (result.text, result.conflicts) == (BOTH.replace(b"\n", b"\r\n"), 0)


def test_mixed_line_ends_are_left_as_they_are() -> None:
    mine = MINE.replace(b"one\n", b"one\r\n").replace(b"ONE\n", b"ONE\r\n")

    result = merge(BASE, mine, THEIRS)

    assert result.text == BOTH.replace(b"ONE\n", b"ONE\r\n")


def test_a_missing_last_line_end_and_bytes_that_are_no_text_are_kept() -> None:
    base, mine, theirs = (side.rstrip() + b"\xff" for side in (BASE, MINE, THEIRS))

    result = merge(base, mine.replace(b"ONE", b"ON\xfe"), theirs)

    assert result.text == BOTH.replace(b"ONE", b"ON\xfe").rstrip() + b"\xff"


def test_binary_files_that_all_differ_are_a_conflict_and_mine_stays() -> None:
    result = merge(b"\0a", b"\0b", b"\0c")

    assert (result.text, result.conflicts) == (b"\0b", 1)


def test_without_git_the_missing_tool_is_named(no_git: None) -> None:
    with pytest.raises(MissingToolError, match="'git' cannot be run"):
        merge(BASE, MINE, THEIRS)


def test_a_git_that_fails_is_named_with_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git = tmp_path / "git"
    git.write_text("#!/bin/sh\necho no such thing >&2\nexit 255\n")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")

    with pytest.raises(ScaffoldError, match="ended with 255: no such thing"):
        merge(BASE, MINE, THEIRS)


def test_more_conflicts_than_git_can_count_are_conflicts() -> None:
    lines = [str(number) for number in range(600)]
    sides = [
        "".join(f"{line}{mark}\n" if int(line) % 3 == 0 else f"{line}\n" for line in lines).encode()
        for mark in ("", "m", "t")
    ]

    assert merge(*sides).conflicts == 127


@settings(max_examples=15, deadline=None)
@given(st.sets(st.integers(0, 29)), st.sets(st.integers(0, 29)))
def test_changes_that_keep_apart_merge_whatever_they_are(mine: set[int], theirs: set[int]) -> None:
    near = {place + step for place, step in itertools.product(mine, (-1, 0, 1))}
    theirs = theirs - near
    lines = [f"{number}\n" for number in range(30)]

    def side(*marks: tuple[set[int], str]) -> bytes:
        return "".join(
            next((mark for places, mark in marks if number in places), "") + line
            for number, line in enumerate(lines)
        ).encode()

    result = merge(side(), side((mine, "m")), side((theirs, "t")))

    assert (result.text, result.conflicts) == (side((mine, "m"), (theirs, "t")), 0)
