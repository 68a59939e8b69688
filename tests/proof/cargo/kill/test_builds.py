"""Verdicts of the program with all mutants in are those of a build for each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scaffold.proof import verify
from scaffold.proof.runner import Subject, VerifyOptions
from support.proving import Generate, Progress

pytestmark = pytest.mark.slow

LIBRARY = """\
//! What a program with all mutants in must get right.

/// A count that has no default.
#[derive(Debug, PartialEq)]
pub struct Count(pub u32);

/// The next count.
pub fn next(count: &Count) -> Count {
    Count(count.0 + 1)
}

/// Even numbers below `n`.
pub fn evens(n: u32) -> impl Iterator<Item = u32> {
    (0..n).filter(|k| k % 2 == 0)
}

/// The larger one.
pub fn larger<T: PartialOrd>(a: T, b: T) -> T {
    if a > b { a } else { b }
}

/// How many letters there are.
pub const fn letters() -> usize {
    20 + 6
}

/// Takes a name out of a list.
pub fn take(names: &mut Vec<String>, name: &str) -> Option<String> {
    let at = names.iter().position(|own| own == name)?;
    Some(names.remove(at))
}

/// Counts down to nothing.
pub fn rounds(mut n: u32) -> u32 {
    let mut count = 0;
    while n > 0 {
        n -= 1;
        count += 1;
    }
    count
}
"""

TESTS = """\
use super::*;

#[test]
fn the_next_count_is_one_more() {
    assert_eq!(next(&Count(1)), Count(2));
}

#[test]
fn every_other_number_is_even() {
    assert_eq!(evens(5).collect::<Vec<_>>(), [0, 2, 4]);
}

#[test]
fn the_larger_one_is_found_on_both_sides() {
    assert_eq!((larger(1, 2), larger(4, 3)), (2, 4));
}

#[test]
fn a_name_is_taken_once() {
    let mut names = vec!["a".to_string(), "b".to_string()];
    assert_eq!(take(&mut names, "b").as_deref(), Some("b"));
    assert_eq!(names, ["a"]);
}

#[test]
fn a_round_for_each() {
    assert_eq!(rounds(3), 3);
}
"""

IN_A_PROGRAM_OF_ITS_OWN = """\
#[test]
fn room_is_left_in_a_program_that_is_told_nothing() {
    if std::env::args().any(|arg| arg == "--nocapture") {
        assert_eq!(super::room(5, 2), 3);
        return;
    }
    let name = "generated_tests::room_is_left_in_a_program_that_is_told_nothing";
    let own = std::env::current_exe().expect("the program has a path");
    let child = std::process::Command::new(own)
        .args(["--exact", name, "--nocapture"])
        .env_clear()
        .status();
    assert!(child.expect("it starts").success());
}
"""


@pytest.fixture
def counted(generate: Generate, workspace: Path) -> Subject:
    """A library with all that is hard to weave, and tests for most of it."""
    (workspace / "crates/fold/src/lib.rs").write_text(LIBRARY, encoding="utf-8")
    return generate(TESTS)


def verdicts(subject: Subject, options: VerifyOptions, progress: Progress) -> tuple[object, ...]:
    """What the kill check of all mutants found."""
    found = verify.verify(subject, replace(options, mutants="all"), progress)
    return found.kills.killed, found.kills.viable, found.kills.invalid, found.kills.survivors


def verdicts_alone(
    subject: Subject, options: VerifyOptions, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> tuple[object, ...]:
    """The same where each mutant has a build of its own."""
    with monkeypatch.context() as patch:
        patch.setattr("scaffold.proof.cargo.kill.check.WORTH", 10**6)
        return verdicts(subject, options, progress)


def test_verdicts_are_those_of_a_build_for_each_mutant(
    counted: Subject, options: VerifyOptions, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = verdicts(counted, options, progress)
    assert any("mutants in one program" in line for line in progress.lines)
    assert all(together)
    assert together == verdicts_alone(counted, options, progress, monkeypatch)


def test_a_survivor_is_believed_only_after_a_build_by_itself(
    generate: Generate, options: VerifyOptions, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = generate(IN_A_PROGRAM_OF_ITS_OWN)
    together = verdicts(subject, options, progress)
    assert together[0]
    assert together == verdicts_alone(subject, options, progress, monkeypatch)
