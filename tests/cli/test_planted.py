"""A clone may hold anything below `.scaffold/`: no command carries it out, follows it or hangs."""

from __future__ import annotations

import hashlib
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from support.command import scaffold
from support.planted import PLANTS, PROVED, VICTIM, Plant, gap, generated, planted, record
from support.tinykit import DEMO_KIT
from support.tree import snapshot, write_files

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


def test_a_record_deletes_nothing_that_a_row_tests(tree: Path) -> None:
    where = ("--kit", DEMO_KIT, "-C", tree)
    for path in ("parcels/prices.py", "parcels/labels.py"):
        theirs = (tree / path).read_bytes()
        files = {path: hashlib.sha256(theirs).hexdigest()}
        generated(gap(files=files))(tree, tree)
        done = scaffold("new", "--gap", "prices", *where, "--on-conflict", "overwrite")
        assert done.code == 0, done.err
        assert f"{path}  (no longer generated; under test)" in done.out
        assert (tree / path).read_bytes() == theirs


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


def test_a_file_in_place_of_the_records_is_shown_by_the_hint(tree: Path) -> None:
    write_files(tree, {".scaffold/undo": "mine\n"})
    done = scaffold("new", "--gap", "prices", "--kit", DEMO_KIT, "-C", tree)
    assert (done.code, done.hint) == (3, "ls -ld .scaffold/undo")
    assert (tree / ".scaffold" / "undo").read_text() == "mine\n"
