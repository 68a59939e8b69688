"""The edits of a new crate, judged by cargo itself: it builds, locked and offline."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scaffold import edits
from scaffold.proof.cargo.build import cargo_env
from scaffold.system import process

pytestmark = pytest.mark.slow

EDITS = {
    "crates/Cargo.toml": ("toml", '[workspace]\nmembers = ["testutils"]\n'),
    "crates/fold/Cargo.toml": (
        "toml",
        '[dev-dependencies]\ntestutils = { path = "../testutils" }\n',
    ),
    "crates/Cargo.lock": (
        "cargo_lock",
        '[[package]]\nname = "testutils"\nversion = "0.1.0"\ndependencies = ["http"]\n\n'
        '[[package]]\nname = "fold"\ndependencies = ["testutils"]\n',
    ),
    "crates/fold/src/lib.rs": ("rust", "#[cfg(test)]\nmod generated_tests;\n"),
}
NEW = {
    "crates/testutils/Cargo.toml": '[package]\nname = "testutils"\nversion = "0.1.0"\n'
    'edition = "2021"\n\n[dependencies]\nhttp = "1"\n',
    "crates/testutils/src/lib.rs": "pub fn ok() -> http::StatusCode {\n"
    "    http::StatusCode::OK\n}\n",
    "crates/fold/src/generated_tests.rs": "#[test]\nfn a_new_crate_is_used() {\n"
    "    assert_eq!(testutils::ok(), 200);\n}\n",
}


Edited = dict[str, tuple[str, tuple[edits.Unit, ...], str]]


def cargo(workspace: Path, target: Path, *args: str) -> process.Completed:
    env = cargo_env(target)
    return process.run(["cargo", *args], cwd=workspace / "crates", env=env, timeout_s=600)


@pytest.fixture
def target() -> Path:
    from scaffold.system.caching import cache_dir

    return cache_dir() / "cargo" / "target"


@pytest.fixture
def edited(workspace: Path) -> Edited:
    """The workspace with a crate `testutils`, and what takes it away again."""
    owned: Edited = {}
    for path, (kind, payload) in EDITS.items():
        text = edits.decode((workspace / path).read_bytes(), path)
        result = edits.apply(kind, text, payload, path=path)
        (workspace / path).write_bytes(result.text.encode())
        owned[path] = (kind, result.units, text)
    for path, text in NEW.items():
        (workspace / path).parent.mkdir(parents=True, exist_ok=True)
        (workspace / path).write_text(text)
    return owned


def test_a_new_crate_builds_with_its_lock_file_as_it_is(
    edited: Edited, workspace: Path, target: Path
) -> None:
    # What is in the registry's cache decides whether --offline can work at all.
    cargo(workspace, target, "fetch", "--locked")
    done = cargo(workspace, target, "test", "--locked", "--offline", "-p", "fold", "--lib")
    assert "test generated_tests::a_new_crate_is_used ... ok" in done.stdout, done.stderr


def test_the_lock_file_is_what_cargo_itself_writes(
    edited: Edited, workspace: Path, target: Path
) -> None:
    lock = workspace / "crates" / "Cargo.lock"
    ours = lock.read_text()
    done = cargo(workspace, target, "update", "--workspace", "--offline")
    assert done.returncode == 0, done.stderr
    assert lock.read_text() == ours


def test_edited_files_are_still_formatted(edited: Edited, workspace: Path, target: Path) -> None:
    if shutil.which("rustfmt") is None:
        pytest.skip("rustfmt is not installed")
    done = cargo(workspace, target, "fmt", "--all", "--", "--check")
    assert done.returncode == 0, done.stdout


def test_everything_goes_again_byte_for_byte(edited: Edited, workspace: Path) -> None:
    for path, (kind, units, before) in edited.items():
        text = edits.decode((workspace / path).read_bytes(), path)
        assert edits.revert(kind, text, units, path=path) == before
