"""The tools that a checkout pins by its hooks. Nothing is fetched here: `verify` does that."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from scaffold.languages.rules import Hook
from scaffold.system import isolation
from scaffold.system.caching import cache_dir

ENDINGS = (".py", ".pyi")
VERSION = re.compile(r"v?(\d+(?:\.\d+){0,3}(?:(?:a|b|rc)\d+)?)")
"""A tag that is a version of the package; a branch or a commit is none."""


@dataclass(frozen=True)
class _Known:
    """How a hook's tool is started to look and change nothing."""

    package: str
    argv: tuple[str, ...]
    look: tuple[str, ...]
    mend: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()


BLACK = _Known("black", ("black",), ("--check", "--diff", "--quiet"))
_RUFF = _Known(
    "ruff",
    ("ruff", "check", "--force-exclude"),
    ("--no-fix", "--no-cache"),
    ("--fix",),
    ("--fix", "--exit-non-zero-on-fix", "--show-fixes"),
)
_RUFF_FORMAT = _Known(
    "ruff", ("ruff", "format", "--force-exclude"), ("--check", "--diff", "--no-cache")
)
_ISORT = _Known("isort", ("isort", "--filter-files"), ("--check-only", "--diff"))
_FLAKE8 = _Known("flake8", ("flake8",), ())

KNOWN = {
    ("black", "black"): BLACK,
    ("black-pre-commit-mirror", "black"): BLACK,
    ("isort", "isort"): _ISORT,
    ("ruff-pre-commit", "ruff"): _RUFF,
    ("ruff-pre-commit", "ruff-check"): _RUFF,
    ("ruff-pre-commit", "ruff-format"): _RUFF_FORMAT,
    ("flake8", "flake8"): _FLAKE8,
}
"""Last word of a hook's repository, and its id -> the tool."""


@dataclass(frozen=True)
class Pinned:
    """A tool that a hook pins to one version."""

    hook: Hook
    known: _Known
    version: str

    @property
    def requirement(self) -> str:
        """What is asked of the package index."""
        return f"{self.known.package}=={self.version}"

    @property
    def folder(self) -> Path:
        """Where its environment lies in the cache."""
        tag = f"{sys.version_info.major}.{sys.version_info.minor}"
        return cache_dir("tools") / f"{self.known.package}-{self.version}-{tag}"

    @property
    def python(self) -> str | None:
        """The interpreter that has this very version; None where there is none at hand."""
        if installed(self.known.package) == self.version:
            return sys.executable
        python = self.folder / "bin" / "python"
        return str(python) if _own(self.folder) and os.access(python, os.X_OK) else None

    def looking(self, python: str, files: Iterable[str]) -> list[str]:
        """The command that shows what it would change in these files."""
        args = [one for one in self.hook.args or () if one not in self.known.unwanted]
        return self._command(python, [*args, *self.known.look], files)

    def mending(self, python: str, files: Iterable[str]) -> list[str]:
        """The command that changes them."""
        args = [one for one in self.hook.args or () if one not in self.known.unwanted]
        return self._command(python, [*args, *self.known.mend], files)

    def _command(self, python: str, args: list[str], files: Iterable[str]) -> list[str]:
        program, *first = self.known.argv
        return [python, "-I", "-m", program, *first, *args, "--", *files]


@cache
def installed(package: str) -> str | None:
    """The version of a package that our own interpreter has; it is read once, without importing it.

    To import black costs more than a formatted file that is recalled saves.
    """
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def pinned(hook: Hook) -> Pinned | str | None:
    """The tool that a hook pins; why it is not known which; None where it is no tool of ours."""
    known = KNOWN.get((PurePosixPath(hook.repo.rstrip("/").removesuffix(".git")).name, hook.id))
    if known is None or hook.local:
        return None
    found = VERSION.fullmatch(hook.rev)
    if found is None:
        return f"its rev '{hook.rev[:60]}' is not a version"
    return Pinned(hook, known, found[1])


def _own(folder: Path) -> bool:
    """Whether it is a folder of this user's, which no one else can have filled."""
    try:
        about = folder.lstat()
    except OSError:
        return False
    return (
        about.st_uid == os.getuid()
        and not about.st_mode & 0o002
        and not folder.is_symlink()
        and not isolation.untrusted(folder)
    )
