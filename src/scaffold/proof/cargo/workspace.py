"""The crates of a workspace, and where generated files belong in it: suite and module."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from scaffold.errors import BaselineError, MissingToolError
from scaffold.proof.runner import in_folder
from scaffold.system import process
from scaffold.system.reading import read_plain

_MOD_LINE = (
    r"""#\[path\s*=\s*"{name}"\]\s*(?:#\[[^\]]*\]\s*)*(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)"""
)
METADATA_S = 120.0


@dataclass(frozen=True)
class Package:
    """A crate of the workspace.

    Attributes:
        name: As `-p` takes it.
        id: As cargo's messages name it.
        folder: Where its Cargo.toml lies.
        version: Of the package.
        lib: Whether it has a library.
        tests: File of an integration test -> its name for `--test`.
        uses: Names of the workspace's own crates that it depends on.
    """

    name: str
    id: str
    folder: Path
    version: str
    lib: bool
    tests: dict[Path, str]
    uses: tuple[str, ...]


@dataclass(frozen=True, order=True)
class Suite:
    """One test program: the library's own tests (`test` is empty) or an integration test."""

    package: str
    test: str = ""

    @property
    def picks(self) -> list[tuple[str, ...]]:
        """What picks it on cargo's command line."""
        return [("-p", self.package), ("--test", self.test) if self.test else ("--lib",)]

    def label(self, name: str) -> str:
        """A test's name that is unique in the workspace."""
        return "::".join(part for part in (self.package, self.test, name) if part)


def suite_args(suites: Sequence[Suite]) -> list[str]:
    """What picks these suites on cargo's command line, each word once."""
    picks = dict.fromkeys(pick for suite in suites for pick in suite.picks)
    return [word for pick in picks for word in pick]


@dataclass(frozen=True)
class Place:
    """Where a generated file is compiled: in which suite, as which module (empty: its root)."""

    path: str
    suite: Suite
    module: str

    def holds(self, test: str) -> bool:
        """Whether a test of the suite is in this file or below it."""
        return not self.module or test.startswith(f"{self.module}::")


@dataclass(frozen=True)
class Workspace:
    """A workspace in a tree."""

    folder: Path
    packages: dict[str, Package]

    def places(self, tree: Path, files: Sequence[str]) -> list[Place]:
        """Where the Rust files among these are compiled."""
        found = []
        for path in files:
            package = self._package_of(tree / path) if path.endswith(".rs") else None
            if package is not None:
                place = _place(tree / path, path, package)
                found += [place] if place else []
        return found

    def closure(self, names: Sequence[str]) -> list[Package]:
        """These crates and those of the workspace that they are built from."""
        wanted = list(names)
        found: dict[str, Package] = {}
        while wanted:
            name = wanted.pop()
            if name in self.packages and name not in found:
                found[name] = self.packages[name]
                wanted += self.packages[name].uses
        return [found[name] for name in sorted(found)]

    def _package_of(self, path: Path) -> Package | None:
        around = [p for p in self.packages.values() if path.is_relative_to(p.folder)]
        return max(around, key=lambda p: len(p.folder.parts), default=None)


def read_workspace(folder: Path, env: dict[str, str]) -> Workspace:
    """The workspace in a folder, by cargo's own word.

    Raises:
        BaselineError: A Cargo.toml is broken.
        MissingToolError: cargo is missing or too old.
    """
    argv = ["cargo", "metadata", "--no-deps", "--format-version", "1", "--offline"]
    done = process.run(argv, cwd=folder, env=env, timeout_s=METADATA_S)
    if done.returncode != 0:
        said = " ".join(done.stderr.split())
        raise machine_fault(said, folder.name) or BaselineError(
            f"cargo cannot read the workspace: {said}",
            f"{in_folder(folder.name)}cargo metadata --no-deps",
        )
    data = json.loads(done.stdout)
    members = set(data["workspace_members"])
    packages = [_package(item) for item in data["packages"] if item["id"] in members]
    root = Path(data["workspace_root"])
    return Workspace(root, {package.name: package for package in packages})


def machine_fault(said: str, folder: str) -> MissingToolError | None:
    """What cargo said, as the error that it is where the machine and not the checkout lacks it."""
    if re.search(r"toolchain .* is not installed", said):
        return MissingToolError(
            f"the Rust toolchain of this checkout is missing: {said}",
            f"{in_folder(folder)}rustup toolchain install",
        )
    if re.search(r"rustup could not choose a version|no default toolchain", said):
        return MissingToolError(f"rustup has no Rust to run: {said}", "rustup default stable")
    if re.search(r"lock file version .* requires|requires rustc |rustc \S+ is not supported", said):
        return MissingToolError(f"this Rust is too old: {said}", "rustup update")
    if re.search(r"failed to (?:download|fetch)|could not resolve host", said, re.IGNORECASE):
        return MissingToolError(
            f"cargo cannot fetch the crates: {said}", f"{in_folder(folder)}cargo fetch --locked"
        )
    return None


def _package(item: dict[str, Any]) -> Package:
    targets = item["targets"]
    return Package(
        name=item["name"],
        id=item["id"],
        folder=Path(item["manifest_path"]).parent,
        version=item["version"],
        lib=any(not {"bin", "test", "example", "bench"} & set(t["kind"]) for t in targets),
        tests={Path(t["src_path"]): t["name"] for t in targets if "test" in t["kind"]},
        uses=tuple(sorted({d["name"] for d in item["dependencies"] if d.get("path")})),
    )


def _place(path: Path, relative: str, package: Package) -> Place | None:
    inside = PurePosixPath(path.relative_to(package.folder).as_posix())
    if inside.parts[0] == "src":
        module = module_of(path, package.folder / "src")
        return Place(relative, Suite(package.name), module) if package.lib else None
    if inside.parts[0] == "tests" and len(inside.parts) > 1:
        root = package.folder / "tests"
        name = package.tests.get(path)
        if name is not None:
            return Place(relative, Suite(package.name, name), "")
        if inside.parts[1] in {p.parent.name for p in package.tests}:
            name = inside.parts[1]
            return Place(relative, Suite(package.name, name), module_of(path, root / name))
    return None


def module_of(path: Path, root: Path) -> str:
    """The module path of a source file below a crate's source folder; empty for its root file."""
    names: list[str] = []
    while path.parent != root or path.stem not in ("lib", "main"):
        declared = _declared_with_path(path, root)
        if declared is not None:
            path, name = declared
            names.append(name)
            continue
        folder = path.parent if path.stem != "mod" else path.parent.parent
        names.append(path.stem if path.stem != "mod" else path.parent.name)
        if folder == root or not folder.is_relative_to(root):
            break
        beside = folder.with_suffix(".rs")
        path = beside if beside.is_file() else folder / "mod.rs"
    return "::".join(reversed(names))


def _declared_with_path(path: Path, root: Path) -> tuple[Path, str] | None:
    """The file that declares this one with `#[path = …]`, and the module's name."""
    for file in _around(path, root):
        name = re.escape(path.relative_to(file.parent).as_posix())
        try:
            text = read_plain(file).decode("utf-8", "replace")
        except OSError:
            continue
        found = re.search(_MOD_LINE.format(name=name), text)
        if found and file != path:
            return file, found[1]
    return None


def _around(path: Path, root: Path) -> Iterator[Path]:
    for folder in (path.parent, *path.parent.parents):
        if not folder.is_relative_to(root):
            return
        yield from sorted(folder.glob("*.rs"))
