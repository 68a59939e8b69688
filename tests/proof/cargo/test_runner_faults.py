"""What may be in the way of the cargo runner: the checkout, the machine, and tests that die."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from scaffold.errors import BaselineError, CheckoutError, MissingToolError, ProofError
from scaffold.proof.runner import VerifyOptions
from scaffold.system.caching import cache_dir
from support.proving import Generate, Progress, hide, prove
from support.tree import snapshot

pytestmark = pytest.mark.slow
needs_nextest = pytest.mark.skipif(
    shutil.which("cargo-nextest") is None, reason="cargo-nextest is not installed"
)


def test_a_workspace_that_does_not_build_is_not_blamed_on_the_gap(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    subject = generate()
    lib = workspace / "crates/fold/src/lib.rs"
    lib.write_text(lib.read_text() + '\nfn broken() -> u8 {\n    ""\n}\n')
    with pytest.raises(BaselineError, match=r"without the generated tests: crates/fold/src/lib.rs"):
        prove(subject, options, progress)


def test_a_red_suite_of_the_checkout_is_not_blamed_on_the_gap(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    subject = generate()
    lib = workspace / "crates/fold/src/lib.rs"
    lib.write_text(lib.read_text().replace('["ab"]', '["ba"]', 1))
    with pytest.raises(BaselineError, match=r"1 of 1 tests in 'crates' are red") as caught:
        prove(subject, options, progress)
    assert "fold::tests::a_short_line_is_one_piece" in caught.value.fact


def test_a_lock_file_that_does_not_fit_is_reported(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    subject = generate()
    manifest = workspace / "crates/fold/Cargo.toml"
    manifest.write_text(manifest.read_text() + 'log = "0.4"\n')
    with pytest.raises(BaselineError, match="does not fit the crates") as caught:
        prove(subject, options, progress)
    assert caught.value.hint == "cd crates && cargo update --workspace"


def test_without_cargo_the_command_is_reported(
    generate: Generate, options: VerifyOptions, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = generate()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingToolError, match="'cargo' is not on the PATH"):
        prove(subject, options, progress)


def test_a_folder_without_a_workspace_is_reported(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    subject = generate()
    (workspace / "crates/Cargo.toml").unlink()
    with pytest.raises(CheckoutError, match=r"crates/Cargo\.toml is not in this checkout"):
        prove(subject, options, progress)


FULL = r"""#!/bin/sh
# What rustc says on a full disk; asked for its version it answers as ever.
case "$*" in *--out-dir*) ;; *) exec "$@" ;; esac
printf '%s\n' '{"$message_type":"diagnostic","message":"failed to write to `full.rmeta`: No space
 left on device (os error 28)","code":null,"level":"error","spans":[],"children":[],"rendered":
"error: failed to write to `full.rmeta`: No space left on device (os error 28)\n\n"}' \
  | tr -d '\n' >&2
echo >&2
exit 1
"""


def test_a_disk_that_is_full_is_not_blamed_on_the_checkout(
    generate: Generate,
    workspace: Path,
    options: VerifyOptions,
    progress: Progress,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrapper = tmp_path / "rustc"
    wrapper.write_text(FULL)
    wrapper.chmod(0o755)
    monkeypatch.setenv("RUSTC_WRAPPER", str(wrapper))
    subject = generate()
    before = snapshot(workspace)
    with pytest.raises(CheckoutError, match="the disk is full: cargo builds in") as raised:
        prove(subject, replace(options, cache_dir=tmp_path / "cache"), progress)
    assert raised.value.hint.startswith("df -h ")
    assert snapshot(workspace) == before


def test_a_warning_that_quotes_the_words_of_a_full_disk_is_no_full_disk(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    lib = workspace / "crates/fold/src/lib.rs"
    subject = generate()
    lib.write_text(
        lib.read_text() + '\nfn unused() -> &\'static str { "No space left on device" }\n'
    )
    assert prove(subject, options, progress).problems == ("1 of 6 tests are still todos",)


def test_a_test_that_never_ends_is_ended(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    source = "#[test]\nfn it_ends() {\n    loop {\n        std::thread::park();\n    }\n}\n"
    outcome = prove(generate(source), replace(options, timeout_s=20), progress)
    assert outcome.problems == (
        "fold::*: did not end within 20 s",
        "fold::generated_tests::it_ends: crates/fold/src/generated_tests.rs:2: "
        "did not end within 20 s",
    )
    assert outcome.baseline == 1


def test_of_many_tests_that_did_not_end_a_few_are_named(
    generate: Generate, options: VerifyOptions, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, "cargo-nextest")
    lock = "static ALL: std::sync::Barrier = std::sync::Barrier::new(9);\n"
    tests = [f"#[test]\nfn it_{n}_waits() {{\n    ALL.wait();\n}}\n" for n in range(8)]
    outcome = prove(generate("\n".join([lock, *tests])), replace(options, timeout_s=20), progress)
    assert [line.partition(": ")[0] for line in outcome.problems[2:]] == [
        f"fold::generated_tests::it_{n}_waits" for n in range(5)
    ]
    assert "fold::*: 3 more did not end" in outcome.problems


def test_a_build_that_never_ends_is_ended(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    subject = generate()
    (workspace / "crates/fold/build.rs").write_text(
        "fn main() {\n    loop {\n        std::thread::park();\n    }\n}\n"
    )
    with pytest.raises(ProofError, match="the build did not end within 10 s"):
        prove(subject, replace(options, timeout_s=10), progress)


def test_without_cargo_mutants_the_kill_check_says_how_to_get_it(
    generate: Generate, options: VerifyOptions, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, "cargo-mutants")
    with pytest.raises(MissingToolError, match="needs cargo-mutants"):
        prove(generate(), replace(options, mutants=1), progress)


DEADLY = """\
#[test]
fn it_lives() {
    eprintln!("about to die");
    std::process::abort();
}

#[test]
#[ignore = "TODO: decide"]
fn later() {}

#[test]
fn one_is_one() {
    assert_eq!(1, 1);
}
"""


def test_a_program_that_dies_is_reported(
    generate: Generate, options: VerifyOptions, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, "cargo-nextest")
    outcome = prove(generate(DEADLY), options, progress)
    assert outcome.baseline == 1
    # What the test said is in libtest's hands, which goes with the program.
    assert outcome.problems[0] == "fold::*: the test program ended in the middle: SIGABRT"


@needs_nextest
def test_where_nextest_is_the_test_that_kills_the_program_is_named(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    outcome = prove(generate(DEADLY), options, progress)
    (problem,) = outcome.problems
    assert (outcome.counts["passed"], outcome.counts["todo"]) == (1, 1)
    assert problem == (
        "fold::generated_tests::it_lives: ended its program (SIGABRT) | about to die"
    )


def test_a_nextest_that_does_not_run_the_tests_says_nothing_of_them(
    generate: Generate,
    options: VerifyOptions,
    progress: Progress,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = tmp_path / "cargo-nextest"
    old.write_text("#!/bin/sh\necho 'error: unknown option' >&2\nexit 2\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    outcome = prove(generate(DEADLY), options, progress)
    assert outcome.problems[0] == "fold::*: the test program ended in the middle: SIGABRT"


@needs_nextest
def test_tests_that_kill_the_program_only_together_are_no_proof(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    source = """\
use std::sync::atomic::{AtomicBool, Ordering};
static DONE: AtomicBool = AtomicBool::new(false);
fn alone() {
    if DONE.swap(true, Ordering::SeqCst) {
        std::process::abort();
    }
}
#[test]
fn one() {
    alone();
}
#[test]
fn two() {
    alone();
}
"""
    outcome = prove(generate(source), options, progress)
    assert outcome.problems[0] == (
        "fold::*: the test program ended in the middle: SIGABRT (no test of it is red alone)"
    )


def test_a_run_that_waits_for_another_one_says_so(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    subject = generate()
    prove(subject, options, progress)
    locks = list((cache_dir() / "cargo" / "tree-1" / "target" / "debug").glob(".cargo*lock"))
    assert locks
    with ExitStack() as held:
        for lock in locks:
            handle = held.enter_context(lock.open("r"))
            fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(ProofError, match="the build did not end within 8 s"):
            prove(subject, replace(options, timeout_s=8), progress)
    assert any(line.startswith("waiting for another run of cargo") for line in progress.lines)
