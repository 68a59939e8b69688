"""What the kill check asks of pytest: mutants, what a verdict depends on, and verdicts."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from scaffold.errors import ProofError
from scaffold.languages.symbols import decoded
from scaffold.proof.git_copy import heads_of
from scaffold.proof.mutants import Found, Mutant, MutantVerdict
from scaffold.proof.pool import results
from scaffold.proof.pytest.kill.equivalence import READERS
from scaffold.proof.pytest.kill.jobs import Job, plan_jobs
from scaffold.proof.pytest.kill.mutants import find_mutants
from scaffold.proof.pytest.kill.worker import Place, Worker
from scaffold.proof.pytest.trail import Trail
from scaffold.proof.runner import Progress, Subject, VerifyOptions
from scaffold.proof.tree_copy import copy_tree, digests_of, list_tree, remove_tree
from scaffold.system.reading import read_plain
from scaffold.system.scratch import make

RECENT = 12
"""How many of the tests that killed lately are run first."""
VOLATILE = frozenset(
    {"TMPDIR", "HYPOTHESIS_STORAGE_DIRECTORY", "PWD", "OLDPWD", "SHLVL", "_", "WINDOWID", "TMUX"}
    | {"SSH_AUTH_SOCK", "SSH_AGENT_PID", "GPG_TTY", "XDG_SESSION_ID", "INVOCATION_ID"}
    | {"DBUS_SESSION_BUS_ADDRESS", "JOURNAL_STREAM", "TMUX_PANE", "STY", "TERM_SESSION_ID"}
)
"""Variables that differ from one shell to the next, or are ours for each run."""


class PytestBreaker:
    """The mutants of one subject's targets, and its tests against them."""

    suffix = ".py"

    def __init__(
        self, subject: Subject, files: Sequence[str], trail: Trail, options: VerifyOptions
    ) -> None:
        """Nothing is started yet.

        Args:
            subject: What is to be proved.
            files: The test files, relative to the folder of the run.
            trail: What the tests did on the unbroken tree.
            options: How many processes may work at once.
        """
        self.subject, self.files, self.trail, self.options = subject, files, trail, options
        self.listing = list_tree(subject.checkout)

    def find(self, targets: Sequence[str]) -> Found:
        """Every mutant of these files."""
        read = self._annotations_read()
        each = [find_mutants(p, self._source(p), annotations_read=read) for p in targets]
        return Found(
            [mutant for found in each for mutant in found.mutants],
            [mutant for found in each for mutant in found.annotations],
            [mutant for found in each for mutant in found.equal_code],
        )

    def circumstances(self, target: str) -> list[str | bytes]:
        """The whole tree that is copied, since a test may look at any of it, and all else.

        That is the interpreter, what is installed and the modules that were loaded; the
        environment; and our own code.
        """
        trail = self.trail
        parts: list[str | bytes] = [target, trail.version, trail.facts]
        parts += [*sorted(trail.order), own_code()]
        for path, digest in self._digests.items():
            if path != target:
                parts += [os.fsencode(path), digest]
        for name, value in sorted(trail.env.items()):
            if name not in VOLATILE:
                parts.append(os.fsencode(f"{name}={value}"))
        if trail.spawning or any(".git" in path.parts for path in trail.read):
            parts += heads_of(self.listing.root)
        return parts

    @cached_property
    def _digests(self) -> dict[str, bytes]:
        """What each file of the tree holds, in the order of their paths."""
        return dict(sorted(digests_of(self.listing).items()))

    def judge(
        self, mutants: Sequence[Mutant], progress: Progress
    ) -> Generator[tuple[Mutant, MutantVerdict], None, None]:
        """Each mutant with its verdict, by workers on copies of the tree.

        Raises:
            ProofError: The tests are red on the unbroken copy, or a worker gave up.
        """
        sources = {path: self._source(path) for path in {mutant.path for mutant in mutants}}
        jobs = plan_jobs(mutants, sources, self.trail)
        todo = [job for job in jobs if job.kind != "none"]
        yield from ((j.mutant, MutantVerdict.SURVIVED) for j in jobs if j.kind == "none")
        scratch = make("kill")
        try:
            crew = _Workers(self, scratch, frozenset(str(job.kind) for job in todo))
            for job, verdict in results(todo, self.options.workers, crew.start):
                yield job.mutant, verdict
        finally:
            remove_tree(scratch)

    def _source(self, path: str) -> str:
        return decoded(path, read_plain(self.subject.checkout / path))

    def _annotations_read(self) -> bool:
        """Whether anything in the checkout may look at annotations when it runs."""
        root, files = self.listing.root, self.listing.files
        try:
            return any(READERS.search(read_plain(root / p)) for p in files if p.endswith(".py"))
        except OSError:
            return True


def own_code() -> bytes:
    """A hash of the code that judges, the worker's included."""
    files = sorted(Path(__file__).parents[1].rglob("*.py"))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).digest()


@contextmanager
def worker_on_copy(
    breaker: PytestBreaker, scratch: Path, number: int, stop: threading.Event
) -> Iterator[Worker]:
    """A worker that has a copy of the tree for itself, below a folder of the check."""
    listing = breaker.listing
    tree = copy_tree(listing, scratch / f"tree{number}", stop=stop.is_set)
    place = Place(listing, tree, breaker.subject.run.root, scratch / f"t{number}", stop)
    with Worker(place, breaker.files, breaker.trail) as worker:
        yield worker


class _Workers:
    """What the workers of one check share: which tests killed lately, and which stand alone."""

    def __init__(self, breaker: PytestBreaker, scratch: Path, kinds: frozenset[str]) -> None:
        self.breaker, self.scratch, self.kinds = breaker, scratch, kinds
        self.recent: list[int] = []
        self.alone: dict[int, bool] = {}
        self.lock = threading.Lock()

    @contextmanager
    def start(self, number: int, stop: threading.Event) -> Iterator[Callable[[Job], MutantVerdict]]:
        """A worker on its own copy; the first one sees that the tests are green there."""
        with worker_on_copy(self.breaker, self.scratch, number, stop) as worker:
            worker.learn_imports()
            if number == 0:
                worker.check_unbroken(self.kinds)
            yield lambda job: self._judge(worker, job)

    def _judge(self, worker: Worker, job: Job) -> MutantVerdict:
        kind, order = str(job.kind), self.breaker.trail.order
        reply = worker.ask(kind, job.mutant, self._ordered(job.tests))
        if reply["verdict"] == "cold":
            kind = "warm"
            reply = worker.ask(kind, job.mutant, self._ordered(job.tests))
        if reply["verdict"] == MutantVerdict.SURVIVED and job.rest:
            reply = worker.ask(kind, job.mutant, self._ordered(job.rest))
        by = reply.get("by")
        if by in order:
            if self._stands_alone(worker, order.index(by)):
                self._remember(order.index(by))
            else:
                reply = worker.ask("warm", job.mutant, range(len(order)))
        try:
            return MutantVerdict(reply["verdict"])
        except ValueError:
            raise ProofError(f"the kill check's worker answered '{reply['verdict']}'") from None

    def _stands_alone(self, worker: Worker, number: int) -> bool:
        """Whether a test is green without those before it; else its red may be no kill."""
        if number not in self.alone:
            reply = worker.ask("hot", worker.unbroken(), [number])
            self.alone[number] = reply["verdict"] == MutantVerdict.SURVIVED
        return self.alone[number]

    def _remember(self, number: int) -> None:
        with self.lock:
            self.recent = [number, *(n for n in self.recent if n != number)][:RECENT]

    def _ordered(self, tests: Sequence[int]) -> list[int]:
        recent = self.recent
        first = [number for number in recent if number in tests]
        return [*first, *(number for number in tests if number not in first)]
