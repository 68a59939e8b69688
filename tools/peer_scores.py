"""The score of one contender: which mutants its tests kill, once what is red is dropped."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scaffold.errors import ProofError
from scaffold.kit.catalog import RunSpec
from scaffold.proof.kill_check import NOTICED, Judged, judged, targets_of
from scaffold.proof.mutants import MutantVerdict
from scaffold.proof.pytest.kill.check import PytestBreaker
from scaffold.proof.pytest.runner import test_args
from scaffold.proof.pytest.trail import Trail
from scaffold.proof.runner import (
    Evidence,
    Progress,
    Subject,
    SubjectTarget,
    VerifyOptions,
    load_runner,
)

NO_TRAIL = Trail((), (), {}, frozenset(), (), {}, "", (), {}, ())
"""Of no tests."""
RED_ON_A_COPY = re.compile(r"red on an unbroken copy of the tree: (\S+\.py(?:::.+)?)$")


@dataclass(frozen=True)
class Part:
    """Test files, with what they need, and the file under test that they are held against.

    One file, so that a sample of its mutants is the same for everybody.
    """

    files: tuple[str, ...]
    target: SubjectTarget


@dataclass(frozen=True)
class Contender:
    """Tests in a copy of the tree.

    Attributes:
        name: Whose they are.
        tree: The copy.
        parts: One for each target; paths are POSIX, relative.
        notes: Module -> what is told of how its tests were made (`file`, where it has its own).
    """

    name: str
    tree: Path
    parts: tuple[Part, ...]
    notes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Score:
    """What a contender's tests do.

    Attributes:
        mutants: Target path -> ids of its mutants.
        killed: Ids of those that a test noticed.
        invalid: Ids of those that an import alone kills.
        tests: Target path -> how many tests run a line of it.
        dropped: Names of the tests that were red before anything was broken.
        notes: Those of the contender.
    """

    mutants: Mapping[str, frozenset[str]]
    killed: frozenset[str]
    invalid: frozenset[str]
    tests: Mapping[str, int]
    dropped: tuple[str, ...]
    notes: Mapping[str, Mapping[str, Any]]

    def told(self, target: SubjectTarget) -> dict[str, Any]:
        """What is told of a module beside the kills."""
        note = dict(self.notes.get(target.module, {}))
        if "file" in note:
            file = note.pop("file")
            note["dropped"] = sum(name.split("::")[0] == file for name in self.dropped)
        return {"tests": self.tests[target.path], **note}


def score(contender: Contender, root: str, options: VerifyOptions, progress: Progress) -> Score:
    """The contender's tests against every chosen mutant of the targets.

    Raises:
        MissingToolError: The interpreter lacks what the tests import.
        ProofError: The tests do not come to an end.
    """
    whole = Score({}, frozenset(), frozenset(), {}, (), contender.notes)
    for part in contender.parts:
        run = RunSpec("pytest", root, ())
        name = f"{contender.name}, {part.target.name}"
        # An earlier part may have dropped a file that several share.
        files = tuple(file for file in part.files if (contender.tree / file).is_file())
        subject = Subject(name, contender.tree, run, files, (part.target,))
        whole = joined(whole, score_part(subject, options, progress))
    return whole


def score_part(subject: Subject, options: VerifyOptions, progress: Progress) -> Score:
    """The score of what is run together."""
    dropped: list[str] = []
    while True:
        subject, trail = green(subject, options, dropped, progress)
        if trail is None:
            return counted(subject.targets, all_survived(subject, options), None, dropped)
        try:
            breaker = PytestBreaker(subject, test_args(subject), trail, options)
            verdicts = judged(subject, breaker, options, progress)
        except ProofError as error:
            red = RED_ON_A_COPY.search(error.fact)
            if red is None:
                raise
            subject = without(subject, [red[1]], dropped, progress)
        else:
            return counted(subject.targets, verdicts, trail, dropped)


def all_survived(subject: Subject, options: VerifyOptions) -> Judged:
    """What there is to say where no test is left."""
    breaker = PytestBreaker(subject, (), NO_TRAIL, options)
    found = breaker.find(targets_of(subject, breaker.suffix))
    found = found.chosen(options.mutants, options.shard)
    return Judged(found, {mutant.id: MutantVerdict.SURVIVED for mutant in found.mutants})


def joined(one: Score, other: Score) -> Score:
    """Both together; the notes are those of the first."""
    return Score(
        {**one.mutants, **other.mutants},
        one.killed | other.killed,
        one.invalid | other.invalid,
        {**one.tests, **other.tests},
        (*one.dropped, *other.dropped),
        one.notes,
    )


def green(
    subject: Subject, options: VerifyOptions, dropped: list[str], progress: Progress
) -> tuple[Subject, Trail | None]:
    """The subject without what is red on the unbroken tree, and what the rest of it runs."""
    while test_args(subject):
        evidence = examined(subject, options, progress)
        red = [test.id for test in evidence.generated.red]
        if not red:
            assert isinstance(evidence.trail, Trail)
            return subject, evidence.trail
        subject = without(subject, red, dropped, progress)
    return subject, None


def examined(subject: Subject, options: VerifyOptions, progress: Progress) -> Evidence:
    """One run on the unbroken tree."""
    return load_runner(subject.run.runner).examine([subject], options, progress)[0]


def without(
    subject: Subject, red: Sequence[str], dropped: list[str], progress: Progress
) -> Subject:
    """The subject without these tests; a file that is left without one goes as well."""
    folder = subject.checkout / subject.run.root
    gone = set()
    for file in sorted({name.split("::")[0] for name in red}):
        path = folder / file
        own = [name for name in red if name.startswith(f"{file}::")]
        names = {name.split("[")[0].removeprefix(f"{file}::") for name in own}
        rest = remove_tests(path.read_text(encoding="utf-8"), names) if names else ""
        if rest:
            path.write_text(rest, encoding="utf-8")
        else:
            path.unlink()
            gone.add(path.relative_to(subject.checkout).as_posix())
    dropped += red
    progress(f"{subject.slug}: dropped {len(red)} that are red on the unbroken tree")
    return replace(subject, files=tuple(name for name in subject.files if name not in gone))


def remove_tests(source: str, names: Collection[str]) -> str:
    """The source without these tests (`test_a`, `TestClass::test_b`); empty where none is left."""
    tree = ast.parse(source)
    found = dict(tests_in(tree))
    lines = source.splitlines(keepends=True)
    for name in names & found.keys():
        node = found[name]
        first = min([node.lineno, *(item.lineno for item in node.decorator_list)])
        last = node.end_lineno or node.lineno
        # A class must not be left without a body.
        blank = [" " * node.col_offset + "pass\n"] if "::" in name else ["\n"]
        lines[first - 1 : last] = [*blank, *["\n"] * (last - first)]
    return "".join(lines) if found.keys() - set(names) else ""


def tests_in(tree: ast.Module) -> list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Name -> definition of every test of a file."""
    found = []
    for node in tree.body:
        owner = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        for item in node.body if isinstance(node, ast.ClassDef) else [node]:
            if not isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if item.name.startswith("test"):
                found.append((f"{owner}{item.name}", item))
    return found


def counted(
    targets: Sequence[SubjectTarget],
    verdicts: Judged,
    trail: Trail | None,
    dropped: Sequence[str],
) -> Score:
    """The verdicts as a score."""
    words = verdicts.verdicts
    return Score(
        mutants={
            target.path: frozenset(m.id for m in verdicts.found.mutants if m.path == target.path)
            for target in targets
        },
        killed=frozenset(name for name, word in words.items() if word in NOTICED),
        invalid=frozenset(name for name, word in words.items() if word is MutantVerdict.UNVIABLE),
        tests={target.path: len(runners_of(trail, target.path)) for target in targets},
        dropped=tuple(dropped),
        notes={},
    )


def runners_of(trail: Trail | None, path: str) -> set[int]:
    """Numbers of the tests that run a line of the target, imports left out."""
    lines = trail.lines.get(path, {}) if trail is not None else {}
    return {number for everybody in lines.values() for number in everybody if number >= 0}
