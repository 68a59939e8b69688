"""What is written or removed while `verify` runs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.command import scaffold
from support.tinykit import DEMO_KIT
from support.waiting import until

PATIENCE_S = 120
WAITS = """

def test_that_waits():
    import pathlib, time
    pathlib.Path({begun!r}).touch()
    while not pathlib.Path({go!r}).exists():
        time.sleep(0.02)
"""


@contextmanager
def verifying(tree: Path, tmp_path: Path) -> Iterator[list[str]]:
    """A `verify` whose tests wait until the block is left; then its code and what it said."""
    begun, go = tmp_path / "begun", tmp_path / "go"
    assert scaffold("new", "--gap", "prices", "--kit", DEMO_KIT, "-C", tree).code == 0
    with (tree / "tests" / "test_prices.py").open("a") as tests:
        tests.write(WAITS.format(begun=str(begun), go=str(go)))
    words = ["verify", "prices", "--python", sys.executable, "--kit", str(DEMO_KIT)]
    with subprocess.Popen(
        [sys.executable, "-m", "scaffold", *words, "-C", str(tree)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        until(begun.exists, PATIENCE_S)
        ended: list[str] = []
        yield ended
        go.touch()
        _, said = run.communicate(timeout=PATIENCE_S)
        ended += [str(run.returncode), said]


def test_a_proof_is_stale_where_a_file_was_written_meanwhile(tree: Path, tmp_path: Path) -> None:
    source = tree / "parcels" / "prices.py"
    with verifying(tree, tmp_path) as ended:
        source.write_bytes(source.read_bytes())
    assert "parcels/prices.py was written while it was proved" in ended[1]
    status = scaffold("status", "--fail-on", "stale", "--kit", DEMO_KIT, "-C", tree)
    assert status.code == 8
    assert "parcels/prices.py changed" in status.out


def test_records_that_are_removed_meanwhile_stay_so(tree: Path, tmp_path: Path) -> None:
    with verifying(tree, tmp_path):
        (tree / ".scaffold").rename(tmp_path / "removed")
    assert not (tree / ".scaffold").exists()


def test_a_checkout_that_is_removed_meanwhile_is_named(tree: Path, tmp_path: Path) -> None:
    with verifying(tree, tmp_path) as ended:
        subprocess.run(["rm", "-rf", str(tree)], check=True)
    assert ended[0] not in ("0", "70"), ended[1]
    assert len(ended[1].partition("error: ")[2]) < 1000
