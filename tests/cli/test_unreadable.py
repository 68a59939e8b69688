"""A target or a suite that cannot be read: its row is blocked with a sentence, the command runs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.command import scaffold
from support.tinykit import DEMO_KIT

KIT = ["--kit", str(DEMO_KIT)]


def pipe(place: Path) -> None:
    os.mkfifo(place)


def endless(place: Path) -> None:
    place.symlink_to("/dev/zero")


def outside(place: Path) -> None:
    (place.parents[2] / "elsewhere.py").write_text("def price(): ...\n")
    place.symlink_to(place.parents[2] / "elsewhere.py")


def in_a_circle(place: Path) -> None:
    place.symlink_to(place.name)


def large(place: Path) -> None:
    with place.open("wb") as stream:
        stream.truncate(1 << 40)


def folder(place: Path) -> None:
    place.mkdir()


def closed(place: Path) -> None:
    place.write_text("x = 1\n")
    place.chmod(0)


def text(content: str | bytes) -> Callable[[Path], object]:
    data = content.encode() if isinstance(content, str) else content
    return lambda place: place.write_bytes(data)


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pipe": (pipe, "PATH cannot be read: Not a plain file"),
    "a link to /dev/zero": (endless, "PATH leads out of the checkout"),
    "a link to a file outside": (outside, "PATH leads out of the checkout"),
    "a link to itself": (in_a_circle, "PATH cannot be read: Too many levels of symbolic links"),
    "a sparse file": (large, "PATH cannot be read: Larger than 16 MiB"),
    "a folder": (folder, "PATH cannot be read: Is a directory"),
    "two mebibytes": (
        text("# price prices labels\n" + "x = 1\n" * 400_000),
        "PATH is larger than 1 MiB, too large to be parsed",
    ),
    "a deep sum": (
        text("# prices labels\nx = " + "1+" * 100_000 + "1\n"),
        "PATH does not parse: it is nested too deeply",
    ),
    "many brackets": (text("# prices\nx = " + "(" * 300), "PATH:2 does not parse: too many"),
    "no Python": (text("# prices labels\ndef (:\n"), "PATH:2 does not parse: invalid syntax"),
    "null bytes": (text("# prices labels\nx = 1\0\n"), "PATH:1 does not parse: source code"),
    "another encoding": (
        text(b"# prices labels\nx = '\xe9'\n"),
        "PATH:2 does not parse: (unicode error)",
    ),
}


def rows(tree: Path) -> dict[str, tuple[str, str]]:
    done = scaffold("status", *KIT, "-C", tree, "--json")
    assert done.code == 0, done.err
    return {row["gap"]: (row["state"], row["note"]) for row in json.loads(done.out)["gaps"]}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_target_that_cannot_be_read_blocks_its_row_alone(tree: Path, broken: str) -> None:
    make, wanted = BROKEN[broken]
    target = tree / "parcels" / "prices.py"
    target.unlink()
    make(target)
    fact = wanted.replace("PATH", "parcels/prices.py")
    found = rows(tree)
    state, note = found["prices"]
    assert (state, note[: len(fact)]) == ("blocked", fact)
    assert found["labels"] == ("open", "")

    bulk = scaffold("new", "--all", "--dry-run", *KIT, "-C", tree)
    assert bulk.code == 0, bulk.err
    assert fact in bulk.out + bulk.err and "tests/test_labels.py" in bulk.out
    named = scaffold("new", "--gap", "prices", *KIT, "-C", tree)
    assert named.code == 3 and named.fact.startswith(fact), named.err


def test_what_shows_a_row_or_the_machine_runs_where_a_target_cannot_be_read(tree: Path) -> None:
    target = tree / "parcels" / "prices.py"
    target.unlink()
    pipe(target)
    for command in (["show", "prices"], ["doctor"]):
        done = scaffold(*command, *KIT, "-C", tree)
        assert done.code == 0, done.err


@pytest.mark.parametrize("broken", [name for name in BROKEN if name != "a folder"])
def test_a_suite_that_cannot_be_read_is_noted_and_blocks_nothing(tree: Path, broken: str) -> None:
    make, wanted = BROKEN[broken]
    make(tree / "tests" / "test_mine.py")
    fact = wanted.replace("PATH", "tests/test_mine.py")
    state, note = rows(tree)["prices"]
    assert (state, note[: len(fact) + 17]) == ("open", f"not looked into: {fact}")


@pytest.mark.parametrize("broken", ["a pipe", "a folder", "a link to /dev/zero", "a sparse file"])
def test_a_generated_file_that_is_no_file_any_more_blocks_its_row(tree: Path, broken: str) -> None:
    assert scaffold("new", "--all", "-y", *KIT, "-C", tree).code == 0
    place = tree / "tests" / "test_prices.py"
    place.unlink()
    BROKEN[broken][0](place)
    found = rows(tree)
    assert found["prices"][0] == "blocked" and found["prices"][1].startswith("tests/test_prices.py")
    assert found["labels"][0] == "generated"


def test_verify_reports_a_row_that_cannot_be_read_and_goes_on(tree: Path) -> None:
    assert scaffold("new", "--gap", "prices", "--gap", "labels", "-y", *KIT, "-C", tree).code == 0
    target = tree / "parcels" / "prices.py"
    target.unlink()
    pipe(target)
    fact = "parcels/prices.py cannot be read: Not a plain file"
    command = ["verify", "--all", "--python", sys.executable, *KIT, "-C", str(tree)]

    told = scaffold(*command)
    assert told.code == 3 and told.fact.startswith(fact), told.err
    assert "labels: green" in told.out and f"prices: blocked: {fact}" in told.out

    document = scaffold(*command, "--json")
    body = json.loads(document.out)
    assert (document.code, [item["gap"] for item in body["outcomes"]]) == (3, ["labels"])
    (blocked,) = body["blocked"]
    assert blocked["gap"] == "prices" and blocked["error"].startswith(fact)


def test_suites_without_end_are_looked_into_up_to_a_bound(tree: Path) -> None:
    os.symlink("..", tree / "tests" / "loop")
    (tree / "tests" / "many").mkdir()
    for number in range(20_100):
        (tree / "tests" / "many" / f"test_{number}.txt").touch()
    assert rows(tree)["prices"] == (
        "open",
        "not looked into: tests: More than 20000 files and folders",
    )


def test_a_suite_whose_name_is_not_utf_8_is_read(tree: Path) -> None:
    name = os.fsdecode(b"test_\xff.py")
    (tree / "tests" / name).write_text("from parcels.prices import price\nprice(1)\n")
    state, note = rows(tree)["prices"]
    assert state == "open" and note.startswith("tested already: 1 of ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look into every folder")
def test_a_folder_that_cannot_be_looked_into_blocks_its_rows(tree: Path) -> None:
    (tree / "parcels").chmod(0)
    try:
        assert {state for state, _ in rows(tree).values()} == {"blocked", "planned"}
    finally:
        (tree / "parcels").chmod(0o755)


def test_a_current_folder_that_is_gone_is_refused(tmp_path: Path) -> None:
    import subprocess
    import sys

    gone = tmp_path / "gone"
    gone.mkdir()
    done = subprocess.run(
        ["sh", "-c", f'rmdir "{gone}"; exec "{sys.executable}" -m scaffold status'],
        cwd=gone, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (b"# \xe9\n", "tests/test_prices.py is not UTF-8 (byte "),
        (b"x = " + b"1+" * 50_000 + b"1\n", "tests/test_prices.py"),
        (b"x = 1\0\n", "tests/test_prices.py"),
    ],
)
def test_a_stub_that_cannot_be_read_is_refused_and_kept(
    tree: Path, content: bytes, fact: str
) -> None:
    command = ["new", "--gap", "prices", *KIT, "-C", str(tree)]
    assert scaffold(*command, "--stubs").code == 0
    stub = tree / "tests" / "test_prices.py"
    stub.write_bytes(stub.read_bytes() + content)
    mine = stub.read_bytes()
    done = scaffold(*command)
    assert done.code == 3 and done.fact.startswith(fact), done.err
    assert stub.read_bytes() == mine


@pytest.mark.parametrize("name", ["--answers", "--merge"])
def test_a_file_that_is_named_is_never_waited_for(tree: Path, tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe.yml")
    command = ["new", "--gap", "prices"] if name == "--answers" else ["verify", "--all"]
    done = scaffold(*command, name, tmp_path / "pipe.yml", *KIT, "-C", tree)
    assert done.code == 2 and "Not a plain file" in done.fact
