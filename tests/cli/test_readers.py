"""Commands that only read work while another run holds the checkout, and write nothing."""

from __future__ import annotations

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
    done = subprocess.run([sys.executable, "-c", INTERRUPTED, str(tree)], check=False)
    assert done.returncode == 9
    half = snapshot(tree)
    assert half != first
    for command in (
        ["new", "--all", "--dry-run"],
        ["new", "--gap", "labels", "--diff"],
        ["status"],
    ):
        done = scaffold(*command, *KIT, "-C", tree)
        assert done.code == 0, done.err
        assert f"was not taken back yet; this one writes: scaffold undo -C {tree} --kit" in done.err
        assert snapshot(tree) == half
