"""Records and proofs as JSON, each field checked: what lies in a checkout may be a stranger's."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from scaffold.checkout.files import is_inside
from scaffold.checkout.state.model import FOLDER, EditRecord, GapRecord
from scaffold.checkout.state.reading import damaged, load
from scaffold.checkout.verdict import Mode, Verdict
from scaffold.edits import KEPT, KINDS
from scaffold.system.reading import MOST_INT

COUNTS = ("generated", "passed", "known_defects", "todo", "skipped", "failed", "killed", "viable",
    "sample")  # fmt: skip
"""What a proof counts."""
DIGEST = re.compile(r"[0-9a-f]{64}")
SLUG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}")


def record_to_json(record: GapRecord) -> dict[str, Any]:
    """A record as it is kept; `record_of` reads it again."""

    def plain(item: GapRecord | EditRecord) -> dict[str, Any]:
        optional = ("slug", "removed", "moved", "parts", "kept", "left")
        whole = asdict(item).items()
        return {key: value for key, value in whole if key not in optional or value}

    data = {**plain(record), "edits": [plain(edit) for edit in record.edits]}
    del data["slug"], data["elsewhere"]
    return data


def dump(data: Any) -> bytes:
    """A record as it is kept: the same data, the same bytes."""
    return (json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def record_of(path: str, slug: str, data: Any) -> GapRecord:
    """The record of a gap, checked in every field.

    Raises:
        CheckoutError: It is damaged; `path` is where it stands.
    """
    if not SLUG.fullmatch(slug):
        raise damaged(path, f"{slug!r:.60} is not the name of a gap")
    try:
        record = GapRecord(
            slug=slug,
            kit_version=_text(_mapping(data)["kit_version"]),
            digest=_text(data["digest"]),
            mode=Mode(_text(data["mode"])),
            template=_text(data["template"]),
            answers={key: _answer(value) for key, value in _mapping(data["answers"]).items()},
            files={_path(key): _text(value) for key, value in _mapping(data["files"]).items()},
            edits=tuple(_edit(item) for item in data["edits"]),
            removed={
                _path(key): _text(value) for key, value in _mapping(data.get("removed", {})).items()
            },
            moved={_path(key): _path(to) for key, to in _mapping(data.get("moved", {})).items()},
            parts={key: Mode(value) for key, value in _mapping(data.get("parts", {})).items()},
            left=tuple(_path(path) for path in _listed(data.get("left"))),
        )
        if not all(DIGEST.fullmatch(digest) for digest in record.files.values()):
            raise ValueError("files: a digest")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise damaged(path, f"{slug}: {type(error).__name__} at {error}") from error
    return record


def _edit(item: Mapping[str, Any]) -> EditRecord:
    units = {_text(name): _text(digest) for name, digest in _mapping(item["units"]).items()}
    kept = {_text(name): _text(text) for name, text in _mapping(item.get("kept", {})).items()}
    for name, digest in units.items():
        if digest.startswith("{"):  # format 1
            units[name], kept[name] = KEPT, digest
    return EditRecord(_kind(item["kind"]), _path(item["path"]), bool(item["created"]), units, kept)


def proof_of(path: str, content: bytes) -> dict[str, Any]:
    """A proof, checked as far as it is used.

    Raises:
        CheckoutError: It is damaged.
    """
    proof = load(path, content)
    try:
        fits = _is_proof(proof)
    except TypeError:
        fits = False
    if not fits:
        raise damaged(path, "it is not a proof")
    return proof


def _is_proof(proof: Mapping[str, Any]) -> bool:
    counts = [proof[name] for name in COUNTS if proof.get(name) is not None]
    return (
        all(type(count) is int and 0 <= count < 10**9 for count in counts)
        and None not in (proof.get("passed"), proof.get("generated"))
        and proof.get("verdict") in list(Verdict)
        and (not proof.get("viable") or proof.get("killed") is not None)
        and all(_is_flat(value) for value in proof.values())
        and all(map(_is_before, _listed(proof.get("before"))))
        and all(map(_is_measure, _mapping(proof.get("coverage") or {}).values()))
    )


def _is_before(value: Any) -> bool:
    """Whether a value is what the checkout's own tests showed of a target."""
    names = ("line_cov_pct", "killed", "viable")
    return (
        isinstance(value, dict)
        and isinstance(value.get("path"), str)
        and all(name in value and _is_measure(value[name]) for name in names)
        and (value["killed"] is None) == (value["viable"] is None)
    )


def _is_measure(value: Any) -> bool:
    """Whether it is a count or a share, or None for one that was not measured."""
    return value is None or (type(value) in (int, float) and 0 <= value < MOST_INT)


def _is_flat(value: Any, depth: int = 3) -> bool:
    """Whether a value is nested no deeper than what a proof holds."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return depth > 0 and all(_is_flat(one, depth - 1) for one in inner)
    return True


def is_place(path: Any) -> bool:
    """Whether it is a path of the checkout that is neither in a `.git` nor one of ours.

    It is written as it is walked, so that one file has one name, and a file can have that name.
    """
    if not isinstance(path, str) or not is_inside(path) or not _is_unicode(path):
        return False
    return not any(part in ("", ".") or part.casefold() == FOLDER for part in path.split("/"))


def _path(path: Any) -> str:
    if not is_place(path):
        raise ValueError(f"{path!r:.60}, which is not a place inside the checkout")
    return str(path)


def _answer(value: Any) -> str | int | bool:
    """An answer: whether it fits its question is the kit's to say."""
    if isinstance(value, str) or (isinstance(value, int) and abs(value) < MOST_INT):
        return value
    raise TypeError(f"{value!r:.60}, which is not an answer")


def _kind(name: Any) -> str:
    if name not in KINDS:
        raise ValueError(f"{name!r:.60}, which is not a kind of edit")
    return str(name)


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.60}, which is not text")
    return value


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list | None):
        raise TypeError(f"{value!r:.60}, which is not a list")
    return value or []


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r:.60}, which is not an object")
    return value
