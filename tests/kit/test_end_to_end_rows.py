"""The end-to-end rows, written into an empty checkout and run there, without the code base."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.command import scaffold
from support.tree import write_files

CHECKOUT = {
    "crates/Cargo.toml": "[workspace]\n",
    "tests/e2e/pyproject.toml": '[project]\nname = "e2e_tests"\nversion = "0"\ndependencies = []\n',
    "cli/planoai/native_runner.py": "",
}


def written(tree: Path, *gaps: str, without: tuple[str, ...] = ()) -> Path:
    """The folder of the end-to-end tests in a checkout that has these rows."""
    write_files(tree, {path: text for path, text in CHECKOUT.items() if path not in without})
    done = scaffold("new", *(word for gap in gaps for word in ("--gap", gap)), "-C", tree)
    assert done.code == 0, done.err
    return tree / "tests" / "e2e"


def outcome(folder: Path, *options: str, **environ: str) -> str:
    """The last line of pytest there, after all of its output where a test failed."""
    # The workers of this session say nothing to those of the tests.
    inherited = {key: text for key, text in os.environ.items() if "XDIST" not in key}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
        cwd=folder,
        env={**inherited, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip().splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize("native", [True, False], ids=["native", "docker"])
def test_the_fixture_of_a_gateway_holds_without_one(native: bool, tmp_path: Path) -> None:
    left_out = () if native else ("cli/planoai/native_runner.py",)
    folder = written(tmp_path, "pytest_orchestration", without=left_out)
    # The rest is the same in both, and starting pytest in pytest takes most of the time.
    last = outcome(folder, *([] if native else ["test_gateway_ways.py"]))
    assert "passed" in last
    assert "skipped" not in last


@pytest.mark.slow
def test_the_fixture_of_a_gateway_holds_beside_the_rows_that_use_it(tmp_path: Path) -> None:
    folder = written(tmp_path, "pytest_orchestration", "bedrock_mock", "e2e_errors")
    assert "gateway_clients" in (folder / "conftest.py").read_text("utf-8")
    last = outcome(folder, "test_gateway_fixture.py", "-k", "one_for_a_session")
    assert "passed" in last
    assert "skipped" not in last
