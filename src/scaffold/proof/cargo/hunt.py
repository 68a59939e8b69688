"""Mutants tried one after the other: in one program where that can be, else each in its own build.

The one program has all mutants in (see `cargo_schemata`), so that only running it costs time. What
survives there is built and run once more alone: a test may start programs that are told nothing of
the mutant, and a survivor is a claim about the tests.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence

from scaffold.errors import ProofError
from scaffold.proof.cargo.attempts import Schemata, Start, Try, Worker
from scaffold.proof.cargo.bench import Bench, open_bench
from scaffold.proof.cargo.trial import RustMutant, Verdicts
from scaffold.proof.cargo.workspace import Suite
from scaffold.proof.runner import Progress, Subject, VerifyOptions

WORTH = 3
"""So many mutants are at least woven: fewer are built alone in the same time."""


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

    def judge(self, mutants: Sequence[RustMutant]) -> Verdicts:
        """Each mutant with its verdict, as they come.

        One at a time by default: cargo itself uses the processors. `--jobs N` tries N at once, in
        copies with target folders of their own where each needs its own build.

        Raises:
            ProofError: The tests are red on an unbroken copy.
        """
        left = list(mutants)
        if len(mutants) >= WORTH:
            for mutant, word in self._woven(mutants):
                if word != "survived":
                    left.remove(mutant)
                    yield mutant, word
        workers = min(self.options.jobs or 1, len(left))
        if left:
            self.progress(f"{self.subject.slug}: {len(left)} mutants need a build of their own")
            yield from _together(left, workers, self._alone)

    def _woven(self, mutants: Sequence[RustMutant]) -> Verdicts:
        """The verdicts that one program with all mutants gives."""
        with Schemata(self.bench, self.names, mutants) as schemata:
            build = schemata.build(self.progress)
            if build is None:
                return
            yield from ((mutant, "invalid") for mutant in schemata.invalid)
            numbers = list(schemata.numbers)
            self.progress(
                f"{self.subject.slug}: {len(numbers)} mutants in one program, "
                f"built in {schemata.seconds:.0f} s"
            )
            try:
                start = schemata.workers(build)
            except ProofError as error:
                self.progress(f"that program is no help: {error}")
                return
            yield from _together(numbers, min(self.options.jobs or 1, len(numbers)), start)

    def _alone(self, number: int) -> tuple[Try, Callable[[], None]]:
        """How one worker tries a mutant in a build of its own, and what it does at the end."""
        bench = self.bench
        if number > 0:
            tree = bench.tree.beside(number, self.options)
            tree.sync()
            bench = open_bench(tree, [self.subject], self.options)
        worker = Worker(bench, self.names)
        worker.prepare(self.progress)
        return worker.verdict, worker.confirm


def _together(
    mutants: Sequence[RustMutant],
    workers: int,
    start: Start,
) -> Verdicts:
    """Mutants tried by one worker, or by several threads."""
    if workers <= 1:
        attempt, end = start(0)
        for mutant in mutants:
            yield mutant, attempt(mutant)
        end()
        return
    crew = _Crew(mutants, start)
    threads = [threading.Thread(target=crew.work, args=(n,), daemon=True) for n in range(workers)]
    for thread in threads:
        thread.start()
    try:
        for _ in mutants:
            yield _unless_raised(crew.done.get())
    except BaseException:
        crew.stop.set()
        raise
    finally:
        for thread in threads:
            thread.join()
    while not crew.done.empty():
        _unless_raised(crew.done.get())


class _Crew:
    """What the threads share."""

    def __init__(
        self,
        mutants: Sequence[RustMutant],
        start: Start,
    ) -> None:
        self.start = start
        self.stop = threading.Event()
        self.waiting: queue.SimpleQueue[RustMutant] = queue.SimpleQueue()
        self.done: queue.SimpleQueue[tuple[RustMutant, str] | BaseException] = queue.SimpleQueue()
        for mutant in mutants:
            self.waiting.put(mutant)

    def work(self, number: int) -> None:
        """Take mutants until there are none."""
        try:
            attempt, end = self.start(number)
            while not self.stop.is_set():
                try:
                    mutant = self.waiting.get_nowait()
                except queue.Empty:
                    end()
                    return
                self.done.put((mutant, attempt(mutant)))
        except BaseException as error:  # handed to the thread that waits for it
            self.done.put(error)


def _unless_raised(item: tuple[RustMutant, str] | BaseException) -> tuple[RustMutant, str]:
    if isinstance(item, BaseException):
        raise item
    return item
