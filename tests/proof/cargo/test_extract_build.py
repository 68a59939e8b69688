"""Code of the small workspace moved into modules of their own; its tests hold all the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scaffold import edits
from scaffold.proof.cargo.build import cargo_env
from scaffold.system import process
from scaffold.system.caching import cache_dir

pytestmark = pytest.mark.slow

FOLD = """
head = "//! Pieces of a line."

[part.pieces]
within = "fold"
find = "«letters.chunks(width)….collect()»"
into = '''
/// Pieces of this many letters, the last one shorter.
pub fn pieces(letters: &[char], width: usize) -> Vec<String> {
    «»
}
'''
leave = "pieces::pieces(&letters, width)"
"""
GATE = """
head = "//! Keys."

[change.imports]
find = "use proxy_wasm::types::{Action, LogLevel};"
leave = '''
use proxy_wasm::types::{Action, LogLevel};

use keys::{is_open, refusal};
'''

[item.is_open]

[part.refusal]
within = "Gate.on_http_request_headers"
find = 'Some(«b"x-key is missing"»)'
into = '''
/// What a request without a key is told.
pub fn refusal() -> &'static [u8] {
    «»
}
'''
leave = "Some(refusal())"
"""
CRATES = {"fold": (FOLD, "pieces"), "gate": (GATE, "keys")}


def cargo(workspace: Path, *args: str) -> process.Completed:
    env = cargo_env(cache_dir() / "cargo" / "target")
    return process.run(["cargo", *args], cwd=workspace / "crates", env=env, timeout_s=600)


@pytest.fixture
def extracted(workspace: Path) -> Path:
    """The workspace with the code moved."""
    for crate, (payload, module) in CRATES.items():
        path = f"crates/{crate}/src/lib.rs"
        lib = workspace / path
        moved = edits.apply("rust_extract", lib.read_text("utf-8"), payload, path=path)
        there = f"crates/{crate}/src/{module}.rs"
        made = edits.apply("rust_items", None, moved.moved, path=there)
        declared = edits.apply("rust", moved.text, f"mod {module};\n", path=path)
        lib.write_text(declared.text, "utf-8")
        (workspace / there).write_text(made.text, "utf-8")
    return workspace


def test_the_tests_that_were_green_are_green(extracted: Path) -> None:
    done = cargo(extracted, "test", "--locked", "-p", "fold", "--lib")
    assert "test tests::a_short_line_is_one_piece ... ok" in done.stdout, done.stderr


def test_a_filter_still_builds_without_a_warning(extracted: Path) -> None:
    done = cargo(extracted, "check", "--locked", "-p", "gate")
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr, done.stderr


def test_the_files_are_still_formatted(extracted: Path) -> None:
    if shutil.which("rustfmt") is None:
        pytest.skip("rustfmt is not installed")
    done = cargo(extracted, "fmt", "--all", "--", "--check")
    assert done.returncode == 0, done.stdout
