"""How a mutant comes to a verdict: in one program with all others, or in a build of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from scaffold.errors import ProofError
from scaffold.proof.cargo.bench import Bench
from scaffold.proof.cargo.build import Build
from scaffold.proof.cargo.schemata import VARIABLE, Woven, weave
from scaffold.proof.cargo.trial import RustMutant, Trial
from scaffold.proof.cargo.workspace import Suite
from scaffold.proof.runner import Progress

LEAST_BUILD_S = 300.0
ROUNDS = 8
"""How often the program with all mutants is built without those that the compiler refused."""

Try = Callable[[RustMutant], str]
Start = Callable[[int], tuple[Try, Callable[[], None]]]
"""Of a worker's number: what tries a mutant, and what is done at the end."""


class Schemata:
    """One program with all mutants in; the copy is as before when this is left."""

    def __init__(
        self, bench: Bench, names: dict[Suite, list[str]], mutants: Sequence[RustMutant]
    ) -> None:
        """Nothing is written yet."""
        self.bench, self.names = bench, names
        self.known = dict(enumerate(mutants, 1))
        self.invalid: list[RustMutant] = []
        self.numbers: dict[RustMutant, int] = {}
        self.seconds = 0.0
        paths = {mutant.path for mutant in mutants}
        self.texts = {path: (bench.tree.path / path).read_bytes() for path in paths}

    def __enter__(self) -> Schemata:
        """Itself."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Put the files back."""
        for path, text in self.texts.items():
            if (self.bench.tree.path / path).read_bytes() != text:
                self.bench.tree.write(path, text)

    def build(self, progress: Progress) -> Build | None:
        """The program with every mutant that compiles; nothing where there is none.

        Where the compiler refuses an arm, its mutant is no program, and the rest is built again.
        An error elsewhere takes the mutants away that may be the reason; they are tried alone.
        """
        left = {n: (m.path, m.source.encode("utf-8")) for n, m in self.known.items()}
        for _ in range(ROUNDS):
            woven = weave(self.texts, left)
            for path, text in self.texts.items():
                self.bench.tree.write(path, woven.sources.get(path, text))
            left = {number: left[number] for number in woven.arms}
            if not left:
                return None
            try:
                build = self.bench.build(list(self.names), progress)
            except ProofError:
                return None  # constants that never come to an end
            self.seconds += build.seconds
            if not build.failed:
                self.numbers = {self.known[number]: number for number in left}
                return build
            left = self._without(woven, left, build)
        return None

    def workers(self, build: Build) -> Start:
        """Workers for a program with all mutants.

        Raises:
            ProofError: The tests are red on it though none of them is chosen.
        """
        first = Trial(self.bench, self.names)
        first.begin(build.programs)

        def start(number: int) -> tuple[Try, Callable[[], None]]:
            trial = Trial(self.bench, self.names, f"trial-{number}.log")
            trial.test_s = first.test_s

            def verdict(mutant: RustMutant) -> str:
                return trial.verdict(build.programs, {VARIABLE: str(self.numbers[mutant])})

            return verdict, lambda: trial.confirm(lambda: build.programs)

        return start

    def _without(
        self, woven: Woven, left: dict[int, tuple[str, bytes]], build: Build
    ) -> dict[int, tuple[str, bytes]]:
        """What is left to weave after a build that failed."""
        places = [(self.bench.in_checkout(error.file), error.line) for error in build.errors]
        invalid = {number for place in places for number in woven.invalid(*place)}
        gone = invalid or {number for place in places for number in woven.disturbed(*place)}
        self.invalid += [self.known[number] for number in sorted(invalid)]
        return {number: mutant for number, mutant in left.items() if number not in gone}


class Worker:
    """One copy of the tree, in which one mutant after the other is built and tried."""

    def __init__(self, bench: Bench, names: dict[Suite, list[str]]) -> None:
        """Nothing is built yet."""
        self.bench, self.names = bench, names
        self.trial = Trial(bench, names)
        self.build_s = LEAST_BUILD_S

    def prepare(self, progress: Progress) -> None:
        """Build and run the unbroken tree; the time limits follow from it.

        Raises:
            ProofError: The tests are red on it.
        """
        build = self.bench.build(list(self.names), progress)
        if build.failed:
            raise ProofError("the unbroken copy does not build", build.errors[0].sentence())
        self.trial.begin(build.programs)
        self.build_s = max(LEAST_BUILD_S, 5 * build.seconds)

    def confirm(self) -> None:
        """See that what killed is green on the unbroken tree.

        Raises:
            ProofError: It is not.
        """
        self.trial.confirm(lambda: self.bench.build(list(self.names), lambda _: None).programs)

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
            build = cargo.build(list(self.names), packages, lambda _: None)
        except ProofError:
            return "invalid"  # constants that never come to an end
        return "invalid" if build.failed else self.trial.verdict(build.programs)
