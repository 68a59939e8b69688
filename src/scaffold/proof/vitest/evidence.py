"""What the runs of Vitest show of a subject: its baseline, its own tests, and the coverage."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from scaffold.checkout.files import read_plain
from scaffold.errors import CheckoutError
from scaffold.languages.typescript.reached import is_test, suite_files
from scaffold.languages.typescript.tests import BETWEEN, Call, tests_in
from scaffold.proof.pool import results as pool_results
from scaffold.proof.runner import Evidence, Progress, Session, Subject, TestResult, percent
from scaffold.proof.vitest.installed import Installed, find_installed, run_folder
from scaffold.proof.vitest.session import Ran, Report, Vitest

LONE_S = 20.0
"""How long a file or a test may take that is run alone, to see which one never ends."""
NOT_EXPECTED = "Expect test to fail"
"""How Vitest reports a test that is marked with `fails` and passes."""


@dataclass(frozen=True)
class Suites:
    """The tests of some subjects that share checkout and folder.

    `home` is the checkout in which packages are installed; `root` may be a copy of it.
    """

    root: Path
    home: Path
    subjects: Sequence[Subject]
    timeout_s: float
    workers: int = 1
    known: dict[str, Installed] = field(default_factory=dict)

    def own(self, subject: Subject) -> list[str]:
        """The test files of a subject."""
        return [path for path in subject.files if is_test(path)]

    def folders(self, subject: Subject) -> dict[str, list[str]]:
        """Folder in which Vitest runs -> the subject's test files there."""
        found: dict[str, list[str]] = {}
        for path in self.own(subject):
            found.setdefault(run_folder(self.root, path), []).append(path)
        return found

    def vitest(self, folder: str) -> Vitest:
        """Vitest in a folder.

        Raises:
            MissingToolError: It is not installed, or node is too old for it.
        """
        if folder not in self.known:
            self.known[folder] = find_installed(self.home, folder)
            self.known[folder].require_node()
        return Vitest(self.root, self.known[folder])

    def baseline(self, progress: Progress) -> Session:
        """The suites beside, without the tests of any gap.

        Raises:
            MissingToolError: Vitest is not installed.
            ProofError: It ended without a report.
        """
        ours = {path for subject in self.subjects for path in (*subject.files, *subject.others)}
        tests: list[TestResult] = []
        seconds, commands = 0.0, list[str]()
        for folder in self._baseline_folders():
            there = suite_files(self.root / folder, lambda error: None)
            paths = [place.relative_to(self.root).as_posix() for place in there]
            theirs = [path for path in paths if path not in ours]
            if not theirs:
                continue
            progress(f"{folder}: the tests that were there before")
            vitest = self.vitest(folder)
            report = vitest.run([], leave=sorted(ours), timeout_s=self.timeout_s)
            if report.late:
                report = run_apart(vitest, theirs, self.timeout_s, progress)
            tests += [test for path in report.tests for test in results(report, path, ())]
            tests += _outside(report, folder)
            seconds += report.seconds
            commands.append(f"cd {folder} && npx vitest run")
        return Session(tuple(tests), seconds, " && ".join(f"({one})" for one in commands))

    def _baseline_folders(self) -> list[str]:
        found = {folder for subject in self.subjects for folder in self.folders(subject)}
        for subject in self.subjects:
            for suite in subject.run.baseline:
                place = (Path(subject.run.root) / suite).as_posix()
                if (self.root / place).is_dir():
                    found.add(run_folder(self.root, place))
        return sorted(found)

    def generated(
        self, subject: Subject, baseline: Session, command: str, progress: Progress, measure: bool
    ) -> Evidence:
        """The subject's own tests, and what they cover.

        Raises:
            MissingToolError: Vitest is not installed.
            ProofError: It ended without a report.
        """
        tests: list[TestResult] = []
        lines: dict[str, dict[int, int]] = {}
        seconds = 0.0
        folders = self.folders(subject)

        @contextmanager
        def start(number: int, stop: threading.Event) -> Iterator[Callable[[str], Report]]:
            yield lambda folder: self._run(subject, folder, folders[folder], measure, progress)

        # Most of a short run is one process that loads the configuration: folders run at once.
        found = dict(pool_results(list(folders), self.workers, start))
        for folder, files in folders.items():
            report = found[folder]
            for path in files:
                tests += results(report, path, self._declared(path))
            tests += _outside(report, folder)
            seconds += report.seconds
            for target in subject.targets:
                ran = report.lines.get(str((self.root / target.path).resolve()))
                lines |= {target.path: ran} if ran else {}
        missing = {p: tuple(n for n in sorted(ran) if not ran[n]) for p, ran in lines.items()}
        coverage = {p: percent(len(n) - len(missing[p]), len(n)) for p, n in lines.items()}
        return Evidence(baseline, Session(tuple(tests), seconds, command), coverage, missing)

    def _run(
        self,
        subject: Subject,
        folder: str,
        files: Sequence[str],
        measure: bool,
        progress: Progress,
    ) -> Report:
        """The subject's tests of one folder, with the lines of its targets there."""
        vitest = self.vitest(folder)
        targets = [target.path for target in subject.targets]
        inside = [path for path in targets if run_folder(self.root, path) == folder]
        progress(f"{subject.slug}: {len(files)} test files in {folder}")
        if measure and inside and not vitest.installed.provider():
            progress(f"{folder}: @vitest/coverage-v8 is missing, so coverage is unknown")
        measured = inside if measure else []
        report = vitest.run(files, measured=measured, timeout_s=self.timeout_s)
        return run_apart(vitest, files, self.timeout_s, progress) if report.late else report

    def _declared(self, path: str) -> Sequence[Call]:
        try:
            return tests_in(path, read_plain(self.root / path))
        except (CheckoutError, OSError):
            return ()


def results(report: Report, path: str, declared: Sequence[Call]) -> Iterator[TestResult]:
    """The result of each test of a file; one that is declared and did not run is an error."""
    ran = report.tests.get(path, [])
    if path in report.broken or (not ran and declared):
        why = report.broken.get(path, "no test of it ran")
        yield TestResult(path, "error", why, path=path)
        return
    seen: set[int] = set()
    for test in ran:
        fitting = [at for at, one in enumerate(declared) if one.fits(test.name)]
        exact = [at for at in fitting if declared[at].name == test.name]
        at = next(iter(exact or fitting), None)
        seen.update([] if at is None else [at])
        yield _result(path, test, None if at is None else declared[at])
    for at, one in enumerate(declared):
        if at not in seen:
            why = f"{path}:{one.line}: declared here, but it did not run"
            yield TestResult(f"{path}::{one.name}", "error", why, path=path)


def _result(path: str, test: Ran, declared: Call | None) -> TestResult:
    known = declared is not None and "fails" in declared.marks
    outcome, message = test.status, test.message
    if test.status == "todo":
        outcome, message = "skipped", f"TODO: {test.name.rpartition(BETWEEN)[2]}"
    elif test.status in ("skipped", "pending", "disabled"):
        outcome, message = "skipped", declared.note if declared else ""
    elif test.status == "passed" and known and declared is not None:
        outcome, message = "xfailed", declared.reason
    elif test.status == "failed" and known and NOT_EXPECTED in message:
        outcome, message = "xpassed", "it passes now: drop `fails` and the comment above"
    elif test.status not in ("passed", "failed"):
        outcome, message = "error", f"Vitest reports it as '{test.status}'"
    label = test.name
    if declared is not None and declared.name != test.name:
        label = f"{declared.name}[{test.name}]"
    return TestResult(f"{path}::{label}", outcome, message, test.seconds, known, path)


def _outside(report: Report, folder: str) -> list[TestResult]:
    """Errors that no test has: what was thrown after the tests, or while a worker ended."""
    return [
        TestResult(f"{folder}: vitest", "error", f"an error outside of the tests: {error}")
        for error in report.errors
    ]


def run_apart(vitest: Vitest, files: Sequence[str], timeout_s: float, progress: Progress) -> Report:
    """Each file alone, and each test of one that never ends, to name the test.

    Raises:
        ProofError: Vitest ended without a report.
    """
    limit = min(LONE_S, timeout_s)
    whole = Report(seconds=timeout_s)
    for path in files:
        progress(f"{path}: run alone, since the tests did not end within {timeout_s:.0f} s")
        report = vitest.run([path], timeout_s=limit)
        if report.late:
            report = _tests_apart(vitest, path, limit)
        whole.tests |= report.tests
        whole.broken |= report.broken
        whole.errors += report.errors
    return whole


def _tests_apart(vitest: Vitest, path: str, limit: float) -> Report:
    found = Report()
    found.tests[path] = []
    late = f"it did not end within {limit:.0f} s, and was killed"
    try:
        declared = tests_in(path, read_plain(vitest.root / path))
    except (CheckoutError, OSError):
        declared = []
    for test in declared:
        name = re.sub(r"([\\^$.|?*+()\[\]{}])", r"\\\1", " ".join((*test.groups, test.title)))
        pattern = name if test.plain else re.sub(r"(?:\\\$|%).*", "", name)
        report = vitest.run([path], only=f"^{pattern}{'$' if test.plain else ''}", timeout_s=limit)
        if report.late:
            found.tests[path].append(Ran(test.name, "failed", late))
        else:
            mine = [ran for ran in report.tests.get(path, ()) if test.fits(ran.name)]
            found.tests[path] += mine
    if not any(ran.message == late for ran in found.tests[path]):
        found.tests[path] = []
        found.broken[path] = f"its tests end one by one, and not together within {limit:.0f} s"
    return found
