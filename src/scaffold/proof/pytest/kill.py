"""The kill check of the pytest runner: workers on copies of the tree that try mutants."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scaffold.errors import ProofError
from scaffold.proof.mutants import Mutant
from scaffold.proof.pytest.plan import Job, Trail
from scaffold.proof.pytest.trial import ForkWorker, Place, PlainWorker, Worker
from scaffold.proof.runner import Progress
from scaffold.proof.tree_copy import Stopped, copy_tree, list_tree

RECENT = 12
REPORT_EVERY_S = 5.0
WORDS = ("killed", "survived", "timeout", "invalid")


@dataclass
class _Board:
    """What the workers share: verdicts so far, and which tests killed lately."""

    verdicts: dict[str, str] = field(default_factory=dict)
    recent: list[int] = field(default_factory=list)
    alone: dict[int, bool] = field(default_factory=dict)
    survivors: queue.SimpleQueue[Mutant] = field(default_factory=queue.SimpleQueue)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, mutant: Mutant, verdict: str) -> None:
        with self.lock:
            self.verdicts[mutant.id] = verdict
        if verdict == "survived":
            self.survivors.put(mutant)

    def remember(self, number: int) -> None:
        with self.lock:
            if number in self.recent:
                self.recent.remove(number)
            self.recent.insert(0, number)
            del self.recent[RECENT:]

    def ordered(self, tests: Sequence[int]) -> list[int]:
        with self.lock:
            wanted = set(tests)
            first = [number for number in self.recent if number in wanted]
        return [*first, *(number for number in tests if number not in first)]


class KillRun:
    """Takes jobs to their verdicts, with several workers at once."""

    def __init__(
        self, checkout: Path, root: str, files: Sequence[str], trail: Trail, scratch: Path
    ) -> None:
        """Nothing is started yet.

        Args:
            checkout: The tree, which is only read.
            root: The folder that pytest runs in, relative to it.
            files: The test files, relative to that folder.
            trail: What the tests did on the unbroken tree.
            scratch: A folder for copies and temporary files.
        """
        self.checkout, self.root, self.files = checkout, root, files
        self.trail, self.scratch = trail, scratch
        self._board = _Board()
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._errors: list[BaseException] = []
        self._stop = threading.Event()
        self._kinds: frozenset[str] = frozenset()
        self._listing = list_tree(checkout)

    def run(self, jobs: Sequence[Job], workers: int, progress: Progress) -> dict[str, str]:
        """Mutant id -> killed, survived, timeout or invalid.

        Args:
            jobs: What to try.
            workers: How many processes try at once.
            progress: Gets each survivor as it is found, and now and then how far it is.

        Raises:
            ProofError: The tests are red on the unbroken copy, or a worker gave up.
        """
        for job in jobs:
            if job.kind == "none":
                self._board.put(job.mutant, "survived")
            else:
                self._jobs.put(job)
        self._kinds = frozenset(job.kind for job in jobs if job.kind != "none")
        count = min(workers, self._jobs.qsize())
        threads = [threading.Thread(target=self._work, args=(n,)) for n in range(count)]
        try:
            for thread in threads:
                thread.start()
            self._watch(threads, len(jobs), progress)
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()
        if self._errors:
            raise self._errors[0]
        return self._board.verdicts

    def _watch(self, threads: Sequence[threading.Thread], total: int, progress: Progress) -> None:
        told, survived, alive = time.monotonic(), 0, True
        while alive:
            for thread in threads:
                thread.join(timeout=0.05)
            alive = any(thread.is_alive() for thread in threads)
            while (mutant := self._found()) is not None:
                survived += 1
                progress(f"survived: {mutant.path}:{mutant.line} {mutant.change}")
            if time.monotonic() - told >= REPORT_EVERY_S:
                told = time.monotonic()
                done = len(self._board.verdicts)
                progress(f"{done}/{total} mutants tried, {survived} survived")

    def _found(self) -> Mutant | None:
        try:
            return self._board.survivors.get_nowait()
        except queue.Empty:
            return None

    def _work(self, number: int) -> None:
        try:
            folder = self.scratch / f"tree{number}"
            tree = copy_tree(self._listing, folder, stop=self._stop.is_set)
            place = Place(self._listing, tree, self.root, self.scratch / f"t{number}", self._stop)
            make = ForkWorker if self.trail.fork else PlainWorker
            with make(place, self.files, self.trail) as worker:
                worker.learn_imports()
                if number == 0:
                    worker.check_unbroken(self._kinds)
                while not self._stop.is_set():
                    try:
                        job = self._jobs.get_nowait()
                    except queue.Empty:
                        return
                    self._board.put(job.mutant, self._judge(worker, job))
        except Stopped:
            return
        except BaseException as error:  # raised again by `run`, in the caller's thread
            self._errors.append(error)
            self._stop.set()

    def _judge(self, worker: Worker, job: Job) -> str:
        kind, tests = str(job.kind), self._board.ordered(job.tests)
        reply = worker.ask(kind, job.mutant, tests)
        if reply["verdict"] == "cold":
            kind = "warm"
            reply = worker.ask(kind, job.mutant, tests)
        if reply["verdict"] == "survived" and job.rest:
            reply = worker.ask(kind, job.mutant, self._board.ordered(job.rest))
        by = reply.get("by")
        if by in self.trail.order:
            number = self.trail.order.index(by)
            if not self._stands_alone(worker, number):
                everything = range(len(self.trail.order))
                reply = worker.ask("warm", job.mutant, everything)
            else:
                self._board.remember(number)
        if reply["verdict"] not in WORDS:
            raise ProofError(f"the kill check's worker answered '{reply['verdict']}'")
        return str(reply["verdict"])

    def _stands_alone(self, worker: Worker, number: int) -> bool:
        """Whether a test is green without those before it; else its red may be no kill."""
        if number not in self._board.alone:
            reply = worker.ask("hot", worker.unbroken(), [number])
            self._board.alone[number] = reply["verdict"] == "survived"
        return self._board.alone[number]
