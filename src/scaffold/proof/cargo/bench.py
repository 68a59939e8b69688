"""One build and one run of the suites that were there and the generated tests, and whose is what.

A test belongs to a gap by its module: what lies in a module that the gap generated is the gap's,
all else in the same test program is the baseline. A `should_panic` test of a gap is a known defect.
"""

from __future__ import annotations

import shlex
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from scaffold.errors import BaselineError, CheckoutError
from scaffold.proof.cargo.build import (
    REPORT_S,
    Build,
    Cargo,
    CompileError,
    Program,
    cargo_env,
)
from scaffold.proof.cargo.declared import Declared, declared_tests
from scaffold.proof.cargo.nextest import run_apart
from scaffold.proof.cargo.output import LibtestReader
from scaffold.proof.cargo.tree import Tree
from scaffold.proof.cargo.workspace import (
    Place,
    Suite,
    Workspace,
    read_workspace,
    suite_args,
)
from scaffold.proof.runner import (
    Evidence,
    Progress,
    Session,
    Subject,
    TestResult,
    VerifyOptions,
)

UNHEARD = 5
"""So many tests are named where a program ended in the middle: the rest is told as a number."""


@dataclass
class Runs:
    """What running showed: per suite the output, and what could not be built or run."""

    outputs: dict[Suite, LibtestReader] = field(default_factory=dict)
    alone: dict[Suite, LibtestReader] = field(default_factory=dict)
    errors: list[CompileError] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class Bench:
    """A copy of the checkout with everything that a run of these subjects needs."""

    tree: Tree
    subjects: tuple[Subject, ...]
    workspace: Workspace
    cargo: Cargo
    places: dict[str, tuple[Place, ...]]

    @property
    def root(self) -> str:
        """The workspace's folder, relative to the checkout."""
        return self.workspace.folder.relative_to(self.tree.path.resolve()).as_posix()

    def suites(self, subject: Subject | None = None) -> list[Suite]:
        """The test programs of a subject, or of all with the baselines that they name."""
        slugs = [subject.slug] if subject else list(self.places)
        found = {place.suite for slug in slugs for place in self.places[slug]}
        if subject is None:
            named = {name for item in self.subjects for name in item.run.baseline}
            packages = {suite.package for suite in found} | named
            found |= {
                Suite(name)
                for name, p in self.workspace.packages.items()
                if name in packages and p.lib
            }
        return sorted(found)

    def build(self, suites: Sequence[Suite], progress: Progress) -> Build:
        """Build test programs; see `Cargo.build`."""
        return self.cargo.build(suites, self.workspace.packages, progress)

    def run(self, progress: Progress) -> Runs:
        """Every suite once; a red one again without the generated tests.

        Raises:
            BaselineError: The workspace does not build without them either.
        """
        if not self.suites():
            return Runs()
        build = self.build(self.suites(), progress)
        if build.failed:
            self._blame(build, progress)
            return Runs(errors=build.errors)
        runs = Runs()
        progress(f"cargo built in {build.seconds:.0f} s")
        for program in build.programs:
            self._run(program, runs, progress)
        return runs

    def evidence(self, subject: Subject, runs: Runs) -> Evidence:
        """What belongs to one subject."""
        baseline = [test for suite in self.suites() for test in self._baseline(suite, runs)]
        generated = self._generated(subject, runs)
        suites = self.suites(subject)
        return Evidence(
            Session(tuple(baseline), runs.seconds, self._command(self.suites(), [])),
            Session(tuple(generated), runs.seconds, self._command(suites, self._filters(subject))),
        )

    def own_names(self, subject: Subject, evidence: Evidence) -> dict[Suite, list[str]]:
        """The subject's tests that ran, by suite, under libtest's names."""
        ran = {test.id for test in evidence.generated.tests if test.outcome != "skipped"}
        names: dict[Suite, list[str]] = {}
        for suite in self.suites(subject):
            prefix = suite.label("")
            own = sorted(i.removeprefix(f"{prefix}::") for i in ran if i.startswith(f"{prefix}::"))
            names[suite] = [name for name in own if self._is_of(subject, suite, name)]
        return names

    def _run(self, program: Program, runs: Runs, progress: Progress) -> None:
        suite, limit, began = program.suite, self.cargo.timeout_s, time.monotonic()
        watch = _watch(suite, progress)
        output = runs.outputs[suite] = self.cargo.run(program, [], timeout_s=limit, watch=watch)
        if output.died:
            output = runs.outputs[suite] = run_apart(self.cargo, program, output, progress, watch)
        runs.seconds += time.monotonic() - began
        base = [name for name in output.words if not self._is_ours(suite, name)]
        if output.ended is not None and all(output.words[name] != "FAILED" for name in base):
            return
        if self._modules(suite) == []:
            runs.alone[suite] = output
        elif "" not in self._modules(suite):
            args = ["--exact", *base] if output.ended else self._skips(suite)
            runs.alone[suite] = self.cargo.run(program, args, timeout_s=limit)

    def _blame(self, build: Build, progress: Progress) -> None:
        """Whose the errors are: not the gap's if the tree does not build without its files."""
        generated = {f for subject in self.subjects for f in subject.files if f.endswith(".rs")}
        files = {self.in_checkout(error.file) for error in build.errors}
        if files <= generated:
            return
        progress("the build failed; trying it without the generated tests")
        self.tree.sync({path: b"" for path in generated})
        suites = [suite for suite in self.suites() if not suite.test]
        before = self.build(suites, progress)
        if before.failed:
            raise BaselineError(
                f"'{self.root}' does not build without the generated tests: "
                f"{self._sentence(before.errors[0])}",
                self._command(suites, ["--no-run"]),
            )

    def _baseline(self, suite: Suite, runs: Runs) -> list[TestResult]:
        output = runs.alone.get(suite) or runs.outputs.get(suite)
        if output is None:
            return []
        names = [name for name in output.words if not self._is_ours(suite, name)]
        found = [_result(suite, name, output, None) for name in names]
        if suite in runs.alone and output.ended is None:
            found.append(TestResult(suite.label("*"), "error", self._why_ended(output)))
        return found

    def _generated(self, subject: Subject, runs: Runs) -> list[TestResult]:
        if runs.errors:
            return [TestResult(subject.slug, "error", self._sentence(runs.errors[0]))]
        found: list[TestResult] = []
        declared = self._declared(subject)
        for suite in self.suites(subject):
            output = runs.outputs.get(suite)
            if output is None:
                found.append(TestResult(suite.label("*"), "error", "was not built"))
                continue
            own = [name for name in output.words if self._is_of(subject, suite, name)]
            found += [_result(suite, n, output, declared.get((suite, n))) for n in own]
            if output.ended is None:
                found.append(TestResult(suite.label("*"), "error", self._why_ended(output)))
            found += self._disturbed(suite, runs)
        found += self._unheard(declared, runs, {test.id for test in found})
        return sorted(found, key=lambda test: test.id)

    def _unheard(
        self, declared: Mapping[tuple[Suite, str], Declared], runs: Runs, seen: set[str]
    ) -> list[TestResult]:
        """Tests of which nothing was heard; a few only where their program did not end."""
        found, cut = [], Counter[Suite]()
        for (suite, name), test in sorted(declared.items()):
            if suite not in runs.outputs or suite.label(name) in seen:
                continue
            why = "declared here, but it did not run"
            if runs.outputs[suite].ended is None:
                cut[suite] += 1
                why = "it did not end"
            if cut[suite] <= UNHEARD:
                place = f"{test.path}:{test.line}"
                found.append(TestResult(suite.label(name), "error", f"{place}: {why}"))
        return found + [
            TestResult(suite.label("*"), "error", f"{count - UNHEARD} more did not end")
            for suite, count in cut.items()
            if count > UNHEARD
        ]

    def _why_ended(self, output: LibtestReader) -> str:
        if output.late:
            return f"did not end within {self.cargo.timeout_s:.0f} s"
        return f"the test program ended in the middle: {output.died}"

    def _disturbed(self, suite: Suite, runs: Runs) -> list[TestResult]:
        """Tests of the checkout that are red only beside the generated ones."""
        alone, output = runs.alone.get(suite), runs.outputs[suite]
        return [
            TestResult(suite.label(name), "failed", "red only beside the generated tests")
            for name, word in output.words.items()
            if alone and word == "FAILED" and alone.words.get(name) == "ok"
        ]

    def _declared(self, subject: Subject) -> dict[tuple[Suite, str], Declared]:
        found: dict[tuple[Suite, str], Declared] = {}
        for place in self.places[subject.slug]:
            source = (self.tree.path / place.path).read_bytes()
            for test in declared_tests(place.path, source):
                name = f"{place.module}::{test.name}" if place.module else test.name
                found[place.suite, name] = test
        return found

    def _filters(self, subject: Subject) -> list[str]:
        modules = {place.module for place in self.places[subject.slug] if place.module}
        top = sorted(m for m in modules if not any(m.startswith(f"{o}::") for o in modules))
        return ["--", *(f"{module}::" for module in top)] if top else []

    def _modules(self, suite: Suite) -> list[str]:
        found = {p.module for places in self.places.values() for p in places if p.suite == suite}
        return sorted(found)

    def _skips(self, suite: Suite) -> list[str]:
        return [word for module in self._modules(suite) for word in ("--skip", f"{module}::")]

    def _is_of(self, subject: Subject, suite: Suite, name: str) -> bool:
        places = self.places[subject.slug]
        return any(place.suite == suite and place.holds(name) for place in places)

    def _is_ours(self, suite: Suite, name: str) -> bool:
        return any(self._is_of(subject, suite, name) for subject in self.subjects)

    def in_checkout(self, file: str) -> str:
        """A file as the compiler names it, relative to the checkout."""
        path = Path(file)
        root = self.tree.path.resolve()
        if path.is_absolute():
            return path.relative_to(root).as_posix() if path.is_relative_to(root) else file
        return (PurePosixPath(self.root) / file).as_posix() if file else ""

    def _sentence(self, error: CompileError) -> str:
        return CompileError(self.in_checkout(error.file), error.line, error.text).sentence()

    def _command(self, suites: Sequence[Suite], rest: Sequence[str]) -> str:
        argv = ["cargo", "test", "--locked", *suite_args(suites), *rest]
        where = f"cd {shlex.quote(self.root)} && " if self.root not in ("", ".") else ""
        return f"{where}{shlex.join(argv)}"


def open_bench(
    tree: Tree, subjects: Sequence[Subject], options: VerifyOptions, name: str = "cargo.log"
) -> Bench:
    """The bench of these subjects in a copy that is held.

    Raises:
        BaselineError: A Cargo.toml is broken.
        CheckoutError: There is no Cargo.toml where the gap says.
        MissingToolError: There is no cargo or no rustc.
    """
    root = subjects[0].run.root
    folder = (tree.path / root).resolve()
    if not (folder / "Cargo.toml").is_file():
        raise CheckoutError(f"{root}/Cargo.toml is not in this checkout", f"ls {root}")
    env = cargo_env(tree.target)
    workspace = read_workspace(folder, env)
    cargo = Cargo(workspace.folder, env, options.timeout_s, tree.folder / name)
    places = {s.slug: tuple(workspace.places(tree.path.resolve(), s.files)) for s in subjects}
    return Bench(tree, tuple(subjects), workspace, cargo, places)


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
        told = declared.ignored if declared else None
        return TestResult(label, "skipped", output.reasons.get(name) or told or "")
    if word == "ok":
        if declared is None or not defect:
            return TestResult(label, "passed")
        return TestResult(label, "xfailed", declared.reason, strict=declared.strict)
    if defect and output.panicked_not(name):
        return TestResult(label, "xpassed", output.message(name))
    return TestResult(label, "failed", output.message(name))
