"""A clone may hold anything below `.scaffold/`: no command carries it out, follows it or hangs."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scaffold.checkout.journal import Write, commit
from scaffold.checkout.state import fingerprint
from support.command import scaffold
from support.former_state import as_format
from support.tinykit import DEMO_KIT
from support.tree import snapshot, write_files

VICTIM = b"a person's own file"
NAMED = '{"format": 3, "kit": "parcels", "in_git": "ignored", "gaps": {"\\u001b[m": {}}}'
Plant = Callable[[Path, Path], object]
"""Puts something into a checkout; the second folder lies outside of it."""


def content(data: bytes | None) -> dict[str, str] | None:
    if data is None:
        return None
    return {"digest": hashlib.sha256(data).hexdigest(), "lines": fingerprint(data)}


def record(path: str, before: bytes | None = None, after: bytes | None = VICTIM) -> dict[str, Any]:
    """A record as it is written, but for the key of the signature."""
    op = {"path": path, "before": content(before), "after": content(after)}
    return {
        "label": "new",
        "token": "0" * 32,
        "ops": [op],
        "folders": [path.rpartition("/")[0] or "x"],
        "signature": "0" * 64,
    }


def planted(folder: str, data: dict[str, Any] | bytes) -> Plant:
    """A record in the journal or the history, with an original beside it."""

    def plant(tree: Path, out: Path) -> None:
        text = data if isinstance(data, bytes) else json.dumps(data).replace("{out}", str(out))
        write_files(tree / ".scaffold" / folder, {"record.json": text, "before/0000": "evil"})

    return plant


def named(place: str, make: Callable[[Path, Path], object]) -> Plant:
    """Something that is not a plain file or folder, at this place below `.scaffold/`."""

    def plant(tree: Path, out: Path) -> None:
        there = tree / ".scaffold" / place
        there.parent.mkdir(parents=True, exist_ok=True)
        if there.is_dir() and not there.is_symlink():
            shutil.rmtree(there)
        there.unlink(missing_ok=True)
        make(there, out)

    return plant


def generated(then: Plant) -> Plant:
    """The same where the tests of a gap were written before."""

    def plant(tree: Path, out: Path) -> None:
        done = scaffold("new", "--gap", "prices", "--kit", DEMO_KIT, "-C", tree)
        assert done.code == 0, done.err
        then(tree, out)

    return plant


def earlier(then: Plant) -> Plant:
    """The same where an earlier version wrote the state."""

    def plant(tree: Path, out: Path) -> None:
        as_format(2, tree)
        then(tree, out)

    return generated(plant)


def gap(**changes: Any) -> Plant:
    """The record of a gap with these fields."""

    def plant(tree: Path, out: Path) -> None:
        place = tree / ".scaffold" / "state.json"
        head = json.loads(place.read_text())
        head["gaps"]["prices"].update(changes)
        place.write_text(json.dumps(head).replace("{out}", str(out)))

    return plant


def proof(**changes: Any) -> Plant:
    """A proof with these fields, which nobody signed."""

    def plant(tree: Path, out: Path) -> None:
        body = {**PROVED, "generated": 9, **changes}
        write_files(tree, {".scaffold/verified/prices.json": json.dumps(body)})

    return plant


def signed_elsewhere(tree: Path, out: Path) -> None:
    """A record that this user wrote, for a checkout at another place."""
    other = Path(shutil.copytree(tree, out.parent / "other"))
    commit(other, [Write("parcels/new.py", VICTIM), Write("parcels/__init__.py", None)], "new")
    shutil.copytree(other / ".scaffold", tree / ".scaffold")
    (tree / ".scaffold/undo/0001").rename(tree / ".scaffold/journal")
    (tree / "parcels/new.py").write_bytes(VICTIM)


def pipe(place: Path, out: Path) -> None:
    os.mkfifo(place)


def to_folder(place: Path, out: Path) -> None:
    place.symlink_to(out)


def to_file(place: Path, out: Path) -> None:
    place.symlink_to(out / "victim")


def endless(place: Path, out: Path) -> None:
    place.symlink_to("/dev/zero")


def huge(place: Path, out: Path) -> None:
    with place.open("wb") as stream:
        stream.truncate(1 << 33)


def deep(place: Path, out: Path) -> None:
    place.write_bytes(b"[" * 200_000)


def door(place: Path, out: Path) -> None:
    here = Path.cwd()
    os.chdir(place.parent)
    try:
        socket.socket(socket.AF_UNIX).bind(place.name)
    finally:
        os.chdir(here)


def bomb(place: Path, out: Path) -> None:
    place.write_bytes(gzip.compress(b"\0" * (80 << 20)))


def a_file(place: Path, out: Path) -> None:
    place.write_bytes(VICTIM)


ODD = (pipe, to_folder, endless, deep)
RARE = (to_file, huge, door, a_file)
PATHS = (
    *("../out/victim", "{out}/victim", ".git/hooks/x", "a/.GIT/x", "x/../../out/victim"),
    *(".scaffold/../../out/victim", ".scaffold/undo/0001/record.json", "link/victim"),
)
UNFIT = ("a" * 300, "a/" + "\u00e9" * 130, "tests/\ud800.py", "tests//x.py", "./x.py", "x/")
"""Paths that no file can have, or that are not written as they are walked."""
PLANTS: dict[str, Plant] = {
    **{f"journal: {path}": planted("journal", record(path)) for path in PATHS},
    **{f"undo: {path}": planted("undo/0001", record(path, before=b"evil")) for path in PATHS[:4]},
    "journal: of another checkout": signed_elsewhere,
    "journal: empty record": planted("journal", b""),
    "journal: not UTF-8": planted("journal", b"\xff\xfe"),
    "journal: numbers": planted("journal", b'{"label": ' + b"9" * 5000 + b"}"),
    "journal: types": planted("journal", {**record("a"), "ops": 5, "folders": None}),
    "undo: a number that is too large": planted("undo/999999999", record("a")),
    "undo: a name that is not a number": planted("undo/1x", record("a")),
    **{
        f"{place}: {make.__name__}": named(place, make)
        for place in ("journal", "journal/record.json", "undo", "undo/0001", "kept")
        for make in ODD
    },
    **{
        f"{place}: {make.__name__}": generated(named(place, make))
        for place in (".gitignore", "state.json", "bases.gz", "verified", "verified/prices.json",
                      "undo/0001/before")
        for make in ODD
    },
    **{
        f"earlier {place}: {make.__name__}": earlier(named(place, make))
        for place in ("gaps", "gaps/prices.json", "base", "base/" + "0" * 64 + ".gz")
        for make in ODD
    },
    **{f"journal: {make.__name__}": named("journal", make) for make in RARE},
    **{
        f"{place}: {make.__name__}": generated(named(place, make))
        for place in ("state.json", "bases.gz")
        for make in RARE
    },
    **{
        f"{sibling}: {make.__name__}": named(f"../{sibling}", make)
        for sibling in ("tests/.test_labels.py.scaffold-new", "tests/.test_labels.py.scaffold-tmp")
        for make in (pipe, to_file, to_folder)
    },
    "bases.gz: a bomb": generated(named("bases.gz", bomb)),
    "bases.gz: alone": named("bases.gz", deep),
    "earlier base: a bomb": earlier(named("base/" + "0" * 64 + ".gz", bomb)),
    **{f"gap: files {path}": generated(gap(files={path: "0" * 64})) for path in PATHS[:5]},
    **{f"gap: removed {path}": generated(gap(removed={path: "0"})) for path in PATHS[:5]},
    **{
        f"gap: edits {path}": generated(
            gap(edits=[{"kind": "python", "path": path, "created": True, "units": {"a": "0"}}])
        )
        for path in PATHS[:5]
    },
    **{
        f"gap: {field} {path[:9]!r}": generated(gap(**{field: {path: "0" * 64}}))
        for field in ("files", "removed", "moved")
        for path in UNFIT
    },
    **{
        f"gap: answers {answer!r:.9}": generated(gap(answers={"prices_heaviest": answer}))
        for answer in ({"a": [1]}, None, 1.5, "\ud800", 10**400, [])
    },
    **{
        f"gap: {name}": generated(gap(**{name: "\ud800"}))
        for name in ("kit_version", "digest", "template")
    },
    "gap: a kind of edit": generated(
        gap(edits=[{"kind": "x", "path": "a.py", "created": True, "units": {"a": "0"}}])
    ),
    **{
        f"proof: {name} {value!r:.9}": generated(proof(**{name: value}))
        for name in ("coverage", "before", "digests")
        for value in ("x", [1], {"parcels/prices.py": "x"}, {"\ud800": 1}, 5)
    },
    "proof: nothing generated": generated(proof(generated=None)),
    "proof: a sample": generated(proof(sample="x")),
    "gap: types": generated(gap(files=[], answers="x", edits=[5])),
    "gap: a name": generated(named("state.json", lambda p, out: p.write_text(NAMED))),
    "earlier gap: a name": earlier(named("gaps/\x1b[m.json", lambda p, out: p.write_text("{}"))),
    "proof: types": generated(named("verified/prices.json", lambda p, out: p.write_text("{}"))),
}  # fmt: skip
COMMANDS = (["status"], ["pr"], ["new", "--gap", "labels", "--dry-run"], ["new", "--gap", "labels"],
            ["undo"], ["undo", "--force"])  # fmt: skip
READING = (["status"], ["status", "--json"], ["list"], ["show", "prices"],
           ["new", "--all", "--dry-run"], ["new", "--all", "--diff"])  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("plant", [pytest.param(PLANTS[name], id=name) for name in PLANTS])
def test_what_lies_in_a_checkout_is_not_believed(tree: Path, tmp_path: Path, plant: Plant) -> None:
    out = write_files(tmp_path / "out", {"victim": VICTIM, "prices.json": "x", "before/0000": "x"})
    (tree / "link").symlink_to(out)
    before = set(paths_of_files(tree))
    plant(tree, out)
    theirs = snapshot(out)
    for words in COMMANDS:
        done = scaffold(*words, "--kit", DEMO_KIT, "-C", tree)
        assert done.code in (0, 3, 4, *([2] * (words == ["pr"]))), (words, done.err)
        assert snapshot(out) == theirs, words
    # What is in the way can be set aside, and then everything works.
    for _ in range(2):
        done = scaffold("undo", "--set-aside", "--kit", DEMO_KIT, "-C", tree)
        assert done.code == 0, done.err
    for words in (["status"], ["new", "--gap", "labels"], ["undo"]):
        done = scaffold(*words, "--kit", DEMO_KIT, "-C", tree)
        assert done.code == 0, (words, done.err)
    assert snapshot(out) == theirs
    assert before <= set(paths_of_files(tree))


TRAP = "import os\nopen(os.environ['TRAP'], 'a').write('x')\n"
PROVED = {"verdict": "proved", "passed": 9, "killed": 9, "viable": 9}
# What `verify` reads or writes itself, once for each kind.
VERIFIED = [
    *("journal: ../out/victim", "journal: of another checkout", "journal/record.json: endless"),
    *("undo: ../out/victim", "undo: pipe", "kept: to_folder", "state.json: huge", "bases.gz: deep"),
    *("bases.gz: to_folder", "bases.gz: a bomb", "earlier base: a bomb", "verified: to_folder"),
    *("earlier gaps/prices.json: to_folder", "earlier gaps: deep"),
    *("verified: pipe", "verified/prices.json: pipe", "verified/prices.json: to_folder"),
    *("verified/prices.json: deep", "gap: files ../out/victim", "gap: edits {out}/victim"),
]


@pytest.mark.slow
@pytest.mark.parametrize("name", VERIFIED)
def test_verify_neither_follows_nor_runs_what_lies_in_a_checkout(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    out = write_files(
        tmp_path / "out",
        {"victim": VICTIM, "prices.json": "x", "before/0000": "x", "conftest.py": TRAP},
    )
    monkeypatch.setenv("TRAP", str(tmp_path / "trap"))
    (tree / "link").symlink_to(out)
    PLANTS[name](tree, out)
    for place in (tree / ".scaffold").glob("*/"):
        if place.is_dir() and not place.is_symlink():
            write_files(
                place, {"conftest.py": TRAP, "test_planted.py": TRAP, "sitecustomize.py": TRAP}
            )
    theirs = snapshot(out)

    verify = ("verify", "--mutants", "2", "--jobs", "1", "--python", sys.executable)
    done = scaffold(*verify, "--kit", DEMO_KIT, "-C", tree)

    assert done.code in (0, 2, 3), done.err
    assert snapshot(out) == theirs
    assert not (tmp_path / "trap").exists()


def test_a_kept_answer_that_does_not_fit_is_named_and_another_one_given(tree: Path) -> None:
    where = ("--kit", DEMO_KIT, "-C", tree)
    generated(gap(answers={"prices_heaviest": "abc"}))(tree, tree)
    done = scaffold("new", "--gap", "prices", *where)
    assert done.code == 3, done.err
    assert "keeps an answer: prices_heaviest = 'abc' is not of the form int" in done.err
    hint = shlex.split(done.err.rpartition("hint: ")[2])
    assert scaffold(*hint[1:]).code == 0
    assert scaffold("new", "--gap", "prices", *where).code == 0


def test_verify_believes_no_proof_that_lies_in_a_checkout(tree: Path, tmp_path: Path) -> None:
    where = ("--kit", DEMO_KIT, "-C", tree)
    assert scaffold("new", "--gap", "prices", *where).code == 0
    verify = ("verify", "--python", sys.executable, *where)
    with (tree / "tests" / "test_prices.py").open("a") as stream:
        stream.write("\n\ndef test_red() -> None:\n    assert False\n")
    assert scaffold(*verify).code == 6
    place = tree / ".scaffold" / "verified" / "prices.json"
    place.write_text(json.dumps({**json.loads(place.read_text()), **PROVED}))
    done = scaffold(*verify)
    assert done.code == 6, done.out
    assert json.loads(place.read_text())["verdict"] == "red"


@pytest.mark.parametrize("whose", ["forged", "another user"])
def test_status_believes_no_proof_that_this_user_did_not_make(
    whose: str, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ("--kit", DEMO_KIT, "-C", tree)
    assert scaffold("new", "--gap", "prices", *where).code == 0
    assert scaffold("verify", "--python", sys.executable, *where).code == 0
    assert "stale" not in scaffold("status", *where).out
    if whose == "forged":
        place = tree / ".scaffold" / "verified" / "prices.json"
        place.write_text(json.dumps({**json.loads(place.read_text()), **PROVED}))
    else:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "theirs"))
    done = scaffold("status", *where, "--json")
    [row] = [row for row in json.loads(done.out)["gaps"] if row["gap"] == "prices"]
    assert row["stale"] == ["it is not signed as made by you on this machine"]
    assert not (tmp_path / "theirs").exists()


def test_a_proof_is_kept_where_no_key_can_be(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = ("--kit", DEMO_KIT, "-C", tree)
    assert scaffold("new", "--gap", "prices", *where).code == 0
    monkeypatch.setenv("XDG_STATE_HOME", str(tree / "inside"))
    assert scaffold("verify", "--python", sys.executable, *where).code == 0
    assert "it is not signed as made by you" in scaffold("status", *where).out


def paths_of_files(tree: Path) -> list[str]:
    paths = [place.relative_to(tree).as_posix() for place in tree.rglob("*")]
    return [path for path in paths if not path.startswith(".scaffold")]


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_what_only_reads_works_beside_a_journal_that_is_not_believed(
    tree: Path, tmp_path: Path, words: list[str]
) -> None:
    planted("journal", record("../out/victim"))(tree, tmp_path)
    before = snapshot(tree)
    where = [] if words[0] in ("list", "show") else ["-C", str(tree)]
    done = scaffold(*words, "--kit", DEMO_KIT, *where)
    assert done.code == 0, done.err
    assert not where or "scaffold undo --set-aside" in done.err
    assert snapshot(tree) == before


def test_a_record_never_travels_by_git(tree: Path) -> None:
    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=tree, capture_output=True, text=True, check=True)
        return done.stdout

    git("init", "-q")
    assert scaffold("new", "--gap", "prices", "--kit", DEMO_KIT, "-C", tree).code == 0
    (tree / ".scaffold/undo/0001").rename(tree / ".scaffold/journal")
    (tree / ".scaffold/.gitignore").unlink()
    git("add", "-A")
    listed = git("ls-files", ".scaffold")
    assert "state.json" in listed
    assert not {"journal", "undo", "kept"} & {line.split("/")[1] for line in listed.split()}


def test_git_carries_no_record_unless_the_state_is_tracked_and_then_these_files(tree: Path) -> None:
    def carried() -> list[str]:
        words = ["git", "ls-files", "--others", "--exclude-standard", ".scaffold"]
        done = subprocess.run(words, cwd=tree, capture_output=True, text=True, check=True)
        return done.stdout.split()

    def new(*words: str) -> None:
        done = scaffold("new", "--gap", "prices", *words, "--kit", DEMO_KIT, "-C", tree)
        assert done.code == 0, done.err

    subprocess.run(["git", "init", "-q"], cwd=tree, check=True)
    new()
    assert carried() == []
    before = snapshot(tree)
    new("--state", "tracked")
    files = [".scaffold/.gitignore", ".scaffold/bases.gz", ".scaffold/state.json"]
    assert carried() == files
    verify = scaffold("verify", "--python", sys.executable, "--kit", DEMO_KIT, "-C", tree)
    assert verify.code == 0, verify.err
    assert "tracked in git" in scaffold("status", "--kit", DEMO_KIT, "-C", tree).out
    # It is remembered.
    assert scaffold("new", "--gap", "labels", "--kit", DEMO_KIT, "-C", tree).code == 0
    assert carried() == files
    for _ in range(2):
        assert scaffold("undo", "--kit", DEMO_KIT, "-C", tree).code == 0
    assert "ignored by git" in scaffold("status", "--kit", DEMO_KIT, "-C", tree).out
    assert carried() == []
    assert before.items() <= snapshot(tree).items()
