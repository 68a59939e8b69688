"""Commands that only read work while another run holds the checkout, and write nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command import scaffold
from support.tinykit import DEMO_KIT
from support.tree import snapshot

KIT = ["--kit", str(DEMO_KIT)]
READERS = [
    ["status"],
    ["status", "--json"],
    ["show", "prices"],
    ["new", "--all", "--dry-run"],
    ["new", "--gap", "labels", "--diff"],
    ["doctor"],
]
HANGS = """

def test_that_hangs():
    import time
    open({mark!r}, "w").close()
    time.sleep(600)
"""


@pytest.fixture
def verifying(tree: Path, tmp_path: Path) -> Iterator[Path]:
    """A tree whose lock is held by a `verify` that hangs."""
    assert scaffold("new", "--gap", "prices", *KIT, "-C", tree).code == 0
    mark = tmp_path / "mark"
    with (tree / "tests" / "test_prices.py").open("a") as stream:
        stream.write(HANGS.format(mark=str(mark)))
    command = ["verify", "--python", sys.executable, *KIT, "-C", str(tree)]
    process = subprocess.Popen([sys.executable, "-m", "scaffold", *command], stderr=subprocess.PIPE)
    while not mark.exists():
        assert process.poll() is None
        time.sleep(0.02)
    yield tree
    process.terminate()
    process.communicate()


def plain(tree: Path) -> dict[str, object]:
    return {path: what for path, what in snapshot(tree).items() if "__pycache__" not in path}


def test_readers_work_beside_a_running_verify(verifying: Path) -> None:
    before = plain(verifying)
    for command in READERS:
        done = scaffold(*command, *KIT, "-C", verifying)
        assert done.code == 0, (command, done.err)
        assert done.out
    assert plain(verifying) == before
    for command in (["new", "--gap", "labels"], ["undo"], ["verify"]):
        done = scaffold(*command, *KIT, "-C", verifying)
        assert (done.code, done.fact) == (
            4,
            "another run of scaffold is at work in this checkout; nothing was written",
        )


INTERRUPTED = """
import os, sys
from pathlib import Path
from scaffold.checkout import journal
from scaffold.checkout.transaction import _Transaction
tree = Path(sys.argv[1])
_Transaction._close = lambda self, record: os._exit(9)
writes = [journal.Write("tests/test_a.py", b"a"), journal.Write("tests/test_b.py", b"b")]
journal.commit(tree, writes, "new prices")
"""


def test_readers_report_an_interrupted_run_and_leave_it(tree: Path) -> None:
    first = snapshot(tree)
    stopped = subprocess.run([sys.executable, "-c", INTERRUPTED, str(tree)], check=False)
    assert stopped.returncode == 9
    half = snapshot(tree)
    assert half != first
    for command in (
        ["new", "--all", "--dry-run"],
        ["new", "--gap", "labels", "--diff"],
        ["status"],
    ):
        done = scaffold(*command, *KIT, "-C", tree)
        assert done.code == 0, done.err
        assert f"was not taken back yet; scaffold undo --dry-run -C {tree} --kit" in done.err
        assert snapshot(tree) == half


WRITER = """
import contextlib, io, random, sys, time
from scaffold.cli import run
where = sys.argv[1:]
while True:
    for words in (["new", "--all"], ["undo"]):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            code = run([*words, *where])
        print(words[0], code, flush=True)
        time.sleep(random.random())
"""


@pytest.mark.slow
def test_readers_see_all_of_another_run_or_nothing(tree: Path) -> None:
    first = scaffold("new", "--all", "--dry-run", "--json", *KIT, "-C", tree)
    paths = {change["path"] for change in json.loads(first.out)["changes"]}
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, *KIT, "-C", str(tree)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert writer.stdout is not None and writer.stdout.readline() == "new 0\n"
        seen: set[str] = set()
        rounds, end = 0, time.monotonic() + 120
        while (rounds < 10 or len(seen) < 2) and time.monotonic() < end:
            rounds += 1
            done = scaffold("status", "--json", *KIT, "-C", tree)
            assert done.code == 0, done.err
            states = {gap["gap"]: gap["state"] for gap in json.loads(done.out)["gaps"]}
            written = frozenset(states[gap] for gap in ("prices", "labels"))
            assert written in ({"open"}, {"generated"}), states
            assert "warning" not in done.err
            seen |= written
            done = scaffold("new", "--all", "--dry-run", "--json", *KIT, "-C", tree)
            assert done.code == 0, done.err
            changes = json.loads(done.out)["changes"]
            actions = {change["action"] for change in changes if change["path"] in paths}
            assert len(actions) == 1 or {"create", "edit"} >= actions, changes
        assert seen == {"open", "generated"}, f"in {rounds} rounds"
        assert writer.poll() is None
    finally:
        writer.kill()
        told = writer.communicate()[0]
    # A reader never keeps the writer from its lock.
    assert set(told.split("\n")[:-1]) <= {"new 0", "undo 0"}
