"""`cargo fmt` and `cargo clippy` as a checkout's hooks and workflows call them."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.languages.rules import Hook, Job, OwnRules, Step
from scaffold.proof.cargo.rules import calls
from scaffold.proof.outcome import Outcome
from scaffold.proof.rules.result import RuleResult, Ruling
from scaffold.proof.runner import VerifyOptions
from support.proving import Generate, Progress, prove
from support.tree import write_files

CLIPPY = "cargo clippy --locked --all-targets"
CONFIG = f"""\
repos:
  - repo: local
    hooks:
      - id: format
        language: system
        entry: bash -c "cd crates && cargo fmt --all -- --check"
      - id: lint
        language: system
        entry: bash -c "cd crates && {CLIPPY} --offline -- -D warnings || {CLIPPY} -- -D warnings"
"""
CLEAN = """\
use super::*;

#[test]
fn room_is_what_is_not_used() {
    assert_eq!(room(5, 2), 3);
}
"""


def called(entry: str) -> list[tuple[str, str]]:
    """Folder and words of each call in the entry of a local hook."""
    rules = OwnRules((Hook("own", "config:1", "local", entry=entry),))
    return [(call.folder, " ".join(call.words)) for call in calls(rules)]


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ("cargo fmt -- --check", [("", "fmt -- --check")]),
        ("bash -c 'cd a && cd b && cargo fmt'", [("a/b", "fmt")]),
        (f"sh -c '{CLIPPY} --offline || {CLIPPY}'", [("", CLIPPY.removeprefix("cargo "))]),
        ("cargo +nightly fmt", [("", "fmt")]),
        ("bash -c 'cargo fmt; cargo clippy'", [("", "fmt"), ("", "clippy")]),
        ("cargo test --lib", []),
        ("echo cargo fmt", []),
        ("bash -c", []),
        ("cargo 'fmt", []),
        ("", []),
    ],
)
def test_a_call_is_found_in_a_shell_line(entry: str, found: list[tuple[str, str]]) -> None:
    assert called(entry) == found


def test_a_call_of_a_workflow_and_of_a_hook_that_differ_in_nothing_are_one() -> None:
    hook = Hook("own", "config:1", "local", entry="bash -c 'cd crates && cargo fmt'")
    step = Step("ci:4", run="cargo fmt\ncargo clippy\n", folder="crates")
    found = calls(OwnRules((hook,), (Job("a", "ci:1", (step,)),)))
    assert [(call.place, call.kind) for call in found] == [("config:1", "fmt"), ("ci:4", "clippy")]


def ruling(outcome: Outcome, rule: str) -> RuleResult:
    """The result of one rule."""
    [found] = [item for item in outcome.rules if item.rule == rule]
    return found


@pytest.mark.slow
def test_clean_tests_pass_both_though_the_checkout_has_warnings(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    write_files(workspace, {".pre-commit-config.yaml": CONFIG})
    lib = workspace / "crates/fold/src/lib.rs"
    lib.write_text(lib.read_text("utf-8") + "\npub fn own() -> i32 {\n    return 1;\n}\n", "utf-8")
    outcome = prove(generate(CLEAN), options, progress)
    assert [item.ruling for item in outcome.rules] == [Ruling.PASSED] * 2, outcome.rules
    assert outcome.verdict == "green"


@pytest.mark.slow
def test_what_they_refuse_is_named_with_file_and_line(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    write_files(workspace, {".pre-commit-config.yaml": CONFIG})
    source = CLEAN.replace("assert_eq!(room(5, 2), 3);", "let _n=room(5,2);return;")
    outcome = prove(generate(source), options, progress)
    assert outcome.verdict == "red"
    [broken] = ruling(outcome, "cargo fmt").broken
    assert (broken.file, broken.message) == (
        "crates/fold/src/generated_tests.rs",
        "would be changed by rustfmt",
    )
    [lint] = ruling(outcome, "cargo clippy").broken
    assert (lint.file, lint.line) == ("crates/fold/src/generated_tests.rs", 5)
    assert lint.message == "warning[clippy::needless_return]: unneeded `return` statement"
    assert ruling(outcome, "cargo fmt").command == "cd crates && cargo fmt --all -- --check"
