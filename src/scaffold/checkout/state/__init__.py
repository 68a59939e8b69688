"""What was generated: small, deterministic files in `.scaffold/`, without dates or absolute paths.

```text
.scaffold/.gitignore            `*`: git carries nothing of it; where the state is tracked all but
                                the next two files
.scaffold/state.json            format, kit, whether git carries it, and for each gap: version,
                                answers, files with their digests, owned units of edits
.scaffold/bases.gz              each generated file as it was rendered: the base of a later merge
.scaffold/verified/<slug>.json  the last proof (written by `verify`, not part of a transaction)
.scaffold/journal/ and undo/    local history of transactions
.scaffold/kept/                 what was set aside because it could not be read or taken back
```
All of it is input from a stranger: a clone may hold anything there. It is read as plain files of
bounded size, through no link, and every path in it is checked.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from scaffold.checkout.state import branches, former
from scaffold.checkout.state.bases import MOST_BASES, pack, unpack
from scaffold.checkout.state.model import (
    FOLDER,
    EditRecord,
    GapRecord,
    InGit,
    State,
    fingerprint,
)
from scaffold.checkout.state.reading import MOST_STATE, content_of, damaged, load, paths_in
from scaffold.checkout.state.records import (
    DIGEST,
    dump,
    is_place,
    proof_of,
    record_of,
    record_to_json,
)
from scaffold.errors import CheckoutError
from scaffold.system.invocation import HELP

__all__ = [
    "DIGEST",
    "FOLDER",
    "HEAD",
    "JOURNAL",
    "PROOFS",
    "STATE_FILES",
    "EditRecord",
    "GapRecord",
    "InGit",
    "State",
    "damaged_files",
    "dump",
    "files_of",
    "fingerprint",
    "former",
    "gaps_in",
    "in_git",
    "is_at_rest",
    "is_place",
    "is_there",
    "read_state",
    "read_verified",
]

FORMAT = 3
IGNORE = f"{FOLDER}/.gitignore"
HEAD = f"{FOLDER}/state.json"
BASES = f"{FOLDER}/bases.gz"
STATE_FILES = frozenset({IGNORE, HEAD, BASES})
JOURNAL = f"{FOLDER}/journal"
PROOFS = f"{FOLDER}/verified"
IGNORED = {
    InGit.IGNORED: b"*\n",
    InGit.TRACKED: b"*\n!/.gitignore\n!/bases.gz\n!/state.json\n",
}


def is_at_rest(root: Path) -> bool:
    """Whether nothing of a transaction is here, so that no record needs to be read.

    Where that cannot be seen the answer is no.
    """
    for name in (FOLDER, JOURNAL):
        try:
            about = os.lstat(root / name)
        except FileNotFoundError:
            return True
        except OSError:
            return False
        if not stat.S_ISDIR(about.st_mode):
            return False
    return False


def read_state(root: Path, kit: str) -> State:
    """The state of a checkout, of this branch of git; empty where nothing was generated.

    Raises:
        CheckoutError: `.scaffold/` is damaged, of another kit, or written by a newer version.
    """
    content = content_of(root, HEAD)
    if content is None:
        return State(kit)
    head = _head(content)
    if head["format"] > FORMAT:
        raise CheckoutError(
            f"{FOLDER}/ was written by a newer scaffold (format {head['format']}, "
            f"this one knows {FORMAT})",
            "pip install --upgrade scaffold",
        )
    if head.get("kit") != kit:
        raise CheckoutError(
            f"{FOLDER}/ belongs to the kit '{head.get('kit')}', not to '{kit}'; --kit names it",
            HELP,
        )
    if head["format"] in former.FORMATS:
        return former.read(root, kit)
    gaps = {slug: record_of(HEAD, slug, data) for slug, data in head["gaps"].items()}
    packed = content_of(root, BASES)
    bases = {} if packed is None else unpack(BASES, packed)
    here, elsewhere = branches.split(root, gaps)
    return State(kit, here, bases, InGit(head["in_git"]), elsewhere=elsewhere)


def files_of(state: State) -> dict[str, bytes]:
    """A state as files: relative POSIX path -> bytes. Same state, same bytes.

    Raises:
        CheckoutError: It is larger than what would be read again.
    """
    records = branches.joined(state.gaps, state.elsewhere)
    if not records:
        return {}
    gaps = {slug: record_to_json(record) for slug, record in records.items()}
    head = {"format": FORMAT, "kit": state.kit, "in_git": state.in_git, "gaps": gaps}
    wanted = {digest for record in records.values() for digest in record.files.values()}
    bases = {digest: state.bases[digest] for digest in wanted & state.bases.keys()}
    files = {IGNORE: IGNORED[state.in_git], HEAD: dump(head)}
    if bases:
        files[BASES] = pack(bases)
    if max(map(len, files.values())) > MOST_STATE or sum(map(len, bases.values())) > MOST_BASES:
        raise CheckoutError(
            f"{FOLDER}/ would be larger than what is read again, so this change cannot be "
            "recorded; pick fewer gaps at a time",
            "scaffold list",
        )
    return files


def is_there(root: Path, path: str, content: bytes) -> bool:
    """Whether a file of the state holds this already; builds of zlib compress differently."""
    there = content_of(root, path)
    if there is None or path != BASES:
        return there is not None and fingerprint(there) == fingerprint(content)
    return unpack(path, there) == unpack(path, content)


def gaps_in(root: Path) -> set[str] | None:
    """The gaps that have a record; None where that cannot be read."""
    try:
        content = content_of(root, HEAD)
        if content is None:
            return set()
        head = _head(content)
        if head["format"] in former.FORMATS:
            return {PurePosixPath(path).stem for path in paths_in(root, former.GAPS, ".json")}
    except CheckoutError:
        return None
    return set(head["gaps"]) if head["format"] == FORMAT else None


def in_git(root: Path) -> str:
    """Whether git carries the state: a word of `InGit`; empty where there is none, or a former one.

    Raises:
        CheckoutError: It is damaged.
    """
    content = content_of(root, HEAD)
    return str(_head(content).get("in_git", "")) if content is not None else ""


def read_verified(root: Path, slug: str) -> dict[str, Any] | None:
    """The last proof of a gap, as `verify` wrote it; None where there is none.

    Raises:
        CheckoutError: It is damaged.
    """
    path = f"{PROOFS}/{slug}.json"
    content = content_of(root, path)
    return None if content is None else proof_of(path, content)


def damaged_files(root: Path) -> list[str]:
    """Every file or folder of the state that cannot be read, as a relative path."""
    found: list[str] = []

    def check(path: str, read: Callable[[str, bytes], object]) -> None:
        try:
            content = content_of(root, path)
            if content is not None:
                read(path, content)
        except CheckoutError:
            found.append(path)

    check(IGNORE, lambda path, content: None)
    check(HEAD, _records)
    check(BASES, unpack)
    found += former.damaged_files(root)
    try:
        proofs = paths_in(root, PROOFS, ".json")
    except CheckoutError:
        found.append(PROOFS)
    else:
        for path in proofs:
            check(path, proof_of)
    return found


def _records(path: str, content: bytes) -> list[GapRecord]:
    head = _head(content)
    return [record_of(path, slug, data) for slug, data in head.get("gaps", {}).items()]


def _head(content: bytes) -> dict[str, Any]:
    head = load(HEAD, content)
    if type(head.get("format")) is not int or head["format"] < 1:
        raise damaged(HEAD, "it names no format")
    if head["format"] == FORMAT:
        if not isinstance(head.get("gaps"), dict):
            raise damaged(HEAD, "it has no records of gaps")
        if head.get("in_git") not in list(InGit):
            raise damaged(HEAD, "`in_git` is neither ignored nor tracked")
    return head
