"""The runner of TypeScript tests: the checkout's own Vitest, package by package."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from scaffold.kit.catalog import RunSpec
from scaffold.languages import Tool
from scaffold.languages.typescript.reached import is_test
from scaffold.proof.runner import (
    Breaker,
    Evidence,
    Progress,
    Subject,
    VerifyOptions,
    in_folder,
)
from scaffold.proof.tree_copy import list_tree
from scaffold.proof.vitest.evidence import Suites
from scaffold.proof.vitest.installed import GET_NODE, find_installed, run_folder
from scaffold.proof.vitest.kill.check import VitestBreaker
from scaffold.proof.vitest.linked_copy import link_packages, linked_copy
from scaffold.system import scratch


class VitestRunner:
    """Proves TypeScript tests with the Vitest that the checkout has installed."""

    tools = (
        Tool("node", "proves TypeScript gaps", GET_NODE),
        Tool("npm", "gets what breaks TypeScript targets", GET_NODE),
    )

    def at_hand(self, subject: Subject, options: VerifyOptions) -> str:
        """Which Vitest is installed, and node.

        Raises:
            MissingToolError: One of them is missing.
        """
        found = [find_installed(subject.home, folder) for folder in _folders(subject)]
        return ", ".join(f"Vitest {one.version} of {one.folder} ({one.node})" for one in found)

    def environment(self, subject: Subject, options: VerifyOptions) -> str:
        """The same, with the version of node.

        Raises:
            MissingToolError: One of them is missing.
        """
        found = [find_installed(subject.home, folder) for folder in _folders(subject)]
        versions = {one.require_node() for one in found}
        return f"Node.js {', '.join(versions)}: {self.at_hand(subject, options)}"

    def typed(self, root: Path, run: RunSpec, files: Sequence[str]) -> str:
        """`npx vitest run` in each package that these files are in."""
        found: dict[str, list[str]] = {}
        for path in filter(is_test, files):
            folder = run_folder(root, path)
            inside = Path(path).relative_to(folder) if folder != "." else Path(path)
            found.setdefault(folder, []).append(shlex.quote(inside.as_posix()))
        commands = [
            f"{in_folder(folder)}npx vitest run {' '.join(names)}"
            for folder, names in found.items()
        ]
        return commands[0] if len(commands) == 1 else " && ".join(f"({one})" for one in commands)

    def examine(
        self, subjects: Sequence[Subject], options: VerifyOptions, progress: Progress
    ) -> list[Evidence]:
        """Baseline, generated tests and coverage; all subjects share checkout and folder.

        Raises:
            MissingToolError: node or Vitest is missing; the hint gets it.
            ProofError: Vitest ended without a report.
        """
        first = subjects[0]
        if first.home != first.checkout:
            link_packages(list_tree(first.checkout), first.checkout, first.home)
        suites = _suites(first.checkout, subjects, options)
        for subject in subjects:
            for folder in suites.folders(subject):
                suites.vitest(folder)
        return self._evidence(suites, options, progress)

    def _evidence(
        self, suites: Suites, options: VerifyOptions, progress: Progress
    ) -> list[Evidence]:
        baseline = suites.baseline(progress)
        return [
            suites.generated(
                subject,
                baseline,
                self.typed(suites.root, subject.run, subject.files),
                progress,
                measure=options.coverage,
            )
            for subject in suites.subjects
        ]

    @contextmanager
    def breaker(
        self, subject: Subject, evidence: Evidence, options: VerifyOptions, progress: Progress
    ) -> Iterator[Breaker]:
        """The mutants of the targets, against the gap's own tests.

        Raises:
            MissingToolError: What makes the mutants cannot be had.
        """
        suites = _suites(subject.checkout, [subject], options)
        yield VitestBreaker(subject, suites, options, progress)

    def rerun(
        self,
        subject: Subject,
        evidence: Evidence,
        changes: Sequence[Mapping[str, str]],
        options: VerifyOptions,
        progress: Progress,
    ) -> Iterator[tuple[int, Evidence]]:
        """Each change with what the tests did on a copy that has it, one after the other.

        Raises:
            ProofError: Vitest ended without a report.
        """
        quick = replace(options, coverage=False)
        with scratch.folder("mends") as place:
            copy = linked_copy(subject.checkout, place / "tree", subject.home)
            suites = _suites(copy, [subject], options, subject.home)
            for number, texts in enumerate(changes):
                before = {path: (copy / path).read_bytes() for path in texts}
                for path, text in texts.items():
                    (copy / path).write_text(text, encoding="utf-8", newline="")
                yield number, self._evidence(suites, quick, _silent)[0]
                for path, content in before.items():
                    (copy / path).write_bytes(content)


def _suites(
    root: Path, subjects: Sequence[Subject], options: VerifyOptions, home: Path | None = None
) -> Suites:
    return Suites(
        root.resolve(), home or subjects[0].home, subjects, options.timeout_s, options.workers
    )


def _silent(line: str) -> None:
    """The caller reports each change itself."""


def _folders(subject: Subject) -> list[str]:
    files = list(filter(is_test, subject.files)) or [subject.run.root]
    return list(dict.fromkeys(run_folder(subject.checkout, path) for path in files))
