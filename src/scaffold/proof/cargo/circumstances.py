"""What a verdict on Rust code depends on beside the code itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scaffold.proof.cargo.suites import Suites
from scaffold.proof.cargo.workspace import Suite
from scaffold.proof.runner import Subject
from scaffold.proof.tree_copy import LARGE_BYTES
from scaffold.system import process
from scaffold.system.reading import read_plain

BUILD_VARIABLES = ("CARGO_", "RUST", "CC", "CFLAGS", "CXX", "AR", "LD", "PKG_CONFIG", "PROTOC")
TOOLCHAIN_FILES = ("rust-toolchain.toml", "rust-toolchain")


@dataclass(frozen=True)
class Circumstances:
    """All that a verdict depends on: words, and files with what they hold, targets included."""

    words: Sequence[str | bytes]
    held: Mapping[str, bytes]

    def without(self, targets: Collection[str]) -> list[str | bytes]:
        """All of it but these targets."""
        files = (item for item in self.held.items() if item[0] not in targets)
        return [*self.words, *(part for file in files for part in file)]


def circumstances(
    suites: Suites, subject: Subject, names: Mapping[Suite, Sequence[str]]
) -> Circumstances:
    """The tests' names, the compiler, and the sources of the crates that the tests are built from.

    Of files elsewhere in the checkout those whose name a source mentions.
    """
    tests = [suite.label(name) for suite, own in names.items() for name in own]
    version = process.run(["rustc", "-vV"], cwd=suites.cargo.folder, env=suites.cargo.env).stdout
    words: list[str | bytes] = ["cargo", version, *sorted(tests), *_settings(suites)]
    root = suites.copy.path.resolve()
    packages = suites.workspace.closure([suite.package for suite in suites.owners.suites(subject)])
    top = suites.workspace.folder
    files = [path for package in packages for path in package.folder.rglob("*") if path.is_file()]
    files += [path for path in (top / "Cargo.toml", top / "Cargo.lock") if path.is_file()]
    mentioned: set[bytes] = set()
    held: dict[str, bytes] = {}
    for path in sorted(set(files)):
        content = _content(path)
        mentioned |= set(re.findall(rb"[\w.-]+\.\w{1,6}\b", content))
        held[path.relative_to(root).as_posix()] = content
    for path in sorted(root.rglob("*")):
        if path.name.encode() in mentioned and path.is_file() and not path.is_relative_to(top):
            held[path.relative_to(root).as_posix()] = _content(path)
    return Circumstances(words, held)


def _content(path: Path) -> bytes:
    """What a file holds; why it cannot be read, where it cannot."""
    try:
        return read_plain(path, most=LARGE_BYTES)
    except OSError as error:
        return str(error.strerror).encode()


def _settings(suites: Suites) -> list[str | bytes]:
    """What changes a build without a change of sources: variables, and the files cargo reads."""
    env = suites.cargo.env
    found: list[str | bytes] = [
        f"{name}={value}"
        for name, value in sorted(env.items())
        if name.startswith(BUILD_VARIABLES) and name != "CARGO_TARGET_DIR"
    ]
    top = suites.workspace.folder
    home = Path(env.get("CARGO_HOME") or Path.home() / ".cargo")
    places = [f / ".cargo" for f in (top, *top.parents)] + [home]
    files = [folder / name for folder in places for name in ("config.toml", "config")]
    files += [f / name for f in (top, suites.copy.path) for name in TOOLCHAIN_FILES]
    for path in dict.fromkeys(files):
        if path.is_file():
            found += [path.name, _content(path)]
    return found
