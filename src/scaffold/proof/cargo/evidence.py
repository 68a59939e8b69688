"""One run of all suites, and what it showed of each subject.

A `should_panic` test of a gap is a known defect.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from scaffold.errors import BaselineError
from scaffold.proof.cargo.build import REPORT_S, Build, CompileError, Program
from scaffold.proof.cargo.declared import Declared, declared_tests
from scaffold.proof.cargo.nextest import run_apart
from scaffold.proof.cargo.output import LibtestReader
from scaffold.proof.cargo.owners import Owners
from scaffold.proof.cargo.suites import Suites
from scaffold.proof.cargo.workspace import Suite
from scaffold.proof.runner import Evidence, Progress, Session, Subject, TestResult
from scaffold.system.reading import read_plain

UNHEARD = 5
"""How many tests are named where a program ended in the middle; of the rest only the number."""


@dataclass
class Runs:
    """What running showed.

    Attributes:
        suites: What was built and run.
        outputs: Each program's output.
        alone: The output of a red one without the generated tests.
        errors: Why nothing could be built.
        broken: Generated files that do not compile -> the first error in each; the rest was built
            and run without them.
        seconds: How long the programs ran.
        needy: The programs with tests that are ignored outside of `verify`, as they need a server.
    """

    suites: Suites
    outputs: dict[Suite, LibtestReader] = field(default_factory=dict)
    alone: dict[Suite, LibtestReader] = field(default_factory=dict)
    errors: list[CompileError] = field(default_factory=list)
    broken: dict[str, CompileError] = field(default_factory=dict)
    seconds: float = 0.0
    needy: set[Suite] = field(default_factory=set)

    def add(self, program: Program, progress: Progress) -> None:
        """Run a program, and again without the generated tests where others are red."""
        cargo, owners = self.suites.cargo, self.owners
        suite, limit, began = program.suite, cargo.timeout_s, time.monotonic()
        watch = _watch(suite, progress)
        output = self.outputs[suite] = cargo.run(program, [], timeout_s=limit, watch=watch)
        if output.died:
            output = self.outputs[suite] = run_apart(cargo, program, output, progress, watch)
        if ignored := self._ignored(suite, output):
            self.needy.add(suite)
            args = ["--ignored", "--exact", *ignored]
            output.take(cargo.run(program, args, timeout_s=limit, watch=watch))
        self.seconds += time.monotonic() - began
        base = [name for name in output.words if not owners.is_ours(suite, name)]
        if output.ended is not None and all(output.words[name] != "FAILED" for name in base):
            return
        if owners.modules(suite) == []:
            self.alone[suite] = output
        elif "" not in owners.modules(suite):
            args = ["--exact", *base] if output.ended else owners.skips(suite)
            self.alone[suite] = cargo.run(program, args, timeout_s=limit)

    @property
    def owners(self) -> Owners:
        """Whose each test is."""
        return self.suites.owners

    def _ignored(self, suite: Suite, output: LibtestReader) -> list[str]:
        """The generated tests that the checkout's own runs leave out, with a reason; no todos."""
        return [
            name
            for name, why in output.reasons.items()
            if why and not why.startswith("TODO") and self.owners.is_ours(suite, name)
        ]

    def evidence(self, subject: Subject) -> Evidence:
        """What belongs to one subject."""
        baseline = [test for suite in self.owners.suites() for test in self._baseline(suite)]
        generated = self._generated(subject)
        everything = self.suites.command(self.owners.suites(), [])
        suites, filters = self.owners.suites(subject), self.owners.filters(subject)
        if self.needy.intersection(suites):
            filters = [*(filters or ["--"]), "--include-ignored"]
        own = self.suites.command(suites, filters)
        return Evidence(
            Session(tuple(baseline), self.seconds, everything),
            Session(tuple(generated), self.seconds, own),
        )

    def _baseline(self, suite: Suite) -> list[TestResult]:
        output = self.alone.get(suite) or self.outputs.get(suite)
        if output is None:
            return []
        names = [name for name in output.words if not self.owners.is_ours(suite, name)]
        found = [_result(suite, name, output, None) for name in names]
        if suite in self.alone and output.ended is None:
            found.append(TestResult(suite.label("*"), "error", self._why_ended(output)))
        return found

    def _generated(self, subject: Subject) -> list[TestResult]:
        if self.errors:
            return [TestResult(subject.slug, "error", self.suites.sentence(self.errors[0]))]
        found = self._not_compiled(subject)
        declared = self._declared(subject)
        for suite in self.owners.suites(subject):
            output = self.outputs.get(suite)
            if output is None:
                found.append(TestResult(suite.label("*"), "error", "was not built"))
                continue
            own = [name for name in output.words if self.owners.is_of(subject, suite, name)]
            results = {n: _result(suite, n, output, declared.get((suite, n))) for n in own}
            path_of = self.owners.path_of
            found += [replace(t, path=path_of(subject, suite, n)) for n, t in results.items()]
            if output.ended is None:
                found.append(TestResult(suite.label("*"), "error", self._why_ended(output)))
            found += self._disturbed(suite)
        found += self._unheard(declared, {test.id for test in found})
        return sorted(found, key=lambda test: test.id)

    def _not_compiled(self, subject: Subject) -> list[TestResult]:
        """The files of a subject that do not compile."""
        places = [p for p in self.owners.places[subject.slug] if p.path in self.broken]
        return [
            TestResult(
                place.suite.label(place.module or "*"),
                "error",
                self.suites.sentence(self.broken[place.path]),
                path=place.path,
            )
            for place in places
        ]

    def _unheard(
        self, declared: Mapping[tuple[Suite, str], Declared], seen: set[str]
    ) -> list[TestResult]:
        """Tests of which nothing was heard; a few only where their program did not end."""
        found, cut = [], Counter[Suite]()
        for (suite, name), test in sorted(declared.items()):
            if suite not in self.outputs or suite.label(name) in seen:
                continue
            why = "declared here, but it did not run"
            if self.outputs[suite].ended is None:
                cut[suite] += 1
                why = self._why_ended(self.outputs[suite])
            if cut[suite] <= UNHEARD:
                place = f"{test.path}:{test.line}"
                label = suite.label(name)
                found.append(TestResult(label, "error", f"{place}: {why}", path=test.path))
        return found + [
            TestResult(suite.label("*"), "error", f"{count - UNHEARD} more did not end")
            for suite, count in cut.items()
            if count > UNHEARD
        ]

    def _why_ended(self, output: LibtestReader) -> str:
        if output.late:
            return f"did not end within {self.suites.cargo.timeout_s:.0f} s"
        return f"the test program ended in the middle: {output.died}"

    def _disturbed(self, suite: Suite) -> list[TestResult]:
        """Tests of the checkout that are red only beside the generated ones."""
        alone, output = self.alone.get(suite), self.outputs[suite]
        return [
            TestResult(suite.label(name), "failed", "red only beside the generated tests")
            for name, word in output.words.items()
            if alone and word == "FAILED" and alone.words.get(name) == "ok"
        ]

    def _declared(self, subject: Subject) -> dict[tuple[Suite, str], Declared]:
        found: dict[tuple[Suite, str], Declared] = {}
        for place in self.owners.places[subject.slug]:
            source = read_plain(self.suites.copy.path / place.path)
            for test in declared_tests(place.path, source):
                name = f"{place.module}::{test.name}" if place.module else test.name
                found[place.suite, name] = test
        return found


def run_suites(suites: Suites, progress: Progress) -> Runs:
    """Every suite once; a red one again without the generated tests.

    Raises:
        BaselineError: The workspace does not build without them either.
    """
    runs, wanted = Runs(suites), suites.owners.suites()
    if not wanted:
        return runs
    build = _build(runs, wanted, progress)
    if build.failed:
        _blame(suites, build, progress)
        runs.errors = build.errors
        return runs
    progress(f"cargo built in {build.seconds:.0f} s")
    for program in build.programs:
        runs.add(program, progress)
    return runs


def _build(runs: Runs, wanted: Sequence[Suite], progress: Progress) -> Build:
    """The build without the generated files that do not compile."""
    suites = runs.suites
    generated = _generated_files(suites)
    while (build := suites.build(wanted, progress)).failed:
        named = {suites.in_checkout(error.file): error for error in reversed(build.errors)}
        found = {path: named[path] for path in named.keys() & generated - runs.broken.keys()}
        if not found:
            break
        runs.broken |= found
        progress(f"{', '.join(sorted(found))}: does not compile; building without it")
        suites.copy.sync({path: b"" for path in runs.broken})
    return build


def _generated_files(suites: Suites) -> set[str]:
    files = (path for subject in suites.owners.subjects for path in subject.files)
    return {path for path in files if path.endswith(".rs")}


def _blame(suites: Suites, build: Build, progress: Progress) -> None:
    """Whose the errors are: not the gap's if the tree does not build without its files."""
    generated = _generated_files(suites)
    if {suites.in_checkout(error.file) for error in build.errors} <= generated:
        return
    progress("the build failed; trying it without the generated tests")
    suites.copy.sync({path: b"" for path in generated})
    wanted = [suite for suite in suites.owners.suites() if not suite.test]
    before = suites.build(wanted, progress)
    if before.failed:
        raise BaselineError(
            f"'{suites.root}' does not build without the generated tests: "
            f"{suites.sentence(before.errors[0])}",
            suites.command(wanted, ["--no-run"]),
        )


def _watch(suite: Suite, progress: Progress) -> Callable[[str], bool]:
    """Says now and then how many tests came to an end."""
    count, last = 0, time.monotonic()

    def watch(word: str) -> bool:
        nonlocal count, last
        count += 1
        if time.monotonic() - last >= REPORT_S:
            last = time.monotonic()
            progress(f"{suite.package}: {count} tests ran")
        return True

    return watch


def _result(
    suite: Suite, name: str, output: LibtestReader, declared: Declared | None
) -> TestResult:
    word, label = output.words[name], suite.label(name)
    defect = declared is not None and declared.known_defect
    if word == "ignored":
        ignored = declared.ignored if declared else None
        return TestResult(label, "skipped", output.reasons.get(name) or ignored or "")
    if word == "ok":
        if declared is None or not defect:
            return TestResult(label, "passed")
        return TestResult(label, "xfailed", declared.reason, strict=declared.strict)
    if defect and output.panicked_not(name):
        return TestResult(label, "xpassed", output.message(name))
    return TestResult(label, "failed", output.message(name))
