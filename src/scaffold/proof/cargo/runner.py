"""The cargo runner: what `verify` asks of it, and which part answers."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from scaffold.checkout.files import read_plain
from scaffold.errors import BaselineError, MissingToolError
from scaffold.kit.catalog import RunSpec
from scaffold.languages import Tool
from scaffold.proof.cargo.build import GET_RUST, cargo_env
from scaffold.proof.cargo.coverage import coverage_of
from scaffold.proof.cargo.evidence import run_suites
from scaffold.proof.cargo.held_copy import held_copy
from scaffold.proof.cargo.kill.check import INSTALL, CargoBreaker
from scaffold.proof.cargo.suites import Suites, open_suites
from scaffold.proof.runner import (
    Breaker,
    Evidence,
    Progress,
    Session,
    Subject,
    TestResult,
    VerifyOptions,
    in_folder,
)
from scaffold.system import process
from scaffold.system.caching import toml

CHANNEL = re.compile(r"""^\s*(?:channel\s*=\s*)?["']?([\w.-]{1,40})["']?\s*$""", re.MULTILINE)


def asked_toolchain(folder: Path) -> str:
    """What a `rust-toolchain` file of the folder or above asks for, in words; empty without one."""
    for place in (folder, *folder.parents):
        for name in ("rust-toolchain.toml", "rust-toolchain"):
            try:
                text = read_plain(place / name, most=1 << 16).decode("utf-8", errors="replace")
            except OSError:
                continue
            channel = CHANNEL.search(text)
            return f" ({name} asks for {channel[1]})" if channel else f" (see {name})"
    return ""


def package_of(root: Path, path: str) -> str:
    """The name of the package that a file is in; empty where no manifest above it has one."""
    for folder in (root / path).parents:
        manifest = folder / "Cargo.toml"
        if manifest.is_file():
            with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
                text = read_plain(manifest, most=1 << 20).decode("utf-8")
                return shlex.quote(str(toml(text)["package"]["name"]))
        if folder == root:
            break
    return ""


class CargoRunner:
    """Proves Rust tests with the machine's own cargo."""

    tools = (
        Tool("cargo", "proves Rust gaps", GET_RUST),
        Tool("cargo mutants", "breaks Rust targets", "cargo install --locked cargo-mutants"),
        Tool(
            "cargo llvm-cov", "measures coverage of Rust", "cargo install --locked cargo-llvm-cov"
        ),
        Tool(
            "cargo nextest",
            "names a test that ends all",
            "cargo install --locked cargo-nextest",
        ),
    )

    def at_hand(self, subject: Subject, options: VerifyOptions) -> str:
        """Where cargo is, and the toolchain that the checkout asks for.

        Raises:
            MissingToolError: There is no cargo or no rustc.
        """
        cargo_env()
        return f"{shutil.which('cargo')}{asked_toolchain(subject.checkout / subject.run.root)}"

    def environment(self, subject: Subject, options: VerifyOptions) -> str:
        """The toolchain that would run the tests.

        Raises:
            MissingToolError: There is no cargo or no rustc.
        """
        folder = subject.checkout / subject.run.root
        env = cargo_env()
        done = process.run(["cargo", "--version"], cwd=folder, env=env, timeout_s=60)
        return " ".join((done.stdout or done.stderr).split())

    def typed(self, root: Path, run: RunSpec, files: Sequence[str]) -> str:
        """`cargo test` of the packages that these files are in."""
        found = dict.fromkeys(filter(None, (package_of(root, path) for path in files)))
        return (
            f"{in_folder(run.root)}cargo test {' '.join(f'-p {name}' for name in found)}".rstrip()
        )

    def examine(
        self, subjects: Sequence[Subject], options: VerifyOptions, progress: Progress
    ) -> list[Evidence]:
        """Baseline, generated tests and coverage; all subjects share checkout and folder.

        Raises:
            BaselineError: The workspace does not build without the generated tests.
            MissingToolError: There is no cargo or no rustc.
            ProofError: The build did not end in time.
        """
        first = subjects[0]
        with held_copy(first.checkout, options, progress, first.home) as copy:
            suites = open_suites(copy, subjects, options)
            runs = run_suites(suites, progress)
            found = [runs.evidence(subject) for subject in subjects]
            if not options.coverage:
                return found
            return [
                coverage_of(suites, subject, evidence, options, progress)
                for subject, evidence in zip(subjects, found, strict=True)
            ]

    @contextmanager
    def breaker(
        self, subject: Subject, evidence: Evidence, options: VerifyOptions, progress: Progress
    ) -> Iterator[Breaker]:
        """The mutants of the targets, against the gap's own tests.

        Raises:
            MissingToolError: cargo-mutants is missing.
        """
        if shutil.which("cargo-mutants") is None:
            raise MissingToolError("the kill check of Rust needs cargo-mutants", INSTALL)
        with held_copy(subject.checkout, options, progress) as copy:
            suites = open_suites(copy, [subject], options)
            yield CargoBreaker(suites, subject, evidence, options)

    def rerun(
        self,
        subject: Subject,
        evidence: Evidence,
        changes: Sequence[Mapping[str, str]],
        options: VerifyOptions,
        progress: Progress,
    ) -> Iterator[tuple[int, Evidence]]:
        """Each change with what the tests did on a copy that has it, one after the other."""
        with held_copy(subject.checkout, options, progress) as copy:
            for number, texts in enumerate(changes):
                copy.sync({path: text.encode("utf-8") for path, text in texts.items()})
                suites = open_suites(copy, [subject], options)
                yield number, _seen(suites, subject, progress)


def _seen(suites: Suites, subject: Subject, progress: Progress) -> Evidence:
    """What the suites of a copy did; one error where they do not build."""
    try:
        return run_suites(suites, progress).evidence(subject)
    except BaselineError as error:
        broken = TestResult("cargo", "error", error.fact)
        return Evidence(Session((), 0.0, error.hint), Session((broken,), 0.0, error.hint))
