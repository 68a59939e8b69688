"""stdout that is full, closed, or no longer read; encodings; text that would forge a line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.command import scaffold
from support.terminal import terminal
from support.tinykit import DEMO_KIT
from support.tree import snapshot, write_files

KIT = ["--kit", str(DEMO_KIT)]
NEW = ["new", "--gap", "prices", *KIT]


def shell(line: str, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A line of bash in which `"$@"` is the command."""
    python = [sys.executable, "-m", "scaffold"]
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}", "bash", *python, *words],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


@pytest.mark.parametrize("json_too", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize("command", [["list"], ["show", "prices"], ["--help"]], ids=lambda c: c[0])
def test_a_reader_that_goes_away_ends_it_with_141(command: list[str], json_too: list[str]) -> None:
    kit = [] if command == ["--help"] else KIT
    done = shell('"$@" | (exec <&-; sleep 1)', *command, *json_too, *kit)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_reader_that_goes_away_stops_new_before_it_writes(tree: Path) -> None:
    before = snapshot(tree)
    done = shell('"$@" | (exec <&-; sleep 3)', *NEW, "-C", str(tree))
    assert done.returncode == 141
    assert snapshot(tree) == before


def test_a_reader_that_goes_away_after_the_commit_learns_what_was_done(tree: Path) -> None:
    done = shell('"$@" | (exec <&-; sleep 3)', *NEW, "-C", str(tree), "--json")
    assert done.returncode == 141
    assert (
        "error: the reader of the output went away before its end; "
        "what was asked for is written (new prices)" in done.stderr
    )
    assert (tree / "tests" / "test_prices.py").exists()
    assert scaffold("undo", *KIT, "-C", tree).code == 0


@pytest.mark.parametrize(
    ("line", "why", "hint"),
    [
        ('"$@" > /dev/full', "No space left on device", "df -h ."),
        ('"$@" >&-', "Bad file descriptor", "scaffold status"),
        ('ulimit -f 0; "$@" > "$HERE/out"', "File too large", "ulimit -f"),
    ],
    ids=["full", "closed", "limited"],
)
@pytest.mark.parametrize("command", [["list", *KIT], ["list", "--json", *KIT], ["--version"]])
def test_stdout_that_takes_nothing_ends_it_with_74(
    tmp_path: Path, line: str, why: str, hint: str, command: list[str]
) -> None:
    done = shell(line, *command, HERE=str(tmp_path))
    assert done.returncode == 74
    assert done.stderr.startswith(f"error: the output cannot be written: {why}\n\nhint: {hint}")
    assert "Traceback" not in done.stderr and "ignored" not in done.stderr


def test_a_full_disk_under_a_refusal_in_json_is_reported_too(tmp_path: Path) -> None:
    done = shell('"$@" > /dev/full', "status", "--json", *KIT, "-C", str(tmp_path))
    assert done.returncode == 74
    assert "is not a checkout" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("line", ['"$@" 2>&-', '"$@" 2>/dev/full', '"$@" <&-'])
def test_closed_or_full_stderr_and_closed_stdin_change_no_result(line: str, tree: Path) -> None:
    done = shell(line, *NEW, "-C", str(tree), "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["written"] is True
    assert shell(line, "new", "--gap", "nothing", *KIT, "-C", str(tree)).returncode == 2


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8:strict"])
def test_no_encoding_of_stdout_is_in_the_way(encoding: str, tree: Path) -> None:
    for command in (["show", "prices"], ["status", "-C", str(tree)], ["--help"]):
        kit = [] if command == ["--help"] else KIT
        done = shell('"$@"', *command, *kit, PYTHONIOENCODING=encoding, LC_ALL="C")
        assert done.returncode == 0, done.stderr


def hostile(tree: Path) -> None:
    """A folder of tests that has a name with a line end, an escape and a byte that is not UTF-8."""
    name = b"tests/test_\x1b[2J\nP9  forged  open\n\xff.py"
    place = os.fsencode(tree) + b"/" + name
    with open(place, "wb") as stream:
        stream.write(b"from parcels.prices import price\n\n\ndef test_it():\n    price(1)\n")


def test_a_hostile_file_name_cannot_forge_a_row(tree: Path) -> None:
    rows = len(scaffold("status", *KIT, "-C", tree).out.splitlines())
    hostile(tree)
    done = scaffold("status", *KIT, "-C", tree)
    assert done.code == 0
    assert len(done.out.splitlines()) == rows
    assert "\x1b" not in done.out
    assert json.loads(scaffold("status", "--json", *KIT, "-C", tree).out)


def test_a_hostile_folder_cannot_move_the_cursor(tmp_path: Path) -> None:
    folder = tmp_path / "a\x1b[31m\nerror: forged"
    folder.mkdir()
    done = scaffold("status", *KIT, "-C", folder)
    assert (done.code, "\x1b" in done.err) == (3, False)
    assert r"a\x1b[31m\nerror: forged is not a checkout" in done.fact


def test_a_rendered_file_is_raw_on_a_pipe_and_escaped_on_a_terminal(
    tree: Path, tmp_path: Path
) -> None:
    import shutil

    kit = Path(shutil.copytree(DEMO_KIT, tmp_path / "kit"))
    source = next((kit / "templates" / "prices" / "files" / "tests").glob("test_prices.py*"))
    source.write_text(source.read_text() + '\nNOISE = "\x1b[31m"\n')
    show = ["show", "prices", "--file", "tests/test_prices.py", "--kit", str(kit), "-C", str(tree)]
    assert "\x1b[31m" in scaffold(*show).out
    with terminal(*show, cwd=tree) as shown:
        assert shown.end() == 0
        assert r'NOISE = "\x1b[31m"' in shown.seen
    document = json.loads(scaffold(*show, "--json").out)
    assert document["file"]["path"] == "tests/test_prices.py"
    assert "\x1b[31m" in document["file"]["content"]


def test_a_diff_is_what_git_applies(tree: Path) -> None:
    done = shell('"$@"', *NEW, "--diff", "-C", str(tree))
    assert done.returncode == 0
    subprocess.run(["git", "init", "-q"], cwd=tree, check=True)
    subprocess.run(["git", "apply", "-"], cwd=tree, input=done.stdout, text=True, check=True)
    assert (tree / "tests" / "test_prices.py").exists()
    document = json.loads(scaffold(*NEW, "--diff", "--json", "-C", tree).out)
    assert (document["command"], document["written"]) == ("new", False)
    write_files(tree, {"keep": ""})
