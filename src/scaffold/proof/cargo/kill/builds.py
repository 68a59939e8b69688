"""How a mutant comes to a verdict: in one program with all others, or in its own build."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from scaffold.errors import ProofError
from scaffold.proof.cargo.build import Build
from scaffold.proof.cargo.kill.row_tests import Names, RowTests
from scaffold.proof.cargo.kill.schemata import VARIABLE, Woven, weave
from scaffold.proof.cargo.suites import Suites
from scaffold.proof.mutants import Mutant, MutantVerdict
from scaffold.proof.runner import Progress
from scaffold.system.reading import read_plain

LEAST_BUILD_S = 300.0
ROUNDS = 8
"""How often the program with all mutants is built without those that the compiler refused."""

Judge = Callable[[Mutant], MutantVerdict]
Start = Callable[[int, threading.Event], AbstractContextManager[Judge]]


class SharedBuild:
    """One program with all mutants in; the copy is as before when this is left."""

    def __init__(self, suites: Suites, names: Names, mutants: Sequence[Mutant]) -> None:
        """Nothing is written yet."""
        self.suites, self.names = suites, names
        self.known = dict(enumerate(mutants, 1))
        self.unviable: list[Mutant] = []
        self.numbers: dict[Mutant, int] = {}
        self.seconds = 0.0
        paths = {mutant.path for mutant in mutants}
        self.texts = {path: read_plain(suites.copy.path / path) for path in paths}

    def __enter__(self) -> SharedBuild:
        """Itself."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Put the files back."""
        for path, text in self.texts.items():
            if read_plain(self.suites.copy.path / path) != text:
                self.suites.copy.write(path, text)

    def build(self, progress: Progress) -> Build | None:
        """The program with every mutant that compiles; nothing where there is none.

        Where the compiler refuses an arm, its mutant is unviable, and the rest is built again.
        An error elsewhere takes the mutants away that may be the reason; they are tried alone.
        """
        left = {n: (m.path, m.source.encode("utf-8")) for n, m in self.known.items()}
        for _ in range(ROUNDS):
            woven = weave(self.texts, left)
            for path, text in self.texts.items():
                self.suites.copy.write(path, woven.sources.get(path, text))
            left = {number: left[number] for number in woven.arms}
            if not left:
                return None
            try:
                build = self.suites.build(list(self.names), progress)
            except ProofError:
                return None  # constants that never come to an end
            self.seconds += build.seconds
            if not build.failed:
                self.numbers = {self.known[number]: number for number in left}
                return build
            left = self._without(woven, left, build)
        return None

    def workers(
        self, build: Build
    ) -> Callable[[int, threading.Event], AbstractContextManager[Judge]]:
        """Workers for a program with all mutants.

        Raises:
            ProofError: The tests are red on it though none of them is chosen.
        """
        first = RowTests(self.suites, self.names)
        first.begin(build.programs)

        @contextmanager
        def start(number: int, stop: threading.Event) -> Iterator[Judge]:
            tests = RowTests(self.suites, self.names, f"tests-{number}.log")
            tests.test_s = first.test_s
            yield lambda m: tests.verdict(build.programs, {VARIABLE: str(self.numbers[m])})
            tests.confirm(lambda: build.programs)

        return start

    def _without(
        self, woven: Woven, left: dict[int, tuple[str, bytes]], build: Build
    ) -> dict[int, tuple[str, bytes]]:
        """What is left to weave after a build that failed."""
        places = [(self.suites.in_checkout(error.file), error.line) for error in build.errors]
        refused = {number for place in places for number in woven.refused(*place)}
        gone = refused or {number for place in places for number in woven.disturbed(*place)}
        self.unviable += [self.known[number] for number in sorted(refused)]
        return {number: mutant for number, mutant in left.items() if number not in gone}


@contextmanager
def own_builds(suites: Suites, names: Names, progress: Progress) -> Iterator[Judge]:
    """What builds and tries one mutant after the other in one copy of the tree.

    First the unbroken tree is built and run; the time limits follow from it. At the end the tests
    that killed are run alone on it.

    Raises:
        ProofError: The tests are red on the unbroken tree.
    """
    build = suites.build(list(names), progress)
    if build.failed:
        raise ProofError(
            f"the unbroken copy does not build: {build.errors[0].sentence()}",
            suites.command(list(names), ["--no-run"]),
        )
    tests = RowTests(suites, names)
    tests.begin(build.programs)
    cargo = replace(suites.cargo, timeout_s=max(LEAST_BUILD_S, 5 * build.seconds))

    def verdict() -> MutantVerdict:
        try:
            mutated = cargo.build(list(names), suites.workspace.packages, lambda _: None)
        except ProofError:
            return MutantVerdict.UNVIABLE  # constants that never come to an end
        return MutantVerdict.UNVIABLE if mutated.failed else tests.verdict(mutated.programs, {})

    def judge(mutant: Mutant) -> MutantVerdict:
        before = read_plain(suites.copy.path / mutant.path)
        suites.copy.write(mutant.path, mutant.source.encode("utf-8"))
        try:
            return verdict()
        finally:
            suites.copy.write(mutant.path, before)

    yield judge
    tests.confirm(lambda: suites.build(list(names), lambda _: None).programs)
