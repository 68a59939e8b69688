"""The kill matrix of a row that Vitest proves: each test file against each mutant.

A Vitest that stays runs one file again and again. What never ends is counted for the whole file.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from groups import NOBODY, UPSTREAM, Grouping, Groups, Matrix, green, grouping
from scaffold.languages.typescript.tests import BETWEEN
from scaffold.proof.kill_check import NOTICED, targets_of
from scaffold.proof.mutants import Mutant, MutantVerdict
from scaffold.proof.pool import results
from scaffold.proof.runner import Progress, Subject, TestResult, VerifyOptions
from scaffold.proof.vitest.installed import run_folder
from scaffold.proof.vitest.kill.check import Judge, Reply, VitestBreaker, verdict_of
from scaffold.proof.vitest.linked_copy import linked_copy
from scaffold.proof.vitest.runner import VitestRunner
from scaffold.system.scratch import folder as scratch_folder

OF_VITEST = " > "
"""What stands between a describe and its test in the names that Vitest gives."""
NO_TEST = "(?!)"
"""A pattern that no name fits: the files are loaded, and nothing in them is run."""
REPORT_EVERY = 20
Take = Callable[[Mutant], Groups | None]


@dataclass(frozen=True)
class Tests:
    """The tests of each file, and their groups.

    Attributes:
        groups: Which group each test is in.
        of: Test file -> its tests.
        by_file: Whether a group is a file.
        blind: Test file -> the targets of which it runs no line, so that it cannot notice.
    """

    groups: Grouping
    of: Mapping[str, Sequence[TestResult]]
    by_file: bool
    blind: dict[str, set[str]] = field(default_factory=dict)

    def everybody(self, path: str) -> Groups:
        """The groups of a file."""
        return self.groups.groups(test.id for test in self.of[path])

    def red(self, path: str, reply: Reply | None) -> Groups:
        """The groups of a file that notice a mutant, by what its tests did."""
        if self.by_file or reply is None or reply["broken"] or reply["unhandled"]:
            return self.everybody(path)
        return frozenset(self._group(path, name) for name in reply["red"])

    def _group(self, path: str, name: str) -> str:
        ran = name.replace(OF_VITEST, BETWEEN)
        ids = {test.id.replace(OF_VITEST, BETWEEN): test.id for test in self.of[path]}
        fits = (own for plain, own in ids.items()
                if plain == f"{path}{BETWEEN}{ran}" or plain.endswith(f"[{ran}]"))  # fmt: skip
        return self.groups.of[next(fits)]


def of_vitest(
    subject: Subject, options: VerifyOptions, progress: Progress, by_file: bool
) -> Matrix:
    """The matrix of a row that is written whole.

    Raises:
        ProofError: A test is red on the unbroken tree.
    """
    runner = VitestRunner()
    evidence = runner.examine([subject], options, progress)[0]
    found = green(evidence)
    groups = grouping(subject, found, by_file=by_file)
    of: dict[str, list[TestResult]] = {}
    for test in found:
        of.setdefault(test.path, []).append(test)
    tests = Tests(groups, of, by_file)
    with runner.breaker(subject, evidence, options, progress) as breaker:
        assert isinstance(breaker, VitestBreaker)
        lines = _lines(breaker, tests, options, progress)
        kills = _killers(breaker, tests, options, progress)
    return Matrix(groups.files, kills, lines, groups.tests, groups.defects)


def _killers(
    breaker: VitestBreaker, tests: Tests, options: VerifyOptions, progress: Progress
) -> dict[str, Groups]:
    mutants = breaker.find(targets_of(breaker.subject, breaker.suffix)).mutants
    kills: dict[str, Groups] = {}
    with scratch_folder("matrix") as scratch:

        @contextmanager
        def start(number: int, stop: threading.Event) -> Iterator[Take]:
            with _judges(breaker, tests, scratch, number) as judges:
                yield lambda mutant: _noticed(judges, tests, mutant)

        for done, (mutant, found) in enumerate(results(mutants, options.workers, start), 1):
            if found is not None:
                kills[mutant.id] = found
            if done % REPORT_EVERY == 0:
                progress(f"{breaker.subject.slug}: {done} of {len(mutants)} mutants")
    return kills


@contextmanager
def _judges(
    breaker: VitestBreaker, tests: Tests, scratch: Path, number: int
) -> Iterator[dict[str, Judge]]:
    """Test file -> a Vitest for it, all on one copy of the tree."""
    root, home = breaker.suites.root, breaker.suites.home
    copy = linked_copy(breaker.listing, scratch / f"tree{number}", home)
    judges = {
        path: Judge(
            copy,
            breaker.suites.vitest(run_folder(root, path)).installed,
            [path],
            scratch / f"log{number}",
            every=not tests.by_file,
        )
        for path in tests.of
    }
    try:
        yield judges
    finally:
        for judge in judges.values():
            judge.close()


def _noticed(judges: Mapping[str, Judge], tests: Tests, mutant: Mutant) -> Groups | None:
    """The groups that notice a mutant; None where it is unviable."""
    noticed, unloaded = NOBODY, NOBODY
    for path, judge in judges.items():
        if mutant.path in tests.blind[path]:
            continue
        # On a busy machine a run may be late that ends otherwise: the limit is measured anew.
        reply = judge.tried(mutant) or judge.tried(mutant)
        verdict = verdict_of(reply)
        if verdict is MutantVerdict.UNVIABLE:
            unloaded |= tests.everybody(path)
        elif verdict in NOTICED:
            noticed |= tests.red(path, reply)
    if unloaded and not noticed:
        return None
    return noticed | unloaded


def _lines(
    breaker: VitestBreaker, tests: Tests, options: VerifyOptions, progress: Progress
) -> dict[str, Groups]:
    """Which line is run by which group; what runs when a file is loaded is left out."""
    lines: dict[str, set[str]] = {}
    for path in tests.of:
        progress(f"{breaker.subject.slug}: lines of {path}")
        loaded = _ran(breaker, path, NO_TEST, options)
        tests.blind[path] = set(_targets_beside(breaker, path)) - _paths(loaded)
        for group in sorted(tests.everybody(path)):
            ran = _ran(breaker, path, _pattern(tests, path, group), options)
            tests.blind[path] -= _paths(ran)
            for line in ran - loaded:
                lines.setdefault(line, set()).add(group)
    return {line: frozenset(names) for line, names in lines.items()}


def _paths(lines: set[str]) -> set[str]:
    return {line.rpartition(":")[0] for line in lines}


def _targets_beside(breaker: VitestBreaker, path: str) -> list[str]:
    """The targets in the package of a test file, whose lines its run can count."""
    root = breaker.suites.root
    targets = [one.path for one in breaker.subject.targets]
    return [one for one in targets if run_folder(root, one) == run_folder(root, path)]


def _ran(breaker: VitestBreaker, path: str, pattern: str, options: VerifyOptions) -> set[str]:
    """The lines of the targets that run with the tests of a file whose names fit a pattern."""
    root, inside = breaker.suites.root, _targets_beside(breaker, path)
    vitest = breaker.suites.vitest(run_folder(root, path))
    report = vitest.run([path], measured=inside, only=pattern, timeout_s=options.timeout_s)
    return {
        f"{target}:{line}"
        for target in inside
        for line, count in report.lines.get(str((root / target).resolve()), {}).items()
        if count
    }


def _pattern(tests: Tests, path: str, group: str) -> str:
    """What the names of a group's tests fit; empty for all of a file."""
    if tests.by_file or group == UPSTREAM:
        return ""
    labels = (test.id.removeprefix(f"{path}{BETWEEN}") for test in tests.of[path]
              if tests.groups.of[test.id] == group)  # fmt: skip
    names = sorted({_ran_as(label, group.removeprefix(f"{path}{BETWEEN}")) for label in labels})
    return f"^(?:{'|'.join(names)})$"


def _ran_as(label: str, declared: str) -> str:
    """The name of a test as Vitest matches it, of its label: `declared[name]`, or the name."""
    if label.startswith(f"{declared}[") and label.endswith("]"):
        label = label[len(declared) + 1 : -1]
    return re.sub(r"([\\^$.|?*+()\[\]{}])", r"\\\1", label.replace(BETWEEN, " "))
