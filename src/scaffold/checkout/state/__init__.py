"""What was generated: small, deterministic text in `.scaffold/`, without dates or absolute paths.

```text
.scaffold/state.json            format number and kit
.scaffold/gaps/<slug>.json      kit version, answers, files with their digests, owned units of edits
.scaffold/base/<digest>.gz      each generated file as it was rendered: the base of a later merge
.scaffold/verified/<slug>.json  the last proof (written by `verify`, not part of a transaction)
.scaffold/journal/ and undo/    local history of transactions (ignored by git)
.scaffold/kept/                 what was set aside because it could not be read or taken back
```
All of it is input from a stranger: a clone may hold anything there. It is read as plain files of
bounded size, through no link, and every path in it is checked.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from scaffold.checkout.files import confine, is_inside
from scaffold.checkout.places import Tree, read_at
from scaffold.checkout.state.model import (
    FOLDER,
    FORMAT,
    EditRecord,
    GapRecord,
    State,
    dump,
    fingerprint,
)
from scaffold.checkout.verdict import Mode, Verdict
from scaffold.edits import KEPT
from scaffold.errors import CheckoutError
from scaffold.system.reading import MOST_BYTES

__all__ = [
    "FOLDER",
    "FORMAT",
    "EditRecord",
    "GapRecord",
    "State",
    "damaged_files",
    "dump",
    "fingerprint",
    "is_at_rest",
    "read_state",
    "read_verified",
]

HEAD = f"{FOLDER}/state.json"
JOURNAL = f"{FOLDER}/journal"
MOST_STATE = 8 << 20
MOST_FILES = 20_000
MOST_BASES = 256 << 20
COUNTS = ("generated", "passed", "known_defects", "todo", "skipped", "failed", "killed", "viable")
"""What a proof counts."""
DIGEST = re.compile(r"[0-9a-f]{64}")
SLUG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}")


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
    """The state of a checkout; empty where nothing was generated.

    Raises:
        CheckoutError: `.scaffold/` is damaged, of another kit, or written by a newer version.
    """
    content = _content(root, HEAD)
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
            f"{FOLDER}/ belongs to the kit '{head.get('kit')}', not to '{kit}'",
            "name that kit with --kit",
        )
    gaps: dict[str, GapRecord] = {}
    for path, content in _contents(root, "gaps", ".json"):
        record = _record(path, content)
        gaps[record.slug] = record
    return State(kit, gaps, _read_bases(root)).without_headers()


def read_verified(root: Path, slug: str) -> dict[str, Any] | None:
    """The last proof of a gap, as `verify` wrote it; None where there is none.

    Raises:
        CheckoutError: It is damaged.
    """
    path = f"{FOLDER}/verified/{slug}.json"
    content = _content(root, path)
    return None if content is None else _proof(path, content)


def damaged_files(root: Path) -> list[str]:
    """Every file or folder of the state that cannot be read, as a relative path."""
    found: list[str] = []

    def check(path: str, read: Callable[[str, bytes], object]) -> None:
        try:
            content = _content(root, path)
            if content is not None:
                read(path, content)
        except CheckoutError:
            found.append(path)

    check(HEAD, lambda path, content: _head(content))
    for name, suffix, read in (
        ("gaps", ".json", _record),
        ("base", ".gz", _base),
        ("verified", ".json", _proof),
    ):
        try:
            paths = _paths(root, name, suffix)
        except CheckoutError:
            found.append(f"{FOLDER}/{name}")
            continue
        for path in paths:
            check(path, read)
    return found


def _paths(root: Path, name: str, suffix: str) -> list[str]:
    """The files of one folder of the state."""
    folder = f"{FOLDER}/{name}"
    try:
        with Tree(root) as tree:
            names = tree.names(folder, most=MOST_FILES)
    except OSError as error:
        raise _damaged(folder, error.strerror or str(error)) from error
    return [f"{folder}/{one}" for one in names if one.endswith(suffix)]


def _content(root: Path, path: str) -> bytes | None:
    """The bytes of one file of the state; None where there is none."""
    try:
        with Tree(root) as tree:
            if (root / FOLDER).is_symlink():
                confine(root, path)
            return tree.read(path, most=MOST_STATE)
    except OSError as error:
        raise _damaged(path, error.strerror or str(error)) from error


def _contents(root: Path, name: str, suffix: str) -> Iterator[tuple[str, bytes]]:
    """Each file of one folder of the state and its bytes, by one handle of the folder."""
    paths = _paths(root, name, suffix)
    at = f"{FOLDER}/{name}" if paths else ""
    try:
        with Tree(root) as tree, tree.folder(at) as folder:
            for at in paths:
                yield at, read_at(folder, os.path.basename(at), most=MOST_STATE)
    except OSError as error:
        raise _damaged(at, error.strerror or str(error)) from error


def _read_bases(root: Path) -> dict[str, bytes]:
    bases: dict[str, bytes] = {}
    total = 0
    for path, packed in _contents(root, "base", ".gz"):
        content = _base(path, packed)
        total += len(content)
        if total > MOST_BASES:
            raise _damaged(f"{FOLDER}/base", f"it holds more than {MOST_BASES >> 20} MiB")
        bases[PurePosixPath(path).stem] = content
    return bases


def _base(path: str, packed: bytes) -> bytes:
    """A base as it was rendered; what unpacks to more than any rendering is refused."""
    import zlib

    unpacking = zlib.decompressobj(wbits=31)  # the format of gzip
    try:
        content = unpacking.decompress(packed, MOST_BYTES + 1)
    except zlib.error as error:
        raise _damaged(path, str(error)) from error
    if len(content) > MOST_BYTES:
        raise _damaged(path, f"it unpacks to more than {MOST_BYTES >> 20} MiB")
    whole = unpacking.eof and not unpacking.unused_data
    if not whole or fingerprint(content) != PurePosixPath(path).stem:
        raise _damaged(path, "its content does not match its name")
    return content


def _record(path: str, content: bytes) -> GapRecord:
    slug = PurePosixPath(path).stem
    data = _load(path, content)
    if not SLUG.fullmatch(slug):
        raise _damaged(path, "its name is not the name of a gap")
    try:
        record = GapRecord(
            slug=slug,
            kit_version=_text(data["kit_version"]),
            digest=_text(data["digest"]),
            mode=Mode(_text(data["mode"])),
            template=_text(data["template"]),
            answers=_mapping(data["answers"]),
            files={_path(key): _text(value) for key, value in _mapping(data["files"]).items()},
            edits=tuple(_edit(item) for item in data["edits"]),
            removed={
                _path(key): _text(value) for key, value in _mapping(data.get("removed", {})).items()
            },
            parts={key: Mode(value) for key, value in _mapping(data.get("parts", {})).items()},
        )
        if not all(DIGEST.fullmatch(digest) for digest in record.files.values()):
            raise ValueError("files: a digest")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _damaged(path, f"{type(error).__name__} at {error}") from error
    return record


def _edit(item: Mapping[str, Any]) -> EditRecord:
    units = {_text(name): _text(digest) for name, digest in _mapping(item["units"]).items()}
    kept = {_text(name): _text(text) for name, text in _mapping(item.get("kept", {})).items()}
    for name, digest in units.items():
        if digest.startswith("{"):  # format 1
            units[name], kept[name] = KEPT, digest
    return EditRecord(_text(item["kind"]), _path(item["path"]), bool(item["created"]), units, kept)


def _path(path: Any) -> str:
    """A path of the checkout that is neither in a `.git` nor one of ours."""
    parts = _text(path).split("/")
    if not is_inside(path) or any(part.casefold() == FOLDER for part in parts):
        raise ValueError(f"{path!r}, which is not a place inside the checkout")
    return str(path)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.60}, which is not text")
    return value


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r:.60}, which is not an object")
    return value


def _head(content: bytes) -> dict[str, Any]:
    head = _load(HEAD, content)
    if type(head.get("format")) is not int:
        raise _damaged(HEAD, "it names no format")
    return head


def _proof(path: str, content: bytes) -> dict[str, Any]:
    proof = _load(path, content)
    counts = [proof[name] for name in COUNTS if proof.get(name) is not None]
    fits = (
        all(type(count) is int and 0 <= count < 10**9 for count in counts)
        and proof.get("passed") is not None
        and proof.get("verdict") in list(Verdict)
        and (not proof.get("viable") or proof.get("killed") is not None)
        and all(_is_flat(value) for value in proof.values())
    )
    if not fits:
        raise _damaged(path, "it is not a proof")
    return proof


def _is_flat(value: Any, depth: int = 3) -> bool:
    """Whether a value is nested no deeper than what a proof holds."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return depth > 0 and all(_is_flat(one, depth - 1) for one in inner)
    return True


def _load(path: str, content: bytes) -> dict[str, Any]:
    try:
        data = json.loads(content.decode("utf-8"))
    except RecursionError as error:
        raise _damaged(path, "its JSON is nested too deep") from error
    except ValueError as error:
        raise _damaged(path, " ".join(str(error).split())) from error
    if not isinstance(data, dict):
        raise _damaged(path, "it holds no object")
    return data


def _damaged(path: str, why: str) -> CheckoutError:
    return CheckoutError(f"{path} is damaged: {why}", "scaffold undo --set-aside")
