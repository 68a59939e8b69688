"""The kill check of the pytest runner: workers on copies of the tree that try mutants."""

from __future__ import annotations

import json
import queue
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaffold.errors import ProofError
from scaffold.process import Conversation, run
from scaffold.proof.git_copy import PLACES
from scaffold.proof.mutants import Mutant
from scaffold.proof.pytest.env import PYTEST_MAJOR
from scaffold.proof.pytest.plan import Job, Trail
from scaffold.proof.tree_copy import Stopped, copy_tree, list_tree

WORKER = Path(__file__).with_name("worker") / "__main__.py"
# A mutant that loops for ever is found by its processor time, which a busy machine does not
# stretch; the time on the wall is for one that waits for ever.
CPU_FLOOR_S, CPU_FACTOR = 1.5, 5.0
WALL_FLOOR_S, WALL_FACTOR = 20.0, 10.0
SESSION_S = 5.0
RECENT = 12
REPORT_EVERY_S = 5.0
WORDS = ("killed", "survived", "timeout", "invalid")


@dataclass
class _Board:
    """What the workers share: verdicts so far, and which tests killed lately."""

    verdicts: dict[str, str] = field(default_factory=dict)
    recent: list[int] = field(default_factory=list)
    alone: dict[int, bool] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, identity: str, verdict: str) -> None:
        with self.lock:
            self.verdicts[identity] = verdict

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

    def run(
        self, jobs: Sequence[Job], workers: int, progress: Callable[[int], None]
    ) -> dict[str, str]:
        """Mutant id -> killed, survived, timeout or invalid.

        Raises:
            ProofError: The tests are red on the unbroken copy, or a worker gave up.
        """
        for job in jobs:
            if job.kind == "none":
                self._board.put(job.mutant.id, "survived")
            else:
                self._jobs.put(job)
        self._kinds = frozenset(job.kind for job in jobs if job.kind != "none")
        count = min(workers, self._jobs.qsize())
        threads = [threading.Thread(target=self._work, args=(n,)) for n in range(count)]
        try:
            for thread in threads:
                thread.start()
            self._watch(threads, progress)
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()
        if self._errors:
            raise self._errors[0]
        return self._board.verdicts

    def _watch(self, threads: Sequence[threading.Thread], progress: Callable[[int], None]) -> None:
        told = time.monotonic()
        while any(thread.is_alive() for thread in threads):
            for thread in threads:
                thread.join(timeout=0.05)
            if time.monotonic() - told >= REPORT_EVERY_S:
                told = time.monotonic()
                progress(len(self._board.verdicts))

    def _work(self, number: int) -> None:
        try:
            place = self.scratch / f"tree{number}"
            tree = copy_tree(self._listing, place, stop=self._stop.is_set)
            temp = self.scratch / f"t{number}"
            make = ForkWorker if self.trail.fork else PlainWorker
            with make(tree, self.root, self.files, self.trail, temp) as worker:
                if number == 0:
                    worker.check_unbroken(self._kinds)
                while not self._stop.is_set():
                    try:
                        job = self._jobs.get_nowait()
                    except queue.Empty:
                        return
                    self._board.put(job.mutant.id, self._judge(worker, job))
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


class Worker:
    """Tries mutants on a copy of the tree of its own."""

    def __init__(
        self, tree: Path, root: str, files: Sequence[str], trail: Trail, temp: Path
    ) -> None:
        """Prepare what every request holds."""
        temp.mkdir()
        self.tree, self.trail, self.temp = tree, trail, temp
        self.folder = tree / root
        self.argv = [*trail.python, str(WORKER)]
        self.env = {
            **{name: value for name, value in trail.env.items() if not PLACES.match(name)},
            "TMPDIR": str(temp),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(temp / "hypothesis"),
        }
        self.request: dict[str, Any] = {
            "imports": ["pytest"],
            "pytest_major": PYTEST_MAJOR,
            "overlay": [],
            "preload": list(trail.preload),
            "args": list(files),
        }
        self._number = 0

    def __enter__(self) -> Worker:
        """The worker, ready."""
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Leave nothing running."""

    def unbroken(self) -> Mutant:
        """A mutant that changes nothing."""
        path = next(iter(self.trail.modules))
        source = (self.tree / path).read_text(encoding="utf-8")
        return Mutant("unbroken", path, "", 0, 0, "", source)

    def check_unbroken(self, kinds: frozenset[str]) -> None:
        """The tests are green here before anything is broken.

        Raises:
            ProofError: They are not, so no verdict would mean anything.
        """
        for kind in sorted(kinds):
            reply = self.ask(kind, self.unbroken(), range(len(self.trail.order)))
            if reply["verdict"] != "survived":
                what = reply.get("by") or reply.get("crash") or reply["verdict"]
                raise ProofError(
                    f"the tests are red on an unbroken copy of the tree: {what}",
                    "they need something outside of the tree, or depend on their order",
                )

    def ask(self, kind: str, mutant: Mutant, tests: Sequence[int]) -> dict[str, Any]:
        """The verdict on one mutant, with the test that gave it."""
        raise NotImplementedError

    def job(self, kind: str, mutant: Mutant, tests: Sequence[int]) -> dict[str, Any]:
        """A job as the worker reads it; limits follow from how long the tests took unbroken."""
        self._number += 1
        expected = sum(self.trail.seconds[number] for number in tests)
        start = SESSION_S if kind == "warm" else 0.0
        return {
            "id": mutant.id,
            "kind": kind,
            "path": str(self.tree / mutant.path),
            "source": mutant.source,
            "module": self.trail.modules[mutant.path] if kind == "warm" else "",
            "tests": [self.trail.order[number] for number in tests],
            "cpu_s": CPU_FLOOR_S + start + CPU_FACTOR * expected,
            "wall_s": WALL_FLOOR_S + start + WALL_FACTOR * expected,
            "temp": str(self.temp / str(self._number)),
        }


class ForkWorker(Worker):
    """One process that stays, and forks for each mutant."""

    def __init__(
        self, tree: Path, root: str, files: Sequence[str], trail: Trail, temp: Path
    ) -> None:
        """Start it and let it import what the tests import."""
        super().__init__(tree, root, files, trail, temp)
        self._talk = Conversation(self.argv, cwd=self.folder, env=self.env, log=temp / "worker.log")
        self._talk.send(json.dumps({**self.request, "mode": "serve"}))
        try:
            self._expect("probe", 600)
            self._expect("ready", 600)
        except BaseException:
            self._talk.close(at_once=True)
            raise

    def __exit__(self, *exc_info: object) -> None:
        """End the process and everything below it."""
        self._talk.close()

    def ask(self, kind: str, mutant: Mutant, tests: Sequence[int]) -> dict[str, Any]:
        """The verdict on one mutant, with the test that gave it."""
        job = self.job(kind, mutant, tests)
        self._talk.send(json.dumps(job))
        return self._expect(mutant.id, 3 * job["wall_s"] + 60)

    def _expect(self, what: str, timeout_s: float) -> dict[str, Any]:
        try:
            line = self._talk.receive(timeout_s)
        except TimeoutError:
            line = None
        reply: dict[str, Any] = json.loads(line) if line else {}
        if what not in (reply.get("event"), reply.get("id")):
            raise ProofError(
                "the worker of the kill check ended without an answer: "
                f"{self._talk.last_words() or 'it said nothing'}",
                f"{' '.join(self.trail.python)} -m pytest --version",
            )
        return reply


class PlainWorker(Worker):
    """A new process for each mutant: slower, for systems without fork."""

    def ask(self, kind: str, mutant: Mutant, tests: Sequence[int]) -> dict[str, Any]:
        """The verdict on one mutant, with the test that gave it."""
        job = self.job("warm", mutant, tests)
        Path(job["temp"]).mkdir()
        path = Path(job["path"])
        before = path.read_bytes()
        path.write_bytes(mutant.source.encode())
        try:
            done = run(
                self.argv,
                cwd=self.folder,
                env={**self.env, "TMPDIR": job["temp"]},
                timeout_s=job["wall_s"],
                input_text=json.dumps({**self.request, "mode": "once", "job": job}) + "\n",
            )
        finally:
            path.write_bytes(before)
            shutil.rmtree(job["temp"], ignore_errors=True)
        if done.timed_out:
            return {"verdict": "timeout"}
        lines = done.stdout.splitlines()
        if len(lines) < 2:  # the mutant brought the interpreter down
            return {"verdict": "killed"}
        reply: dict[str, Any] = json.loads(lines[1])
        return reply
