"""What proves a gap's tests, one runner a test tool, all with one Protocol."""

from __future__ import annotations

import importlib
import os
import shlex
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, cast

from scaffold.checkout.state import EditRecord
from scaffold.errors import KitError
from scaffold.kit.catalog import Need, RunSpec, Twin
from scaffold.kit.defects import Defect, Looked
from scaffold.languages import Tool
from scaffold.proof import RUNNERS
from scaffold.proof.mutants import Found, Mutant, MutantVerdict

Progress = Callable[[str], None]


@dataclass(frozen=True)
class SubjectTarget:
    """A file under test as this checkout has it, with its bars."""

    name: str
    path: str
    module: str
    line_pct: float | None = None
    kill_pct: float | None = None


@dataclass(frozen=True)
class Subject:
    """What is to be proved: one gap as it was generated into a checkout.

    Attributes:
        slug: The gap.
        checkout: The root of the tree.
        run: Runner, its folder and the suites beside.
        files: The generated files, POSIX paths relative to the checkout.
        targets: The files under test.
        twins: Mutants known to survive, with the reason.
        defects: Known defects, and what their mends find in the checkout.
        needs: What the machine must have beside the runner's tools.
        deleted: Generated files that a person deleted since.
        others: Files that other gaps generated here: no part of the baseline.
        digests: Files that the proof is of, as they are now: path -> fingerprint.
        declared_todos: Tests that the template itself leaves to a person: path -> names.
        stubs: It was written as stubs, at least in part: `new` writes what is a todo.
        parts: The parts of the gap that it holds; none where the gap has no parts.
        parts_left: The others: not written, or not asked for.
        owners: Generated file -> the part that writes it.
        origin: The checkout of which `checkout` is a copy; `None` where it is not a copy.
        edits: What it put into files of a person, but for what another gap put there as well.
        moved: Files of the checkout that it moved: path -> new place.
        removed: Files of the checkout that it deleted, with the fingerprints that they had.
    """

    slug: str
    checkout: Path
    run: RunSpec
    files: tuple[str, ...]
    targets: tuple[SubjectTarget, ...]
    twins: tuple[Twin, ...] = ()
    defects: tuple[tuple[Defect, Looked], ...] = ()
    needs: tuple[Need, ...] = ()
    deleted: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    declared_todos: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stubs: bool = False
    parts: tuple[str, ...] = ()
    parts_left: tuple[str, ...] = ()
    owners: Mapping[str, str] = field(default_factory=dict)
    origin: Path | None = None
    edits: tuple[EditRecord, ...] = ()
    moved: Mapping[str, str] = field(default_factory=dict)
    removed: Mapping[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """The checkout as a person knows it: where environments lie."""
        return self.origin or self.checkout


@dataclass(frozen=True)
class VerifyOptions:
    """What a proof takes in, how much it may take, and where its verdicts are kept.

    Attributes:
        mutants: How many to try, "all", or `None` for no kill check.
        mends: Whether each known defect is mended, to see which tests turn.
        defects: Only these are mended; empty for all.
        before: Whether the checkout's own tests are measured on the targets too.
        shard: (number from 1, count): try this cut only.
        jobs: How many mutants are tried at once; 0 is what suits the tool: with pytest one a
            processor, with cargo, which uses all processors itself, one.
        python: The interpreter that a person named.
        timeout_s: For the sessions before the kill check; its own timeouts follow from them.
        cache_dir: Folder of earlier verdicts; `None` neither reads nor writes one.
        coverage: Whether lines are measured where that takes another build.
        rules: Whether the checkout's own rules are run; `None` runs those that can be, and with
            True one whose program cannot be had is an error.
    """

    mutants: int | Literal["all"] | None = None
    mends: bool = False
    defects: tuple[str, ...] = ()
    before: bool = False
    shard: tuple[int, int] | None = None
    jobs: int = 0
    python: str | None = None
    timeout_s: float = 1800.0
    cache_dir: Path | None = None
    coverage: bool = True
    rules: bool | None = None

    @property
    def workers(self) -> int:
        """How many processes work at once where each uses one processor."""
        return self.jobs or os.cpu_count() or 1


@dataclass(frozen=True)
class TestResult:
    """One test: passed, failed, error, skipped, xfailed or xpassed, and why.

    Attributes:
        strict: The known defect is strict: the test fails as soon as the target is right.
        path: The generated file that it is of; empty where it is of none, or of several.
        part: The part of the gap that writes this file; empty where the gap has no parts.
    """

    __test__ = False

    id: str
    outcome: str
    message: str = ""
    seconds: float = 0.0
    strict: bool = False
    path: str = ""
    part: str = ""


@dataclass(frozen=True)
class Session:
    """One run of suites: every result, and what a person types to see the same."""

    tests: tuple[TestResult, ...]
    seconds: float
    command: str

    @property
    def red(self) -> tuple[TestResult, ...]:
        """The tests that are neither passed, nor skipped, nor known to fail."""
        return tuple(t for t in self.tests if t.outcome in ("failed", "error", "xpassed"))


@dataclass(frozen=True)
class Evidence:
    """What running showed of one subject.

    Attributes:
        baseline: The suites that were there before, without the generated tests.
        generated: The generated tests alone.
        coverage: Target path -> line coverage in percent, by the generated tests alone.
        missing: Target path -> first lines of the statements that they did not run.
        trail: What the same runner's kill check reuses; nobody else looks into it.
    """

    baseline: Session
    generated: Session
    coverage: Mapping[str, float] = field(default_factory=dict)
    missing: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    trail: object = None


@dataclass(frozen=True)
class Survivor:
    """A fault that no test noticed; `reason` is why, where the kit knows.

    One that is `equivalent` behaves as the original, and counts neither way.
    """

    file: str
    line: int
    operator: str
    change: str
    reason: str = ""
    equivalent: bool = False


@dataclass(frozen=True)
class Kills:
    """The result of a kill check.

    Attributes:
        invalid: Unviable mutants: no build, or an import alone kills them.
        survivors: Mutants that no test noticed.
        timeouts: Killed because they never ended.
        cached: How many verdicts were known from before.
        by_target: Target path -> mutants that a test noticed, and those that could be.
        annotations: Mutants left out since nothing reads the annotations that they change.
        equal_code: Mutants left out since their compiled code is equal to the original's.
    """

    invalid: int = 0
    survivors: tuple[Survivor, ...] = ()
    timeouts: int = 0
    cached: int = 0
    by_target: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    annotations: int = 0
    equal_code: int = 0

    @property
    def killed(self) -> int:
        """Mutants of all targets that a test noticed."""
        return sum(killed for killed, _ in self.by_target.values())

    @property
    def viable(self) -> int:
        """Mutants of all targets that could be noticed."""
        return sum(viable for _, viable in self.by_target.values())


class Breaker(Protocol):
    """What a tool gives to the kill check of one subject."""

    @property
    def suffix(self) -> str | tuple[str, ...]:
        """How the names of the files end that it can break."""
        ...

    def find(self, targets: Sequence[str]) -> Found:
        """Every mutant of these files."""
        ...

    def circumstances(self, target: str) -> Iterable[str | bytes]:
        """All that a verdict on a mutant of the target depends on, but the mutant's own source."""
        ...

    def judge(
        self, mutants: Sequence[Mutant], progress: Progress
    ) -> Generator[tuple[Mutant, MutantVerdict], None, None]:
        """Each mutant with its verdict, as they come.

        Raises:
            ProofError: The tests are red on an unbroken copy.
        """
        ...


class Runner(Protocol):
    """A test tool."""

    tools: tuple[Tool, ...]
    """Programs that it starts; `doctor` looks for them."""

    def at_hand(self, subject: Subject, options: VerifyOptions) -> str:
        """What `verify` would try first, in words; it is looked at and not started.

        Raises:
            MissingToolError: There is nothing to try; the hint makes it.
        """
        ...

    def environment(self, subject: Subject, options: VerifyOptions) -> str:
        """What would run the tests, in words; it is started and asked.

        Raises:
            MissingToolError: No environment fits; the hint makes one.
        """
        ...

    def typed(self, root: Path, run: RunSpec, files: Sequence[str]) -> str:
        """What a person types at the top of the checkout to run these test files."""
        ...

    def examine(
        self, subjects: Sequence[Subject], options: VerifyOptions, progress: Progress
    ) -> list[Evidence]:
        """Baseline, generated tests and coverage of subjects that share checkout and folder.

        Raises:
            MissingToolError: No environment fits; the hint makes one.
            ProofError: The tests did not come to an end.
        """
        ...

    def breaker(
        self, subject: Subject, evidence: Evidence, options: VerifyOptions, progress: Progress
    ) -> AbstractContextManager[Breaker]:
        """What the kill check asks for mutants and verdicts, while it is held.

        Raises:
            MissingToolError: What makes the mutants is missing.
        """
        ...

    def rerun(
        self,
        subject: Subject,
        evidence: Evidence,
        changes: Sequence[Mapping[str, str]],
        options: VerifyOptions,
        progress: Progress,
    ) -> Iterator[tuple[int, Evidence]]:
        """The number of each change with what the tests did on a copy that has it, as they come.

        Args:
            subject: What is to be proved.
            evidence: What its tests, and the suites beside, did in the checkout.
            changes: Path -> text, for each run; an empty one changes nothing.
            options: How many may run at once, and which environment.
            progress: Gets a line now and then.

        Raises:
            ProofError: The tests do not run the copy.
        """
        ...


def in_folder(folder: str) -> str:
    """What a person types first to run a command in a folder of the checkout."""
    return "" if folder in ("", ".") else f"cd {shlex.quote(folder)} && "


def percent(part: int, whole: int) -> float:
    """A share in percent to one digit; 100 only where nothing is missing."""
    if part == whole:
        return 100.0 if whole else 0.0
    return min(round(100 * part / whole, 1), 99.9)


def load_runner(name: str) -> Runner:
    """The runner of that name.

    Raises:
        KitError: There is none.
    """
    place = RUNNERS.get(name)
    if place is None:
        raise KitError(
            f"there is no runner '{name}'; there is {', '.join(sorted(RUNNERS))}",
            "scaffold kit format",
        )
    module, attribute = place.split(":")
    return cast(Runner, getattr(importlib.import_module(module), attribute)())
