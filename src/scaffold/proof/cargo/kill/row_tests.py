"""A row's tests against one mutant: the tests that killed before are run first, in milliseconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from scaffold.errors import ProofError
from scaffold.proof.cargo.build import Cargo, Program
from scaffold.proof.cargo.suites import Suites
from scaffold.proof.cargo.workspace import Suite
from scaffold.proof.mutants import MutantVerdict

LEAST_TEST_S = 20.0
KILLERS = 16


Names = dict[Suite, list[str]]
"""The tests of a row, by suite."""


class RowTests:
    """The tests of a row, the time that they may take, and which of them killed mutants before."""

    def __init__(
        self, suites: Suites, names: dict[Suite, list[str]], log: str = "tests.log"
    ) -> None:
        """Nothing is run yet."""
        self.suites, self.names = suites, names
        self.cargo = replace(suites.cargo, log=suites.copy.folder / log)
        self.test_s = LEAST_TEST_S
        self.killers: dict[Suite, list[str]] = {suite: [] for suite in names}

    def begin(self, programs: Sequence[Program]) -> None:
        """Run all tests on the unbroken code; the time limit follows from it.

        Raises:
            ProofError: They are red on it.
        """
        began = time.monotonic()
        for program in programs:
            args = ["--include-ignored", "--exact", *self.names[program.suite]]
            output = self.cargo.run(program, args, timeout_s=self.cargo.timeout_s)
            if output.ended != "ok":
                red = [name for name, word in output.words.items() if word == "FAILED"]
                raise ProofError(
                    f"red on an unbroken copy: {', '.join(red) or program.suite.label('*')}",
                    f"scaffold verify {self.suites.owners.subjects[0].slug}",
                )
        self.test_s = max(LEAST_TEST_S, 5 * (time.monotonic() - began))

    def confirm(self, programs: Callable[[], Sequence[Program]]) -> None:
        """See that the tests that were run first are green on the unbroken code without the others.

        Raises:
            ProofError: One is not, so that what it killed means nothing.
        """
        if not any(self.killers.values()):
            return
        for program in programs():
            names = self.killers[program.suite][:]
            if names and self._run(self.cargo, program, names) is not MutantVerdict.SURVIVED:
                raise ProofError(
                    f"red on an unbroken copy without the others: {self.killers[program.suite][0]}",
                    f"scaffold verify {self.suites.owners.subjects[0].slug}",
                )

    def verdict(self, programs: Sequence[Program], env: Mapping[str, str]) -> MutantVerdict:
        """Whether these programs are red: killed, timeout or survived."""
        cargo = replace(self.cargo, env={**self.cargo.env, **env})
        for program in programs:
            first = self.killers[program.suite][:KILLERS]
            rest = [name for name in self.names[program.suite] if name not in first]
            for names in filter(None, [first, rest]):
                verdict = self._run(cargo, program, names)
                if verdict is not MutantVerdict.SURVIVED:
                    return verdict
        return MutantVerdict.SURVIVED

    def _run(self, cargo: Cargo, program: Program, names: Sequence[str]) -> MutantVerdict:
        output = cargo.run(
            program,
            ["--include-ignored", "--exact", *names],
            timeout_s=self.test_s,
            watch=lambda word: word != "FAILED",
        )
        if output.late:
            return MutantVerdict.TIMEOUT
        if output.ended == "ok":
            return MutantVerdict.SURVIVED
        red = [name for name, word in output.words.items() if word == "FAILED"]
        known = self.killers[program.suite]
        known[:] = [*red, *(name for name in known if name not in red)]
        return MutantVerdict.KILLED
