"""A small `.git` for a copy of a checkout: its objects are the checkout's, all else is its own.

Tests that ask git (a version from tags, the root of the tree) find the answers, and whatever they
write stays in the copy. Nothing of the repository is run: no hook and no setting that names a
program is taken over.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from scaffold.errors import MissingToolError
from scaffold.system import process
from scaffold.system.git import folder_of, history_above, reading_env, safe_git
from scaffold.system.git.history import common_of, line_of_alternates
from scaffold.system.reading import read_plain

MOST_BYTES = 512 << 20
GIT_S = 30.0
OF_A_TREE = ("HEAD", "ORIG_HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "index")
SHARED = ("packed-refs", "shallow", "info/exclude", "info/attributes", "info/grafts")
SETTINGS = re.compile(
    r"core\.(repositoryformatversion|filemode|ignorecase|symlinks|autocrlf|eol|safecrlf|abbrev"
    r"|precomposeunicode|quotepath|logallrefupdates)"
    r"|extensions\.(objectformat|refstorage|compatobjectformat|partialclone|noop)"
    r"|user\.(name|email)|remote\..*\.(url|fetch|promisor|partialclonefilter)"
    r"|branch\..*\.(remote|merge)|submodule\..*\.(url|active)",
    re.DOTALL,
)


def heads_of(root: Path) -> list[str | bytes]:
    """What git would answer of the commit that is checked out: HEAD, and all that names commits."""
    above = history_above(root)
    own = folder_of(above / ".git") if above is not None else None
    if own is None:
        return []
    found: list[str | bytes] = [_text(own / "HEAD")]
    common = common_of(own)
    refs = [path for path in (common / "refs").rglob("*") if path.is_file()]
    for path in [common / "packed-refs", *sorted(refs)]:
        found += [os.fsencode(path.name), _bytes(path)]
    return found


def copy_history(source: Path, place: Path) -> None:
    """Make a `.git` at the place that knows what the one at the source knows.

    A history that cannot be read is left out: most tests ask nothing of it.
    """
    own = folder_of(source)
    if own is None:
        return
    common = common_of(own)
    try:
        place.mkdir(parents=True)
        for name in OF_A_TREE:
            _copy(own / name, place / name)
        for path in sorted(own.glob("sharedindex.*")):
            _copy(path, place / path.name)
        _copy(own / "info" / "sparse-checkout", place / "info" / "sparse-checkout")
        for name in SHARED:
            _copy(common / name, place / name)
        for folder in dict.fromkeys((common, own)):
            for name in ("refs", "reftable"):
                _copy_below(folder / name, place / name)
        (place / "refs").mkdir(exist_ok=True)
        (place / "objects" / "info").mkdir(parents=True)
        alternates = line_of_alternates(Path(os.path.realpath(common / "objects")))
        (place / "objects" / "info" / "alternates").write_bytes(alternates)
        (place / "config").write_text(_settings(common / "config"), encoding="utf-8")
    except OSError:
        shutil.rmtree(place, ignore_errors=True)


def _text(place: Path) -> str:
    return _bytes(place, 1 << 16).decode("utf-8", "surrogateescape")


def _bytes(place: Path, most: int = MOST_BYTES) -> bytes:
    try:
        return read_plain(place, most=most)
    except OSError:
        return b""


def _copy(source: Path, place: Path) -> None:
    if source.is_file() and source.stat().st_size <= MOST_BYTES:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, place)


def _copy_below(source: Path, place: Path) -> None:
    for folder, _, names in os.walk(source):
        for name in names:
            file = Path(folder, name)
            _copy(file, place / file.relative_to(source))


def _settings(source: Path) -> str:
    """The settings that say what the history is, and none that names a program."""
    lines = ["[core]", "\tbare = false"]
    for key, value in _read_settings(source):
        if SETTINGS.fullmatch(key):
            section, _, rest = key.partition(".")
            subsection, _, name = rest.rpartition(".")
            escaped = re.sub(r'(["\\])', r"\\\1", subsection)
            head = f'{section} "{escaped}"' if subsection else section
            text = re.sub(r'(["\\])', r"\\\1", value).replace("\n", "\\n")
            lines += [f"[{head}]", f'\t{name} = "{text}"']
    return "\n".join(lines) + "\n"


def _read_settings(source: Path) -> Iterator[tuple[str, str]]:
    argv = safe_git("config", "--file", str(source), "--no-includes", "--null", "--list")
    try:
        done = process.run(argv, cwd=source.parent, env=reading_env(), timeout_s=GIT_S)
    except MissingToolError:
        return
    for item in done.stdout.split("\0") if done.returncode == 0 else []:
        key, separator, value = item.partition("\n")
        if key:
            yield key, value if separator else "true"
