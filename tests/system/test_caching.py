"""What is kept by content: believed where it is what was kept, and no more than its bound."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scaffold.errors import CheckoutError
from scaffold.system import caching, isolation
from scaffold.system.caching import cache_dir, entry_of, recall, remember, size_of
from support.command import scaffold

MIB = caching.MIB


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(isolation, "_untrusted", {})
    monkeypatch.setattr(caching, "_trimmed", set())
    return tmp_path / "cache" / "scaffold"


def kept(text: bytes = b"result") -> Path:
    """An entry that was remembered."""
    entry = entry_of(cache_dir("format"), b"tool", b"source")
    remember(entry, text)
    assert recall(entry) == text
    return entry


STRANGE = {
    "what an earlier release kept": lambda entry: entry.write_bytes(b"fn evil() {}\n"),
    "nothing": lambda entry: entry.write_bytes(b""),
    "a part": lambda entry: entry.write_bytes(entry.read_bytes()[:-1]),
    "one byte more": lambda entry: entry.write_bytes(entry.read_bytes() + b"x"),
    "another content": lambda entry: entry.write_bytes(entry.read_bytes()[:-6] + b"poison"),
    "its head alone": lambda entry: entry.write_bytes(entry.read_bytes()[:40]),
    "a pipe": lambda entry: (entry.unlink(), os.mkfifo(entry)),
    "a folder": lambda entry: (entry.unlink(), entry.mkdir()),
    "a link to an endless file": lambda entry: (entry.unlink(), entry.symlink_to("/dev/zero")),
    "a link to itself": lambda entry: (entry.unlink(), entry.symlink_to(entry)),
    "too much": lambda entry: os.truncate(entry, 1 << 40),
    "no right to read": lambda entry: entry.chmod(0),
}


@pytest.mark.parametrize("change", STRANGE.values(), ids=STRANGE.keys())
def test_an_entry_that_was_not_kept_under_its_name_is_not_believed(
    change: Callable[[Path], object],
) -> None:
    entry = kept()
    change(entry)
    if os.access(entry, os.R_OK) and entry.is_file() and entry.stat().st_mode & 0o777 == 0:
        pytest.skip("this user reads everything")
    assert recall(entry) is None


def test_a_right_entry_under_another_name_is_not_believed() -> None:
    entry = kept()
    other = entry_of(cache_dir("format"), b"tool", b"other source")
    other.write_bytes(entry.read_bytes())
    assert recall(other) is None


def test_what_stands_in_place_of_an_entry_is_replaced() -> None:
    entry = kept()
    entry.unlink()
    outside = entry.parent.parent / "outside"
    outside.write_bytes(b"mine")
    entry.symlink_to(outside)
    remember(entry, b"again")
    assert recall(entry) == b"again"
    assert outside.read_bytes() == b"mine"


def test_a_cache_that_cannot_be_written_is_no_error(own_cache: Path) -> None:
    own_cache.parent.mkdir(parents=True)
    own_cache.write_bytes(b"")
    remember(entry_of(cache_dir("format"), b"a"), b"result")
    assert own_cache.read_bytes() == b""


@pytest.mark.parametrize("place", ["relative", "cloned/cache"])
def test_no_cache_lies_in_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (tmp_path / "cloned").mkdir()
    isolation.distrust(tmp_path / "cloned")
    monkeypatch.chdir(tmp_path)
    named = place if place == "relative" else str(tmp_path / place)
    monkeypatch.setenv("XDG_CACHE_HOME", named)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_dir("format") == tmp_path / "home" / ".cache" / "scaffold" / "format"


def test_what_was_not_used_for_longest_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = cache_dir("format")
    entries = [entry_of(folder, bytes([number])) for number in range(40)]
    for number, entry in enumerate(entries):
        remember(entry, bytes(MIB))
        os.utime(entry, (number, number))
    assert recall(entries[0]) is not None  # used now
    monkeypatch.setitem(caching.PARTS, "format", 20 * MIB)
    monkeypatch.setattr(caching, "_trimmed", set())
    remember(entry_of(folder, b"new"), b"new")
    assert size_of(folder) <= 20 * MIB
    assert recall(entries[0]) is not None and recall(entries[-1]) is not None
    assert recall(entries[1]) is None


def test_temporary_files_of_a_killed_run_go(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = kept().parent
    (folder / ".123-abc").write_bytes(b"half")
    os.utime(folder / ".123-abc", (0, 0))
    monkeypatch.setattr(caching, "_trimmed", set())
    remember(entry_of(folder, b"new"), b"new")
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def tree(name: str, age: int) -> Path:
    """A copy of a checkout as the runner of cargo keeps it."""
    place = cache_dir("cargo") / name
    (place / "target").mkdir(parents=True)
    (place / "lock").write_bytes(b"")
    (place / "target" / "built").write_bytes(bytes(MIB))
    os.utime(place, (age, age))
    return place


def test_trees_of_cargo_go_by_their_last_use_and_never_one_in_use() -> None:
    oldest, old, new = tree("tree-1", 1), tree("tree-2", 2), tree("tree-3", 3)
    with (oldest / "lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        caching.trim_folders(cache_dir("cargo"), 2 * MIB + 100_000, new)
    assert (oldest / "target").is_dir() and (new / "target").is_dir()
    assert [path.name for path in old.iterdir()] == ["lock"]


def test_a_tree_that_is_too_large_alone_is_emptied() -> None:
    only = tree("tree-1", 1)
    caching.trim_folders(cache_dir("cargo"), MIB // 2, only)
    assert [path.name for path in only.iterdir()] == ["lock"]


def test_environments_of_uv_that_were_used_today_stay() -> None:
    import time

    old, today, used = tree("a", 1), tree("b", int(time.time())), tree("c", 1)
    caching.trim_folders(cache_dir("cargo"), MIB // 2, used, idle_s=86_400)
    assert (today / "target").is_dir() and (used / "target").is_dir()
    assert not (old / "target").exists()


@pytest.mark.slow
def test_doctor_tells_the_size_of_each_cache_and_removes_them(
    own_cache: Path, tmp_path: Path
) -> None:
    kept(bytes(MIB))
    held = tree("tree-1", 1)
    tree("tree-2", 1)
    (own_cache / "notes.txt").write_bytes(b"not ours")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"mine")
    (own_cache / "verdicts").symlink_to(outside)
    told = scaffold("doctor", cwd=tmp_path).out
    assert "format 1.0 of 256 MiB" in told and "cargo 2.0 of" in told
    with (held / "lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = scaffold("doctor", "--clear-cache", cwd=tmp_path)
    assert done.code == 0
    assert "in use and kept: cargo/tree-1" in done.out
    left = sorted(path.relative_to(own_cache).as_posix() for path in own_cache.rglob("*"))
    assert left == ["cargo", "cargo/tree-1", "cargo/tree-1/lock", "cargo/tree-1/target",
        "cargo/tree-1/target/built", "cargo/tree-2", "cargo/tree-2/lock", "notes.txt"]  # fmt: skip
    assert (outside / "file").read_bytes() == b"mine"


def test_a_cache_folder_that_is_a_link_is_not_cleared(own_cache: Path, tmp_path: Path) -> None:
    (tmp_path / "outside" / "format").mkdir(parents=True)
    own_cache.parent.mkdir()
    own_cache.symlink_to(tmp_path / "outside")
    with pytest.raises(CheckoutError, match="not a folder of yours"):
        caching.clear()
    assert scaffold("doctor", "--clear-cache", cwd=tmp_path).code == 3
    assert (tmp_path / "outside" / "format").is_dir()


def test_a_kept_value_is_made_once_for_the_same_parts() -> None:
    made = []

    def make() -> list[str]:
        made.append(1)
        return ["a", "b"]

    assert caching.kept(make, "x", "y") == caching.kept(make, "x", "y") == ["a", "b"]
    assert len(made) == 1
    # Parts are not joined: another cut of the same text is another value.
    caching.kept(make, "x\0y")
    caching.kept(make, "x", "y", "")
    assert len(made) == 3


def test_a_kept_value_that_was_changed_on_the_disk_is_made_again(own_cache: Path) -> None:
    assert caching.kept(lambda: ["right"], "x") == ["right"]
    (entry,) = (own_cache / "parsed").iterdir()
    entry.write_bytes(entry.read_bytes().replace(b"right", b"wrong"))
    assert caching.kept(lambda: ["right"], "x") == ["right"]


def test_toml_that_json_cannot_hold_is_parsed_each_time() -> None:
    for _ in range(2):
        assert caching.toml("day = 2026-01-01")["day"].year == 2026
    assert caching.toml("[a]\nb = [1, 2.5, inf]") == {"a": {"b": [1, 2.5, float("inf")]}}
