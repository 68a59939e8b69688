"""Tests in groups, and what each group notices and runs: what the matrices of all tools share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scaffold.errors import ProofError
from scaffold.proof.runner import Evidence, Subject, TestResult

Groups = frozenset[str]
NOBODY: Groups = frozenset()
UPSTREAM = ""


@dataclass(frozen=True)
class Matrix:
    """What groups of tests notice and run.

    Attributes:
        files: Group -> the file of the row in which it stands; empty for upstream's.
        kills: Viable mutant -> the groups that notice it.
        lines: Line of a target, as `path:line` -> the groups that run it, imports left out.
        tests: Test function -> the same file.
        defects: The test functions that are strict known defects.
    """

    files: Mapping[str, str]
    kills: Mapping[str, Groups]
    lines: Mapping[str, Groups]
    tests: Mapping[str, str]
    defects: frozenset[str]


@dataclass(frozen=True)
class Grouping:
    """Which group each test is in.

    Attributes:
        of: Test -> group.
        files: Group -> file.
        tests: Test function -> file.
        defects: The test functions that are strict known defects.
    """

    of: Mapping[str, str]
    files: Mapping[str, str]
    tests: Mapping[str, str]
    defects: frozenset[str]

    def groups(self, tests: Iterable[str]) -> Groups:
        """The groups of these tests."""
        return frozenset(self.of[test] for test in tests)


def grouping(subject: Subject, tests: Sequence[TestResult], *, by_file: bool) -> Grouping:
    """Tests of a row by their file, or by their function; all others are upstream's."""
    own = {test.id: test.path for test in tests if test.path in subject.files}
    of = {
        test.id: (own[test.id] if by_file else function(test.id)) if test.id in own else UPSTREAM
        for test in tests
    }
    files = {of[test.id]: own.get(test.id, "") for test in tests}
    known = (test.id for test in tests if test.outcome == "xfailed" and test.id in own)
    functions = {function(name): path for name, path in own.items()}
    return Grouping(of, files, functions, frozenset(map(function, known)))


def function(test: str) -> str:
    """The test function of a test: its name without parameters."""
    return test.partition("[")[0]


def green(evidence: Evidence) -> Sequence[TestResult]:
    """All tests of a run.

    Raises:
        ProofError: One is red.
    """
    tests = (*evidence.baseline.tests, *evidence.generated.tests)
    red = [*evidence.baseline.red, *evidence.generated.red]
    if red:
        raise ProofError(f"{red[0].id} is red: {red[0].message}", evidence.generated.command)
    return tests
