"""The proof tool of the example: it evaluates the checks, in this process."""

from __future__ import annotations

import re
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tally_language import lines_of, suite_files

from scaffold.kit.catalog import RunSpec
from scaffold.languages import Tool
from scaffold.proof.mutants import Found, Mutant, MutantVerdict, identity
from scaffold.proof.runner import (
    Evidence,
    Progress,
    Session,
    Subject,
    TestResult,
    VerifyOptions,
    percent,
)

NAME = re.compile(r"[A-Za-z_]\w*")
CALL = re.compile(r"(\w+)\(([^()]*)\)")
Functions = dict[str, tuple[int, list[str], str]]
"""Name -> line, parameters, body."""


def functions_of(path: str, source: str) -> Functions:
    """The functions of a `.tally` file."""
    return {
        found["name"]: (number, NAME.findall(found["params"]), found["body"])
        for number, found in lines_of(path, source.encode())
        if found["name"]
    }


def value(text: str, functions: Functions, ran: set[str]) -> int:
    """What an expression comes to; `ran` gets the functions that it called.

    Raises:
        ValueError: It does not come to a number.
    """
    while call := CALL.search(text):
        name, given = call[1], [value(one, functions, ran) for one in call[2].split(",") if one]
        _, params, body = functions[name]
        ran.add(name)
        numbers = dict(zip(params, given, strict=True))
        inner = _with_numbers(body, numbers)
        text = f"{text[: call.start()]}{value(inner, functions, ran)}{text[call.end() :]}"
    for sign in ("+", "-"):
        left, found, right = text.rpartition(f" {sign} ")
        if found:
            one, two = value(left, functions, ran), value(right, functions, ran)
            return one + two if sign == "+" else one - two
    return int(text)


def _with_numbers(body: str, numbers: dict[str, int]) -> str:
    return NAME.sub(lambda word: str(numbers.get(word[0], word[0])), body)


def results(path: str, source: bytes, functions: Functions, ran: set[str]) -> Iterator[TestResult]:
    """The result of each test of a `.check` file."""
    for _, found in lines_of(path, source):
        if found["todo"]:
            yield TestResult(f"{path}::{found['todo']}", "skipped", f"TODO: {found['sentence']}")
        elif found["check"]:
            try:
                got: object = value(found["left"], functions, ran)
            except (ValueError, KeyError, RecursionError) as error:
                got = error
            good = got == int(found["right"])
            message = "" if good else f"{found['left']} is {got}, not {found['right']}"
            yield TestResult(f"{path}::{found['check']}", "passed" if good else "failed", message)


class TallyRunner:
    """What `Runner` names."""

    tools: tuple[Tool, ...] = ()

    def at_hand(self, subject: Subject, options: VerifyOptions) -> str:
        """What `verify` would try first."""
        return "the runner of the example"

    environment = at_hand

    def typed(self, root: Path, run: RunSpec, files: Sequence[str]) -> str:
        """What a person types to run these test files."""
        return f"scaffold verify  # {' '.join(files)}"

    def examine(
        self, subjects: Sequence[Subject], options: VerifyOptions, progress: Progress
    ) -> list[Evidence]:
        """Baseline, generated tests and coverage."""
        ours = {path for subject in subjects for path in subject.files}
        return [_evidence(subject, ours) for subject in subjects]

    @contextmanager
    def breaker(
        self, subject: Subject, evidence: Evidence, options: VerifyOptions, progress: Progress
    ) -> Iterator[TallyBreaker]:
        """What makes mutants and judges them; nothing has to be closed."""
        yield TallyBreaker(subject)

    def rerun(
        self,
        subject: Subject,
        evidence: Evidence,
        changes: Sequence[Mapping[str, str]],
        options: VerifyOptions,
        progress: Progress,
    ) -> Iterator[tuple[int, Evidence]]:
        """Each change with what the tests say when a file has another text."""
        for number, texts in enumerate(changes):
            yield number, _evidence(subject, set(subject.files), texts)


class TallyBreaker:
    """What `Breaker` names: each `+` becomes a `-`, and the other way round."""

    suffix = ".tally"

    def __init__(self, subject: Subject) -> None:
        """Keep what is to be proved."""
        self.subject = subject

    def find(self, targets: Sequence[str]) -> Found:
        """Every mutant of these files."""
        return Found([mutant for path in targets for mutant in self._mutants(path)])

    def _mutants(self, path: str) -> Iterator[Mutant]:
        source = (self.subject.checkout / path).read_text("utf-8")
        for sign in re.finditer(r" [+-] ", source):
            line = source.count("\n", 0, sign.start()) + 1
            new = " - " if sign[0] == " + " else " + "
            change = f"{sign[0].strip()} -> {new.strip()}"
            name = identity(path, "sign", str(sign.start()), change)
            text = source[: sign.start()] + new + source[sign.end() :]
            yield Mutant(name, path, "sign", line, change, text)

    def circumstances(self, target: str) -> Iterable[str | bytes]:
        """What a verdict depends on: the tests and all targets."""
        paths = [*self.subject.files, *(one.path for one in self.subject.targets)]
        return [part for path in paths for part in (path, _read(self.subject.checkout, path))]

    def judge(
        self, mutants: Sequence[Mutant], progress: Progress
    ) -> Generator[tuple[Mutant, MutantVerdict], None, None]:
        """Each mutant with its verdict."""
        for mutant in mutants:
            functions = _functions(self.subject, {mutant.path: mutant.source})
            tests = _tests(self.subject.checkout, self.subject.files, functions, set())
            red = any(test.outcome == "failed" for test in tests)
            yield mutant, MutantVerdict.KILLED if red else MutantVerdict.SURVIVED


def _evidence(
    subject: Subject, ours: set[str], changed: Mapping[str, str] | None = None
) -> Evidence:
    started, root = time.monotonic(), subject.checkout
    functions, ran = _functions(subject, changed or {}), set[str]()
    places = [
        place for suite in subject.run.baseline
        for place in suite_files(root / subject.run.root / suite, lambda error: None)
    ]  # fmt: skip
    before = [path for place in places if (path := place.relative_to(root).as_posix()) not in ours]
    baseline = Session(_tests(root, before, functions, set()), 0.0, "scaffold verify")
    tests = _tests(root, subject.files, functions, ran)
    generated = Session(tests, time.monotonic() - started, f"scaffold verify {subject.slug}")
    coverage, missing = {}, {}
    for target in subject.targets:
        own = functions_of(target.path, _read(root, target.path).decode())
        coverage[target.path] = percent(len(ran & own.keys()), len(own))
        missing[target.path] = tuple(line for name, (line, *_) in own.items() if name not in ran)
    return Evidence(baseline, generated, coverage, missing)


def _functions(subject: Subject, changed: Mapping[str, str]) -> Functions:
    found: Functions = {}
    for target in subject.targets:
        text = changed.get(target.path) or _read(subject.checkout, target.path).decode()
        found.update(functions_of(target.path, text))
    return found


def _tests(
    root: Path, paths: Sequence[str], functions: Functions, ran: set[str]
) -> tuple[TestResult, ...]:
    checks = [path for path in paths if path.endswith(".check")]
    return tuple(
        test for path in checks for test in results(path, _read(root, path), functions, ran)
    )


def _read(root: Path, path: str) -> bytes:
    return (root / path).read_bytes()
