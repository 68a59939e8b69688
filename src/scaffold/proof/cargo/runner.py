"""The cargo runner: what `verify` asks of it, and which part answers."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from scaffold.checkout.files import read_plain
from scaffold.proof.cargo.bench import open_bench
from scaffold.proof.cargo.build import cargo_env
from scaffold.proof.cargo.coverage import coverage_of
from scaffold.proof.cargo.kill import check
from scaffold.proof.cargo.tree import Tree
from scaffold.proof.runner import Evidence, Kills, Progress, Subject, VerifyOptions
from scaffold.system import process

CHANNEL = re.compile(r"""^\s*(?:channel\s*=\s*)?["']?([\w.-]{1,40})["']?\s*$""", re.MULTILINE)


def asked_toolchain(folder: Path) -> str:
    """What a `rust-toolchain` file of the folder or above asks for, in words; empty without one."""
    for place in (folder, *folder.parents):
        for name in ("rust-toolchain.toml", "rust-toolchain"):
            try:
                text = read_plain(place / name, most=1 << 16).decode("utf-8", errors="replace")
            except OSError:
                continue
            channel = re.search(
                r"""^\s*(?:channel\s*=\s*)?["']?([\w.-]{1,40})["']?\s*$""", text, re.M
            )
            return f" ({name} asks for {channel[1]})" if channel else f" (see {name})"
    return ""


class CargoRunner:
    """Proves Rust tests with the machine's own cargo."""

    def at_hand(self, subject: Subject, options: VerifyOptions) -> str:
        """Where cargo is, and the toolchain that the checkout asks for.

        Raises:
            MissingToolError: There is no cargo or no rustc.
        """
        cargo_env(Tree(subject.checkout, options).target)
        return f"{shutil.which('cargo')}{asked_toolchain(subject.checkout / subject.run.root)}"

    def environment(self, subject: Subject, options: VerifyOptions) -> str:
        """The toolchain that would run the tests.

        Raises:
            MissingToolError: There is no cargo or no rustc.
        """
        folder = subject.checkout / subject.run.root
        env = cargo_env(Tree(subject.checkout, options).target)
        done = process.run(["cargo", "--version"], cwd=folder, env=env, timeout_s=60)
        return " ".join((done.stdout or done.stderr).split())

    def examine(
        self, subjects: Sequence[Subject], options: VerifyOptions, progress: Progress
    ) -> list[Evidence]:
        """Baseline, generated tests and coverage; all subjects share checkout and folder.

        Raises:
            BaselineError: The workspace does not build without the generated tests.
            MissingToolError: There is no cargo or no rustc.
            ProofError: The build did not end in time.
        """
        tree = Tree(subjects[0].checkout, options)
        with tree.held(progress):
            bench = open_bench(tree, subjects, options)
            runs = bench.run(progress)
            found = [bench.evidence(subject, runs) for subject in subjects]
            return [
                coverage_of(bench, subject, evidence, options, progress)
                for subject, evidence in zip(subjects, found, strict=True)
            ]

    def kill(
        self, subject: Subject, evidence: Evidence, options: VerifyOptions, progress: Progress
    ) -> Kills:
        """Every mutant of the targets that have a bar against the gap's own tests.

        Raises:
            MissingToolError: cargo-mutants is missing.
            ProofError: The tests are red on an unbroken copy.
        """
        return check(subject, evidence, options, progress)
