"""The record of a transaction: what it holds, how it is checked, and whose it is.

A record lies in the checkout, where a stranger can put one. It is believed only with a signature
by a key that lies outside of every checkout, one for each user, over the record and the folder
that it is for; so a record that came with a clone, or from another machine, is never carried out.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from scaffold.checkout.places import Tree
from scaffold.checkout.state import DIGEST, FOLDER, fingerprint, former, is_place
from scaffold.checkout.state.keys import read_key
from scaffold.errors import CheckoutError

UNDO = f"{FOLDER}/undo"
NUMBER = re.compile(r"[0-9]{4,9}")
SET_ASIDE = "scaffold undo --set-aside"
MOST_BYTES = 16 << 20
MOST_FILES = 20_000
MOST_LABEL = 100_000
TOKEN = re.compile(r"[0-9a-f]{32}")
OURS = re.compile(
    rf"{re.escape(FOLDER)}/(\.gitignore|state\.json|bases\.gz|base/[0-9a-f]{{64}}\.gz"
    r"|gaps/[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}\.json)"
)
"""The only places below `.scaffold/` that a transaction writes, those of earlier layouts too."""
OUR_FOLDERS = (FOLDER, former.GAPS, former.BASES)


class DisbeliefError(Exception):
    """Why a record is not believed."""


@dataclass(frozen=True)
class Content:
    """What a file holds: the digest of its bytes, and that with its line ends as LF."""

    digest: str
    lines: str

    @classmethod
    def of(cls, content: bytes) -> Content:
        """The digests of these bytes."""
        return cls(hashlib.sha256(content).hexdigest(), fingerprint(content))


@dataclass(frozen=True)
class Operation:
    """One file: what stood there before and what stands there after; None means no file."""

    path: str
    before: Content | None
    after: Content | None

    @property
    def ours(self) -> bool:
        """Whether it is a file of the state."""
        return self.path.startswith(f"{FOLDER}/")


@dataclass(frozen=True)
class Record:
    """One transaction. `token` is a random part of the names of its temporary files.

    `folders` are those that it makes, `emptied` those that hold nothing afterwards and go, each
    with its permissions; a folder comes before those in it.
    """

    label: str
    token: str
    operations: tuple[Operation, ...]
    folders: tuple[str, ...]
    emptied: tuple[tuple[str, int], ...] = ()

    def temporary(self, number: int) -> str:
        """The name of the temporary file of one operation, in the folder of its path."""
        return f".scaffold-{self.token}-{number:04}"

    def dump(self, root: Path, key: bytes) -> bytes:
        """The record as it is written, signed for this checkout.

        Raises:
            CheckoutError: It is larger than what would be read again.
        """
        body = _to_json(self)
        content = json.dumps({**body, "signature": _sign(body, root, key)}, indent=1).encode()
        try:
            parse(content, root, key)
        except DisbeliefError as error:
            raise CheckoutError(
                f"this change cannot be recorded, so it could not be undone: {error}; "
                "pick fewer gaps at a time",
                "scaffold list",
            ) from error
        return content


class Standing(Enum):
    """What a file holds, as its record knows it."""

    BEFORE = 1
    AFTER = 2
    OTHER = 3


def judge(content: bytes | None, operation: Operation) -> Standing:
    """What these bytes are to a record; line ends that git converted do not count."""
    found = None if content is None else Content.of(content)
    if found == operation.after:
        return Standing.AFTER
    if found == operation.before:
        return Standing.BEFORE
    if found is not None:
        for known, standing in (
            (operation.after, Standing.AFTER),
            (operation.before, Standing.BEFORE),
        ):
            if known is not None and known.lines == found.lines:
                return standing
    return Standing.OTHER


def parse(content: bytes, root: Path, key: bytes | None) -> Record:
    """A record, checked in every field.

    Raises:
        DisbeliefError: It is damaged, or was not written by this user for this checkout.
    """
    try:
        data = json.loads(content.decode("utf-8"))
    except RecursionError as error:
        raise DisbeliefError("its JSON is nested too deep") from error
    except ValueError as error:
        raise DisbeliefError(f"it is not JSON ({' '.join(str(error).split())})") from error
    fields = {"label", "token", "ops", "folders", "signature"}
    _expect(_keys(data) in (fields, {*fields, "emptied"}), "its fields")
    signature = data.pop("signature")
    _expect(_is(DIGEST, signature), "its signature")
    try:
        expected = _sign(data, root, key) if key is not None else ""
    except (RecursionError, ValueError) as error:
        raise DisbeliefError("its JSON is nested too deep") from error
    import hmac

    if not hmac.compare_digest(signature, expected):
        raise DisbeliefError("it was not written by you for this checkout on this machine")
    return _from_json(data)


def _sign(body: Mapping[str, Any], root: Path, key: bytes) -> str:
    whole = {"root": os.path.realpath(root), "record": body}
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"))
    import hmac

    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _to_json(record: Record) -> dict[str, Any]:
    def content(one: Content | None) -> dict[str, str] | None:
        return None if one is None else {"digest": one.digest, "lines": one.lines}

    return {
        "label": record.label,
        "token": record.token,
        "ops": [
            {"path": op.path, "before": content(op.before), "after": content(op.after)}
            for op in record.operations
        ],
        "folders": list(record.folders),
        **({"emptied": dict(record.emptied)} if record.emptied else {}),
    }


def _from_json(data: Mapping[str, Any]) -> Record:
    label, token, ops, folders = (data[key] for key in ("label", "token", "ops", "folders"))
    _expect(isinstance(label, str) and len(label) <= MOST_LABEL, "its label")
    _expect(_is(TOKEN, token), "its token")
    _expect(isinstance(ops, list) and len(ops) <= MOST_FILES, "its files")
    operations = tuple(_operation(op) for op in ops)
    _expect(len({op.path for op in operations}) == len(operations), "a path that is there twice")
    _expect(isinstance(folders, list) and len(folders) <= MOST_FILES, "its folders")
    for folder in folders:
        _expect(folder in OUR_FOLDERS or is_place(folder), "the path of a folder")
    emptied = data.get("emptied", {})
    _expect(isinstance(emptied, dict) and len(emptied) <= MOST_FILES, "its emptied folders")
    for folder, mode in emptied.items():
        _expect(is_place(folder), "the path of an emptied folder")
        _expect(type(mode) is int and 0 <= mode <= 0o7777, "the permissions of a folder")
    return Record(label, token, operations, tuple(folders), tuple(emptied.items()))


def _operation(data: Any) -> Operation:
    _expect(_keys(data) == {"path", "before", "after"}, "a file")
    path = data["path"]
    _expect(isinstance(path, str), "the path of a file")
    _expect(_is(OURS, path) or is_place(path), "the path of a file")
    return Operation(path, _content(data["before"]), _content(data["after"]))


def _content(data: Any) -> Content | None:
    if data is None:
        return None
    _expect(_keys(data) == {"digest", "lines"}, "a digest")
    _expect(_is(DIGEST, data["digest"]) and _is(DIGEST, data["lines"]), "a digest")
    return Content(data["digest"], data["lines"])


def _is(pattern: re.Pattern[str], text: Any) -> bool:
    return isinstance(text, str) and pattern.fullmatch(text) is not None


def _keys(data: Any) -> set[str]:
    return set(data) if isinstance(data, dict) else set()


def _expect(fits: bool, what: str) -> None:
    if not fits:
        raise DisbeliefError(f"{what} cannot be right")


def load_record(tree: Tree, path: str) -> Record:
    """The record of a transaction, its folder relative to the checkout.

    Raises:
        CheckoutError: It is not believed, or cannot be read.
    """
    try:
        content = tree.read(f"{path}/record.json", most=MOST_BYTES)
        if content is None:
            raise DisbeliefError("it has no record.json")
        return parse(content, tree.root, read_key(tree.root))
    except (DisbeliefError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise CheckoutError(
            f"{path} is damaged or not yours: {why}; nothing of it was carried out", SET_ASIDE
        ) from error


def records_in(tree: Tree) -> list[str]:
    """The records of finished transactions, the newest first.

    Raises:
        CheckoutError: Their folder is none.
    """
    try:
        names = [name for name in tree.names(UNDO) if NUMBER.fullmatch(name)]
    except OSError as error:
        raise CheckoutError(
            f"{UNDO} cannot be read: {error.strerror}; nothing of it was carried out", SET_ASIDE
        ) from error
    return [f"{UNDO}/{name}" for name in sorted(names, key=int, reverse=True)]
