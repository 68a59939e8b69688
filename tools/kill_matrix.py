"""The kill matrix of a row: which tests notice which mutant, and which run which line.

Tests are taken in groups: those of one function, or of one file. Upstream's own tests are one
group, with an empty name. With pytest a group is tried on each mutant whose statement it runs; with
cargo all tests run on each mutant; with Vitest each file is run by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from groups import NOBODY, Grouping, Groups, Matrix, green, grouping
from scaffold.errors import ProofError
from scaffold.proof.kill_check import NOTICED, targets_of
from scaffold.proof.mutants import Mutant
from scaffold.proof.pool import results
from scaffold.proof.pytest.kill.check import PytestBreaker, worker_on_copy
from scaffold.proof.pytest.kill.jobs import Job, Shape, plan_jobs
from scaffold.proof.pytest.kill.worker import Worker
from scaffold.proof.pytest.runner import TEST_FILES, PytestRunner
from scaffold.proof.pytest.trail import IMPORTED, SHARED, Trail
from scaffold.proof.runner import Evidence, Progress, Subject, TestResult, VerifyOptions
from scaffold.system.reading import read_plain
from scaffold.system.scratch import folder as scratch_folder
from vitest_matrix import of_vitest


def matrix(
    subject: Subject, options: VerifyOptions, progress: Progress, *, by_file: bool = False
) -> Matrix:
    """The matrix of a row that is written whole.

    Raises:
        ProofError: A test is red on the unbroken tree.
    """
    measures = {"pytest": _of_pytest, "cargo": _of_cargo, "vitest": of_vitest}
    return measures[subject.run.runner](subject, options, progress, by_file)


def _outcomes(tests: Sequence[TestResult]) -> dict[str, str]:
    return {test.id: test.outcome for test in tests}


def _of_pytest(
    subject: Subject, options: VerifyOptions, progress: Progress, by_file: bool
) -> Matrix:
    folder = subject.checkout / subject.run.root
    tops = [folder / path for path in subject.run.baseline]
    found = {place for top in tops for name in TEST_FILES for place in top.rglob(name)}
    suites = sorted(place.relative_to(subject.checkout).as_posix() for place in found)
    files = tuple(dict.fromkeys((*subject.files, *suites)))
    every = replace(subject, files=files, run=replace(subject.run, baseline=()), others=())
    runner = PytestRunner()
    evidence = runner.examine([every], options, progress)[0]
    tests = green(evidence)
    groups = grouping(subject, tests, by_file=by_file)
    trail = evidence.trail
    assert isinstance(trail, Trail)
    with runner.breaker(every, evidence, options, progress) as breaker:
        assert isinstance(breaker, PytestBreaker)
        kills = _killers(breaker, subject, groups, _outcomes(tests), options, progress)
    lines = {
        f"{path}:{line}": groups.groups(trail.order[number_of(who)] for who in everybody)
        for path, ran in trail.lines.items()
        for line, everybody in ran.items()
        if IMPORTED not in everybody
    }
    return Matrix(groups.files, kills, lines, groups.tests, groups.defects)


def number_of(who: int) -> int:
    """The number of the test that ran a line, or for which a fixture ran it."""
    return who if who >= 0 else SHARED - who


def _killers(
    breaker: PytestBreaker,
    subject: Subject,
    groups: Grouping,
    before: Mapping[str, str],
    options: VerifyOptions,
    progress: Progress,
) -> dict[str, Groups]:
    targets = targets_of(subject, breaker.suffix)
    texts = {path: read_plain(subject.checkout / path).decode() for path in targets}
    jobs = plan_jobs(breaker.find(targets).mutants, texts, breaker.trail)
    kills = {job.mutant.id: NOBODY for job in jobs if job.kind == "none"}
    todo = [job for job in jobs if job.kind != "none"]
    shapes = {path: Shape(text) for path, text in texts.items()}
    with scratch_folder("matrix") as scratch:

        @contextmanager
        def start(number: int, stop: threading.Event) -> Iterator[Callable[[Job], Groups | None]]:
            with worker_on_copy(breaker, scratch, number, stop) as worker:
                worker.learn_imports()
                if number == 0:
                    worker.check_unbroken(frozenset(str(job.kind) for job in todo))
                yield Trials(worker, shapes, groups, before).killers

        for done, (job, found) in enumerate(results(todo, options.workers, start), 1):
            if found is not None:
                kills[job.mutant.id] = found
            if done % 20 == 0:
                progress(f"{subject.slug}: {done} of {len(todo)} mutants")
    return kills


@dataclass
class Trials:
    """Groups of tests tried on mutants, on a worker's copy.

    Attributes:
        worker: It runs them.
        shapes: Target -> its statements.
        groups: Which group each test is in.
        before: Test -> its outcome on the unbroken tree.
    """

    worker: Worker
    shapes: Mapping[str, Shape]
    groups: Grouping
    before: Mapping[str, str]

    def killers(self, job: Job) -> Groups | None:
        """The groups that notice a mutant; None where it is unviable."""
        mutant, every = job.mutant, (*job.tests, *job.rest)
        if job.kind == "hot":
            ran = self._runs(mutant)
            first = self._hot(mutant, ran)
            if first:
                return first
            # A test may start a program that runs it, or meet what another test left.
            rest = [number for number in every if number not in ran]
            verdict = self.worker.ask("hot", mutant, rest)["verdict"] if rest else "survived"
            found = self._hot(mutant, rest) if verdict in NOTICED else NOBODY
            if first is not None and verdict != "cold" and found is not None:
                return found
        verdict = self.worker.ask("warm", mutant, every)["verdict"]
        if verdict == "unviable":
            return None
        return self._in_a_session(mutant) if verdict in NOTICED else NOBODY

    def _runs(self, mutant: Mutant) -> list[int]:
        """The tests that run the mutated statement."""
        lines = self.worker.trail.lines.get(mutant.path, {})
        span = self.shapes[mutant.path].statement(mutant.line)
        ran = {number_of(who) for line in span for who in lines.get(line, ()) if who != IMPORTED}
        return sorted(ran, key=lambda number: self.worker.trail.seconds[number])

    def _hot(self, mutant: Mutant, tests: Sequence[int]) -> Groups | None:
        """The groups that notice it; None where a session is needed."""
        named: dict[str, list[int]] = {}
        for number in tests:
            named.setdefault(self.groups.of[self.worker.trail.order[number]], []).append(number)
        verdicts = {name: self.worker.ask("hot", mutant, own)["verdict"]
                    for name, own in named.items()}  # fmt: skip
        if "cold" in verdicts.values():
            return None
        return frozenset(name for name, verdict in verdicts.items() if verdict in NOTICED)

    def _in_a_session(self, mutant: Mutant) -> Groups:
        texts, args = {mutant.path: mutant.source}, self.worker.request["args"]
        seconds = sum(self.worker.trail.seconds)
        reply = self.worker.whole(texts, args, seconds, suites=False)
        after = {test["id"]: test["outcome"] for test in reply.get("tests", ())}
        order = self.worker.trail.order
        return self.groups.groups(name for name in order if after.get(name) != self.before[name])


def _of_cargo(
    subject: Subject, options: VerifyOptions, progress: Progress, by_file: bool
) -> Matrix:
    from scaffold.proof.cargo.runner import CargoRunner

    runner = CargoRunner()
    evidence = runner.examine([subject], replace(options, coverage=False), progress)[0]
    tests = green(evidence)
    groups = grouping(subject, tests, by_file=by_file)
    with runner.breaker(subject, evidence, options, progress) as breaker:
        mutants = breaker.find(targets_of(subject, breaker.suffix)).mutants
    changes: list[Mapping[str, str]] = [{}, *({one.path: one.source} for one in mutants)]
    before, kills = _outcomes(tests), dict[str, Groups]()
    for number, seen in runner.rerun(subject, evidence, changes, options, progress):
        after = _outcomes((*seen.baseline.tests, *seen.generated.tests))
        if number and before.keys() & after.keys():
            red = (name for name in before if before[name] != after.get(name))
            kills[mutants[number - 1].id] = groups.groups(red)
    lines = _lines_of_cargo(subject, evidence, groups, options, progress)
    return Matrix(groups.files, kills, lines, groups.tests, groups.defects)


def _lines_of_cargo(
    subject: Subject,
    evidence: Evidence,
    groups: Grouping,
    options: VerifyOptions,
    progress: Progress,
) -> dict[str, Groups]:
    """Which line is run by which group.

    Raises:
        ProofError: It cannot be measured.
    """
    from scaffold.proof.cargo.coverage import INSTALL, count_lines, find_tool, forget_other_programs
    from scaffold.proof.cargo.held_copy import held_copy
    from scaffold.proof.cargo.suites import open_suites

    paths = [target.path for target in subject.targets]
    lines: dict[str, set[str]] = {}
    with held_copy(subject.checkout, options, progress) as copy:
        suites = open_suites(copy, [subject], options)
        tool = find_tool(suites.cargo.env)
        if tool is None:
            raise ProofError("lines cannot be counted without a tool for it", INSTALL)
        forget_other_programs(suites, tool)
        for suite in suites.owners.suites(subject):
            prefix = f"{suite.label('')}::"
            inside = [test for test in groups.of if test.startswith(prefix)]
            for group in sorted({groups.of[test] for test in inside}):
                progress(f"{subject.slug}: lines of {group or 'upstream'}")
                names = [t.removeprefix(prefix) for t in inside if groups.of[t] == group]
                found = count_lines(suites, tool, {suite: names}, paths, options)
                if found is None:
                    raise ProofError(f"lines were not counted, see {suites.cargo.log}", INSTALL)
                for path, counts in found.items():
                    for line in (line for line, count in counts.items() if count):
                        lines.setdefault(f"{path}:{line}", set()).add(group)
    return {place: frozenset(names) for place, names in lines.items()}
