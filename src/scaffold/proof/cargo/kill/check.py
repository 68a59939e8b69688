"""What the kill check asks of cargo: mutants, what a verdict depends on, and verdicts.

Building and running the mutants here, and not in cargo-mutants, gives what it has not: verdicts
kept by content, a sample and a cut that are the same on every machine, one build for most of them
(see `schemata`), and an end of each run at the first red test. What survives in that one program is
built and run once more alone: a test may start programs that do not know of the mutant, and a
survivor is a claim about the tests.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cached_property

from scaffold.errors import ProofError
from scaffold.proof.cargo.circumstances import Circumstances, circumstances
from scaffold.proof.cargo.kill.builds import Judge, SharedBuild, own_builds
from scaffold.proof.cargo.kill.mutants import enumerate_mutants
from scaffold.proof.cargo.suites import Suites, open_suites
from scaffold.proof.mutants import Found, Mutant, MutantVerdict
from scaffold.proof.pool import results
from scaffold.proof.runner import Evidence, Progress, Subject, VerifyOptions

INSTALL = "cargo install --locked cargo-mutants"
WORTH = 3
"""With fewer mutants than this, a build for each takes no longer than one for all."""


class CargoBreaker:
    """The mutants of one subject's targets, and its tests against them, in a copy that is held."""

    suffix = ".rs"

    def __init__(
        self, suites: Suites, subject: Subject, evidence: Evidence, options: VerifyOptions
    ) -> None:
        """Nothing is built yet."""
        self.suites, self.subject, self.options = suites, subject, options
        self.names = suites.owners.own_names(subject, evidence)

    def find(self, targets: Sequence[str]) -> Found:
        """Every mutant of these files."""
        return Found(enumerate_mutants(self.suites, targets))

    def circumstances(self, target: str) -> list[str | bytes]:
        """The tests' names, the compiler, and the sources that the tests are built from."""
        return self._circumstances.without([target])

    @cached_property
    def _circumstances(self) -> Circumstances:
        return circumstances(self.suites, self.subject, self.names)

    def judge(
        self, mutants: Sequence[Mutant], progress: Progress
    ) -> Generator[tuple[Mutant, MutantVerdict], None, None]:
        """Each mutant with its verdict, as they come.

        One at a time by default: cargo itself uses the processors. `--jobs N` tries N at once, in
        copies with target folders of their own where each needs its own build.

        Raises:
            ProofError: The tests are red on an unbroken copy.
        """
        left = list(mutants)
        if len(mutants) >= WORTH:
            for mutant, verdict in self._in_one_program(mutants, progress):
                if verdict is not MutantVerdict.SURVIVED:
                    left.remove(mutant)
                    yield mutant, verdict
        if left:
            progress(f"{len(left)} mutants need a build of their own")

            def start(number: int, stop: threading.Event) -> AbstractContextManager[Judge]:
                suites = self.suites
                if number > 0:
                    copy = suites.copy.beside(number)
                    suites = open_suites(copy, [self.subject], self.options)
                return own_builds(suites, self.names, progress)

            yield from results(left, self.options.jobs or 1, start)

    def _in_one_program(
        self, mutants: Sequence[Mutant], progress: Progress
    ) -> Iterator[tuple[Mutant, MutantVerdict]]:
        with SharedBuild(self.suites, self.names, mutants) as shared:
            build = shared.build(progress)
            if build is None:
                return
            yield from ((mutant, MutantVerdict.UNVIABLE) for mutant in shared.unviable)
            numbers = list(shared.numbers)
            progress(f"{len(numbers)} mutants in one program, built in {shared.seconds:.0f} s")
            try:
                start = shared.workers(build)
            except ProofError as error:
                progress(f"the program with all mutants cannot be used: {error}")
                return
            yield from results(numbers, self.options.jobs or 1, start)
