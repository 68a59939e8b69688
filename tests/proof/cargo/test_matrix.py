"""Which Rust test runs which line: what a test ran is not added to the next."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

import kill_matrix
from scaffold.proof.cargo.coverage import find_tool
from scaffold.proof.runner import VerifyOptions
from support.proving import Generate, Progress

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        find_tool(dict(os.environ)) is None, reason="no tool for coverage is installed"
    ),
]
SOURCE = """\
use super::*;

#[test]
fn a_line_without_width_stays_whole() {
    assert_eq!(fold("ab", 0), ["ab"]);
}

#[test]
fn room_is_what_is_not_used() {
    assert_eq!(room(5, 2), 3);
}
"""


def test_each_test_has_the_lines_that_it_ran_itself(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    found = kill_matrix.matrix(generate(SOURCE), replace(options, mutants="all"), progress)

    whole, room = (
        next(name for name in found.tests if name.endswith(end)) for end in ("whole", "used")
    )
    lines = {
        test: {int(at.rpartition(":")[2]) for at, names in found.lines.items() if test in names}
        for test in (whole, room, "")
    }
    assert lines[room] == {16, 17, 18}, "expected the lines of `room`"
    assert {4, 5, 6} <= lines[whole] and not lines[whole] & {*lines[room], 8}
    assert 8 in lines[""], "expected the lines of the workspace's own test"
