"""A copy of the Rust workspace with generated tests in it, and one warm target folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from scaffold import edits
from scaffold.kit.catalog import RunSpec
from scaffold.proof.runner import Subject, SubjectTarget, VerifyOptions
from support.proving import Generate, Progress

REPO = Path(__file__).resolve().parents[3]
WORKSPACE = REPO / "tests" / "testdata" / "rust_workspace"
# Each worker of xdist has its own, so that none waits for another one's build.
CACHE = REPO / ".cache" / "tests" / os.environ.get("PYTEST_XDIST_WORKER", "main")
MODULE = "#[cfg(test)]\nmod generated_tests;\n"

GREEN = """\
use super::*;

#[test]
fn a_long_line_is_cut_into_pieces() {
    assert_eq!(fold("abcde", 2), ["ab", "cd", "e"]);
}

#[test]
fn no_width_leaves_a_line_whole() {
    assert_eq!(fold("ab", 0), ["ab"]);
}

#[test]
fn an_empty_line_is_one_empty_piece() {
    assert_eq!(fold("", 3), [""]);
}

#[test]
fn room_is_what_is_not_used() {
    assert_eq!(room(5, 2), 3);
}

// Known defect: lib.rs, room: a buffer that overflowed has no room. The subtraction overflows.
#[test]
#[should_panic(expected = "attempt to subtract with overflow")]
fn a_buffer_that_overflowed_has_no_room() {
    assert_eq!(room(2, 5), 0);
}

#[test]
#[ignore = "TODO: decide what a tab is worth"]
fn a_tab_counts() {}
"""


def pytest_itemcollected(item: pytest.Item) -> None:
    """The tests of a module run in one process, so that they share what cargo built."""
    item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


@pytest.fixture(autouse=True)
def plain_cargo(monkeypatch: pytest.MonkeyPatch) -> None:
    """One cache for all tests, whatever is set."""
    if shutil.which("cargo") is None:
        pytest.skip("cargo is not installed")
    monkeypatch.setenv("XDG_CACHE_HOME", str(CACHE))


@pytest.fixture
def workspace() -> Iterator[Path]:
    """The workspace as a checkout, always in the same folder, so that its build stays warm."""
    place = CACHE / "checkout"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(WORKSPACE, place)
    yield place
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def generate(workspace: Path) -> Generate:
    """Writes a generated test module into `fold`, declares it, and gives the subject."""

    def write(source: str = GREEN, *, kill_pct: float | None = 90, crate: str = "fold") -> Subject:
        lib = workspace / "crates" / crate / "src" / "lib.rs"
        text = lib.read_text(encoding="utf-8")
        put = edits.apply("rust", text, MODULE, path=f"crates/{crate}/src/lib.rs")
        lib.write_text(put.text, encoding="utf-8")
        path = f"crates/{crate}/src/generated_tests.rs"
        (workspace / path).write_text(source, encoding="utf-8")
        target = SubjectTarget(crate, f"crates/{crate}/src/lib.rs", "", kill_pct=kill_pct)
        run = RunSpec("cargo", "crates")
        return Subject(f"{crate}_gap", workspace, run, (path,), (target,))

    return write


@pytest.fixture
def options() -> VerifyOptions:
    """No verdicts from before, one worker."""
    return VerifyOptions(jobs=1, timeout_s=900)


@pytest.fixture
def progress() -> Progress:
    """Every line of progress."""
    return Progress()
