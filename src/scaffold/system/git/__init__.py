"""The checkout's git, as far as it is only read: nothing that a repository names is started."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from scaffold.system.reading import read_plain

GIT_S = 60.0
# Those that say where a repository is: in a hook of git they name the checkout's own.
PLACES = re.compile(
    r"GIT_(DIR|WORK_TREE|INDEX_FILE|COMMON_DIR|OBJECT_DIRECTORY|PREFIX|NAMESPACE|INTERNAL_\w+"
    r"|ALTERNATE_OBJECT_DIRECTORIES|CEILING_DIRECTORIES|SHALLOW_FILE|QUARANTINE_PATH)$"
)
SAFE = ("core.fsmonitor=false", "core.hooksPath=/dev/null")
ANY_OWNER = "safe.directory=*"


def safe_git(*arguments: str, settings: Sequence[str] = (*SAFE, ANY_OWNER)) -> list[str]:
    """A command of git that only reads, and starts nothing that a repository names."""
    given = [word for setting in settings for word in ("-c", setting)]
    return ["git", "--no-optional-locks", *given, *arguments]


def git_env() -> dict[str, str]:
    """Our environment without the variables that say where a repository is."""
    return {name: value for name, value in os.environ.items() if not PLACES.match(name)}


def reading_env() -> dict[str, str]:
    """The same for a git that only reads: what a partial clone lacks is not fetched for it."""
    return {**git_env(), "GIT_NO_LAZY_FETCH": "1"}


def history_above(root: Path) -> Path | None:
    """The folder, this one or one above it, that holds `.git`."""
    return next((f for f in (root, *root.parents) if os.path.lexists(f / ".git")), None)


def holds(root: Path, paths: Iterable[str]) -> list[str]:
    """Those of these files that git keeps a version of, as far as its index shows; nothing runs."""
    above = history_above(root)
    if above is None:
        return []
    own = folder_of(above / ".git")
    try:
        known = read_plain(own / "index", most=1 << 30) if own else b""
    except (OSError, ValueError):
        return []
    lead = os.path.relpath(root, above)
    return [path for path in paths if os.fsencode(os.path.normpath(f"{lead}/{path}")) in known]


def folder_of(source: Path) -> Path | None:
    """The folder that a `.git` is or names: a worktree's and a submodule's is a file."""
    if os.path.isdir(source):
        return Path(os.path.realpath(source))
    try:
        first = read_plain(source, most=1 << 16).decode("utf-8", "surrogateescape")
    except OSError:
        return None
    line = first.partition("\n")[0]
    if not line.startswith("gitdir: "):
        return None
    try:
        folder = os.path.realpath(source.parent / line.removeprefix("gitdir: ").strip())
    except ValueError:
        return None
    return Path(folder) if os.path.isdir(folder) else None
