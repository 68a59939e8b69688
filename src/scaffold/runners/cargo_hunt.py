"""Mutants tried one after the other in a copy of the tree, or in several copies at once.

The tests that killed a mutant before are run first: they are the ones that most likely kill the
next one, and a test program of its own for them takes milliseconds.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from scaffold.errors import ProofError
from scaffold.runners import Progress, Subject, VerifyOptions
from scaffold.runners.cargo import Bench, open_bench
from scaffold.runners.cargo_build import Program
from scaffold.runners.cargo_workspace import Suite

LEAST_TEST_S = 20.0
LEAST_BUILD_S = 300.0
KILLERS = 16


@dataclass(frozen=True)
class RustMutant:
    """One small fault: the mutated source, and an id that stays when lines move."""

    id: str
    path: str
    line: int
    operator: str
    change: str
    source: str


class Hunt:
    """Mutants against a gap's own tests, in one copy of the tree or several."""

    def __init__(
        self,
        bench: Bench,
        subject: Subject,
        names: dict[Suite, list[str]],
        options: VerifyOptions,
        progress: Progress,
    ) -> None:
        """Keep what every worker needs."""
        self.bench, self.subject, self.names = bench, subject, names
        self.options, self.progress = options, progress

    def judge(self, mutants: Sequence[RustMutant]) -> Iterable[tuple[RustMutant, str]]:
        """Each mutant with its verdict, as they come.

        One copy by default: cargo itself uses the processors. `--jobs N` takes N copies, each with
        a target folder of its own, which is built first.

        Raises:
            ProofError: The tests are red on an unbroken copy.
        """
        workers = min(self.options.jobs or 1, len(mutants))
        if workers <= 1:
            worker = Worker(self.bench, self.names)
            if mutants:
                worker.prepare(self.progress)
            for mutant in mutants:
                yield mutant, worker.verdict(mutant)
            worker.confirm()
            return
        yield from self._together(mutants, workers)

    def _together(
        self, mutants: Sequence[RustMutant], workers: int
    ) -> Iterable[tuple[RustMutant, str]]:
        waiting: queue.SimpleQueue[RustMutant] = queue.SimpleQueue()
        for mutant in mutants:
            waiting.put(mutant)
        done: queue.SimpleQueue[tuple[RustMutant, str] | BaseException] = queue.SimpleQueue()
        stop = threading.Event()
        threads = [
            threading.Thread(target=self._work, args=(number, waiting, done, stop), daemon=True)
            for number in range(workers)
        ]
        for thread in threads:
            thread.start()
        try:
            for _ in mutants:
                yield _unless_raised(done.get())
        except BaseException:
            stop.set()
            raise
        finally:
            for thread in threads:
                thread.join()
        while not done.empty():
            _unless_raised(done.get())

    def _work(
        self,
        number: int,
        waiting: queue.SimpleQueue[RustMutant],
        done: queue.SimpleQueue[tuple[RustMutant, str] | BaseException],
        stop: threading.Event,
    ) -> None:
        try:
            if number == 0:
                self._try_all(Worker(self.bench, self.names), waiting, done, stop)
                return
            tree = self.bench.tree.beside(number, self.options)
            tree.sync()
            bench = open_bench(tree, [self.subject], self.options)
            self._try_all(Worker(bench, self.names), waiting, done, stop)
        except BaseException as error:  # handed to the thread that waits for it
            done.put(error)

    def _try_all(
        self,
        worker: Worker,
        waiting: queue.SimpleQueue[RustMutant],
        done: queue.SimpleQueue[tuple[RustMutant, str] | BaseException],
        stop: threading.Event,
    ) -> None:
        worker.prepare(self.progress)
        while not stop.is_set():
            try:
                mutant = waiting.get_nowait()
            except queue.Empty:
                worker.confirm()
                return
            done.put((mutant, worker.verdict(mutant)))


def _unless_raised(item: tuple[RustMutant, str] | BaseException) -> tuple[RustMutant, str]:
    if isinstance(item, BaseException):
        raise item
    return item


class Worker:
    """One copy of the tree, in which one mutant after the other is tried."""

    def __init__(self, bench: Bench, names: dict[Suite, list[str]]) -> None:
        """Nothing is built yet."""
        self.bench, self.names = bench, names
        self.build_s, self.test_s = LEAST_BUILD_S, LEAST_TEST_S
        self.killers: dict[Suite, list[str]] = {suite: [] for suite in names}

    def prepare(self, progress: Progress) -> None:
        """Build and run the unbroken tree; the time limits follow from it.

        Raises:
            ProofError: The tests are red on it.
        """
        build = self.bench.build(list(self.names), progress)
        if build.failed:
            raise ProofError("the unbroken copy does not build", build.errors[0].sentence())
        began = time.monotonic()
        for program in build.programs:
            args = ["--exact", *self.names[program.suite]]
            output = self.bench.cargo.run(program, args, timeout_s=self.bench.cargo.timeout_s)
            if output.ended != "ok":
                red = [name for name, word in output.words.items() if word == "FAILED"]
                raise ProofError(
                    f"red on an unbroken copy: {', '.join(red) or program.suite.label('*')}",
                    f"scaffold verify {self.bench.subjects[0].slug}",
                )
        self.test_s = max(LEAST_TEST_S, 5 * (time.monotonic() - began))
        self.build_s = max(LEAST_BUILD_S, 5 * build.seconds)

    def confirm(self) -> None:
        """See that the tests that were run first are green without the others.

        Raises:
            ProofError: One is not, so that what it killed says nothing.
        """
        if not any(self.killers.values()):
            return
        build = self.bench.build(list(self.names), lambda line: None)
        for program in build.programs:
            names = self.killers[program.suite][:]
            if names and self._run(program, names) != "survived":
                raise ProofError(
                    f"red on an unbroken copy without the others: {self.killers[program.suite][0]}",
                    f"scaffold verify {self.bench.subjects[0].slug}",
                )

    def verdict(self, mutant: RustMutant) -> str:
        """killed, timeout, survived or invalid; the copy is as before afterwards."""
        before = (self.bench.tree.path / mutant.path).read_bytes()
        self.bench.tree.write(mutant.path, mutant.source.encode("utf-8"))
        try:
            return self._try()
        finally:
            self.bench.tree.write(mutant.path, before)

    def _try(self) -> str:
        cargo = replace(self.bench.cargo, timeout_s=self.build_s)
        try:
            packages = self.bench.workspace.packages
            build = cargo.build(list(self.names), packages, lambda line: None)
        except ProofError:
            return "invalid"  # constants that never come to an end
        if build.failed:
            return "invalid"
        for program in build.programs:
            first = self.killers[program.suite][:KILLERS]
            rest = [name for name in self.names[program.suite] if name not in first]
            for names in filter(None, [first, rest]):
                word = self._run(program, names)
                if word != "survived":
                    return word
        return "survived"

    def _run(self, program: Program, names: Sequence[str]) -> str:
        output = self.bench.cargo.run(
            program,
            ["--exact", *names],
            timeout_s=self.test_s,
            watch=lambda word: word != "FAILED",
        )
        if output.late:
            return "timeout"
        if output.ended == "ok":
            return "survived"
        red = [name for name, word in output.words.items() if word == "FAILED"]
        known = self.killers[program.suite]
        known[:] = [*red, *(name for name in known if name not in red)]
        return "killed"
