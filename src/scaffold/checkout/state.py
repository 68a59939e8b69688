"""What was generated: small, deterministic text in `.scaffold/`, without dates or absolute paths.

```text
.scaffold/state.json            format number and kit
.scaffold/gaps/<slug>.json      kit version, answers, files with their digests, owned units of edits
.scaffold/base/<digest>.gz      each generated file as it was rendered: the base of a later merge
.scaffold/verified/<slug>.json  the last proof (written by `verify`, not part of a transaction)
.scaffold/journal/ and undo/    local history of transactions (ignored by git)
```
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaffold.errors import CheckoutError

FOLDER = ".scaffold"
FORMAT = 1
IGNORED = "journal/\nundo/\n"


def fingerprint(content: bytes) -> str:
    """SHA-256 of a file with its line ends as LF: a checkout with CRLF is no edit."""
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()


@dataclass(frozen=True)
class EditRecord:
    """The units of a shared file that a gap owns: name -> digest."""

    kind: str
    path: str
    created: bool
    units: Mapping[str, str]


@dataclass(frozen=True)
class GapRecord:
    """What one gap wrote.

    `digest` is that of the rendering (for the proof), `template` that of its sources, `removed`
    holds the files that it deleted with the fingerprints that they had.
    """

    slug: str
    kit_version: str
    digest: str
    mode: str
    answers: Mapping[str, Any]
    files: Mapping[str, str]
    edits: tuple[EditRecord, ...] = ()
    template: str = ""
    removed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """All records of a checkout, and the bases that they point to."""

    kit: str
    gaps: Mapping[str, GapRecord] = field(default_factory=dict)
    bases: Mapping[str, bytes] = field(default_factory=dict)

    def owner_of(self, path: str) -> str | None:
        """The gap that generated a file."""
        return next((slug for slug, record in self.gaps.items() if path in record.files), None)

    def to_files(self) -> dict[str, bytes]:
        """The state as files: relative POSIX path -> bytes. Same state, same bytes."""
        if not self.gaps:
            return {}
        import gzip

        head = {"format": FORMAT, "kit": self.kit}
        files = {
            f"{FOLDER}/.gitignore": IGNORED.encode(),
            f"{FOLDER}/state.json": _dump(head),
        }
        wanted: set[str] = set()
        for slug, record in self.gaps.items():
            files[f"{FOLDER}/gaps/{slug}.json"] = _dump(_record_to_json(record))
            wanted |= set(record.files.values())
        for digest in wanted & set(self.bases):
            files[f"{FOLDER}/base/{digest}.gz"] = gzip.compress(self.bases[digest], 9, mtime=0)
        return files


def read_state(root: Path, kit: str) -> State:
    """The state of a checkout; empty where nothing was generated.

    Raises:
        CheckoutError: `.scaffold/` is damaged, of another kit, or written by a newer version.
    """
    head_path = root / FOLDER / "state.json"
    if not head_path.is_file():
        return State(kit)
    head = _load(root, head_path)
    if not isinstance(head.get("format"), int):
        raise _damaged(root, head_path, "it names no format")
    if head["format"] > FORMAT:
        raise CheckoutError(
            f"{FOLDER}/ was written by a newer scaffold (format {head['format']}, "
            f"this one knows {FORMAT})",
            "pip install --upgrade scaffold",
        )
    if head.get("kit") != kit:
        raise CheckoutError(
            f"{FOLDER}/ belongs to the kit '{head.get('kit')}', not to '{kit}'",
            "scaffold --kit DIR …, with that kit",
        )
    gaps: dict[str, GapRecord] = {}
    for path in sorted((root / FOLDER / "gaps").glob("*.json")):
        gaps[path.stem] = _record_from_json(root, path, _load(root, path))
    return State(kit, gaps, _read_bases(root))


def read_verified(root: Path, slug: str) -> dict[str, Any] | None:
    """The last proof of a gap, as `verify` wrote it; None where there is none."""
    path = root / FOLDER / "verified" / f"{slug}.json"
    return _load(root, path) if path.is_file() else None


def dump_verified(outcome: Mapping[str, Any]) -> bytes:
    """The proof of a gap as it is kept."""
    return _dump(outcome)


def _read_bases(root: Path) -> dict[str, bytes]:
    bases: dict[str, bytes] = {}
    import gzip

    for path in sorted((root / FOLDER / "base").glob("*.gz")):
        try:
            content = gzip.decompress(path.read_bytes())
        except (OSError, EOFError, ValueError) as error:
            raise _damaged(root, path, str(error)) from error
        if fingerprint(content) != path.stem:
            raise _damaged(root, path, "its content does not match its name")
        bases[path.stem] = content
    return bases


def _record_to_json(record: GapRecord) -> dict[str, Any]:
    return {
        "kit_version": record.kit_version,
        "digest": record.digest,
        "mode": record.mode,
        "template": record.template,
        "answers": dict(record.answers),
        "files": dict(record.files),
        "edits": [
            {
                "kind": edit.kind,
                "path": edit.path,
                "created": edit.created,
                "units": dict(edit.units),
            }
            for edit in record.edits
        ],
        **({"removed": dict(record.removed)} if record.removed else {}),
    }


def _record_from_json(root: Path, path: Path, data: Mapping[str, Any]) -> GapRecord:
    try:
        return GapRecord(
            slug=path.stem,
            kit_version=str(data["kit_version"]),
            digest=str(data["digest"]),
            mode=str(data["mode"]),
            template=str(data["template"]),
            answers=dict(data["answers"]),
            files={str(key): str(value) for key, value in data["files"].items()},
            edits=tuple(
                EditRecord(item["kind"], item["path"], bool(item["created"]), dict(item["units"]))
                for item in data["edits"]
            ),
            removed={str(key): str(value) for key, value in data.get("removed", {}).items()},
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _damaged(root, path, f"{type(error).__name__} at {error}") from error


def _load(root: Path, path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(root, path, " ".join(str(error).split())) from error
    if not isinstance(data, dict):
        raise _damaged(root, path, "it holds no object")
    return data


def _damaged(root: Path, path: Path, why: str) -> CheckoutError:
    relative = path.relative_to(root).as_posix()
    return CheckoutError(
        f"{relative} is damaged: {why}",
        f"git checkout -- {relative}, or scaffold undo",
    )


def _dump(data: Any) -> bytes:
    text = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False)
    return (text + "\n").encode()
