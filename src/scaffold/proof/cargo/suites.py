"""The test programs of a copy of a checkout: how they are built, and how its files are named."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from scaffold.errors import CheckoutError
from scaffold.proof.cargo.build import Build, Cargo, CompileError, cargo_env
from scaffold.proof.cargo.held_copy import Copy
from scaffold.proof.cargo.owners import Owners
from scaffold.proof.cargo.workspace import Suite, Workspace, read_workspace, suite_args
from scaffold.proof.runner import Progress, Subject, VerifyOptions
from scaffold.system.invocation import look
from scaffold.system.reading import decoded, read_plain


@dataclass(frozen=True)
class Suites:
    """A copy of the checkout with everything that a run of these subjects needs."""

    copy: Copy
    cargo: Cargo
    owners: Owners

    @property
    def workspace(self) -> Workspace:
        """The crates."""
        return self.owners.workspace

    @property
    def root(self) -> str:
        """The workspace's folder, relative to the checkout."""
        return self.workspace.folder.relative_to(self.copy.path.resolve()).as_posix()

    def text(self, path: str) -> str:
        """The text of a file of the copy.

        Raises:
            CheckoutError: It is not UTF-8.
        """
        return decoded(path, read_plain(self.copy.path / path))

    def build(self, suites: Sequence[Suite], progress: Progress) -> Build:
        """Build test programs; see `Cargo.build`."""
        return self.cargo.build(suites, self.workspace.packages, progress)

    def in_checkout(self, file: str) -> str:
        """A file as the compiler names it, relative to the checkout."""
        path = Path(file)
        root = self.copy.path.resolve()
        if path.is_absolute():
            return path.relative_to(root).as_posix() if path.is_relative_to(root) else file
        return (PurePosixPath(self.root) / file).as_posix() if file else ""

    def sentence(self, error: CompileError) -> str:
        """An error on one line, its file relative to the checkout."""
        return CompileError(self.in_checkout(error.file), error.line, error.text).sentence()

    def command(self, suites: Sequence[Suite], rest: Sequence[str]) -> str:
        """What a person types to see them run."""
        argv = ["cargo", "test", "--locked", *suite_args(suites), *rest]
        where = f"cd {shlex.quote(self.root)} && " if self.root not in ("", ".") else ""
        return f"{where}{shlex.join(argv)}"


def open_suites(
    copy: Copy, subjects: Sequence[Subject], options: VerifyOptions, name: str = "cargo.log"
) -> Suites:
    """The test programs of these subjects in a copy that is held.

    Raises:
        BaselineError: A Cargo.toml is broken.
        CheckoutError: There is no Cargo.toml in the folder of the gap.
        MissingToolError: There is no cargo or no rustc.
    """
    root = subjects[0].run.root
    folder = (copy.path / root).resolve()
    if not (folder / "Cargo.toml").is_file():
        raise CheckoutError(f"{root}/Cargo.toml is not in this checkout", look(root, "-a"))
    env = cargo_env(copy.target)
    workspace = read_workspace(folder, env)
    cargo = Cargo(workspace.folder, env, options.timeout_s, copy.folder / name)
    places = {s.slug: tuple(workspace.places(copy.path.resolve(), s.files)) for s in subjects}
    return Suites(copy, cargo, Owners(tuple(subjects), workspace, places))
