"""What a stranger can put below `.scaffold/`, as functions that put it there, by a name each."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scaffold.checkout.journal import Write, commit
from scaffold.checkout.state import fingerprint
from support.command import scaffold
from support.former_state import as_format
from support.tinykit import DEMO_KIT
from support.tree import write_files

VICTIM = b"a person's own file"
NAMED = '{"format": 3, "kit": "parcels", "in_git": "ignored", "gaps": {"\\u001b[m": {}}}'
Plant = Callable[[Path, Path], object]
"""Puts something into a checkout; the second folder lies outside of it."""


def content(data: bytes | None) -> dict[str, str] | None:
    if data is None:
        return None
    return {"digest": hashlib.sha256(data).hexdigest(), "lines": fingerprint(data)}


def record(path: str, before: bytes | None = None, after: bytes | None = VICTIM) -> dict[str, Any]:
    """A record as it is written, but for the key of the signature."""
    op = {"path": path, "before": content(before), "after": content(after)}
    return {
        "label": "new",
        "token": "0" * 32,
        "ops": [op],
        "folders": [path.rpartition("/")[0] or "x"],
        "signature": "0" * 64,
    }


def planted(folder: str, data: dict[str, Any] | bytes) -> Plant:
    """A record in the journal or the history, with an original beside it."""

    def plant(tree: Path, out: Path) -> None:
        text = data if isinstance(data, bytes) else json.dumps(data).replace("{out}", str(out))
        write_files(tree / ".scaffold" / folder, {"record.json": text, "before/0000": "evil"})

    return plant


def named(place: str, make: Callable[[Path, Path], object]) -> Plant:
    """Something that is not a plain file or folder, at this place below `.scaffold/`."""

    def plant(tree: Path, out: Path) -> None:
        there = tree / ".scaffold" / place
        there.parent.mkdir(parents=True, exist_ok=True)
        if there.is_dir() and not there.is_symlink():
            shutil.rmtree(there)
        there.unlink(missing_ok=True)
        make(there, out)

    return plant


def generated(then: Plant) -> Plant:
    """The same where the tests of a gap were written before."""

    def plant(tree: Path, out: Path) -> None:
        done = scaffold("new", "--gap", "prices", "--kit", DEMO_KIT, "-C", tree)
        assert done.code == 0, done.err
        then(tree, out)

    return plant


def earlier(then: Plant) -> Plant:
    """The same where an earlier version wrote the state."""

    def plant(tree: Path, out: Path) -> None:
        as_format(2, tree)
        then(tree, out)

    return generated(plant)


def gap(**changes: Any) -> Plant:
    """The record of a gap with these fields."""

    def plant(tree: Path, out: Path) -> None:
        place = tree / ".scaffold" / "state.json"
        head = json.loads(place.read_text())
        head["gaps"]["prices"].update(changes)
        place.write_text(json.dumps(head).replace("{out}", str(out)))

    return plant


def proof(**changes: Any) -> Plant:
    """A proof with these fields, which nobody signed."""

    def plant(tree: Path, out: Path) -> None:
        body = {**PROVED, "generated": 9, **changes}
        write_files(tree, {".scaffold/verified/prices.json": json.dumps(body)})

    return plant


def signed_elsewhere(tree: Path, out: Path) -> None:
    """A record that this user wrote, for a checkout at another place."""
    other = Path(shutil.copytree(tree, out.parent / "other"))
    commit(other, [Write("parcels/new.py", VICTIM), Write("parcels/__init__.py", None)], "new")
    shutil.copytree(other / ".scaffold", tree / ".scaffold")
    (tree / ".scaffold/undo/0001").rename(tree / ".scaffold/journal")
    (tree / "parcels/new.py").write_bytes(VICTIM)


def pipe(place: Path, out: Path) -> None:
    os.mkfifo(place)


def to_folder(place: Path, out: Path) -> None:
    place.symlink_to(out)


def to_file(place: Path, out: Path) -> None:
    place.symlink_to(out / "victim")


def endless(place: Path, out: Path) -> None:
    place.symlink_to("/dev/zero")


def huge(place: Path, out: Path) -> None:
    with place.open("wb") as stream:
        stream.truncate(1 << 33)


def deep(place: Path, out: Path) -> None:
    place.write_bytes(b"[" * 200_000)


def door(place: Path, out: Path) -> None:
    here = Path.cwd()
    os.chdir(place.parent)
    try:
        socket.socket(socket.AF_UNIX).bind(place.name)
    finally:
        os.chdir(here)


def bomb(place: Path, out: Path) -> None:
    place.write_bytes(gzip.compress(b"\0" * (80 << 20)))


def a_file(place: Path, out: Path) -> None:
    place.write_bytes(VICTIM)


PROVED = {"verdict": "proved", "passed": 9, "killed": 9, "viable": 9}
ODD = (pipe, to_folder, endless, deep)
RARE = (to_file, huge, door, a_file)
PATHS = (
    *("../out/victim", "{out}/victim", ".git/hooks/x", "a/.GIT/x", "x/../../out/victim"),
    *(".scaffold/../../out/victim", ".scaffold/undo/0001/record.json", "link/victim"),
)
NO_ANSWERS: tuple[Any, ...] = ({"a": [1]}, None, 1.5, "\ud800", 10**400, [])
UNFIT = ("a" * 300, "a/" + "\u00e9" * 130, "tests/\ud800.py", "tests//x.py", "./x.py", "x/")
"""Paths that no file can have, or that are not written as they are walked."""
PLANTS: dict[str, Plant] = {
    **{f"journal: {path}": planted("journal", record(path)) for path in PATHS},
    **{f"undo: {path}": planted("undo/0001", record(path, before=b"evil")) for path in PATHS[:4]},
    "journal: of another checkout": signed_elsewhere,
    "journal: empty record": planted("journal", b""),
    "journal: not UTF-8": planted("journal", b"\xff\xfe"),
    "journal: numbers": planted("journal", b'{"label": ' + b"9" * 5000 + b"}"),
    "journal: types": planted("journal", {**record("a"), "ops": 5, "folders": None}),
    "undo: a number that is too large": planted("undo/999999999", record("a")),
    "undo: a name that is not a number": planted("undo/1x", record("a")),
    **{
        f"{place}: {make.__name__}": named(place, make)
        for place in ("journal", "journal/record.json", "undo", "undo/0001", "kept")
        for make in ODD
    },
    **{
        f"{place}: {make.__name__}": generated(named(place, make))
        for place in (".gitignore", "state.json", "bases.gz", "verified", "verified/prices.json",
                      "undo/0001/before")
        for make in ODD
    },
    **{
        f"earlier {place}: {make.__name__}": earlier(named(place, make))
        for place in ("gaps", "gaps/prices.json", "base", "base/" + "0" * 64 + ".gz")
        for make in ODD
    },
    **{f"journal: {make.__name__}": named("journal", make) for make in RARE},
    **{
        f"{place}: {make.__name__}": generated(named(place, make))
        for place in ("state.json", "bases.gz")
        for make in RARE
    },
    **{
        f"{sibling}: {make.__name__}": named(f"../{sibling}", make)
        for sibling in ("tests/.test_labels.py.scaffold-new", "tests/.test_labels.py.scaffold-tmp")
        for make in (pipe, to_file, to_folder)
    },
    "bases.gz: a bomb": generated(named("bases.gz", bomb)),
    "bases.gz: alone": named("bases.gz", deep),
    "earlier base: a bomb": earlier(named("base/" + "0" * 64 + ".gz", bomb)),
    **{f"gap: files {path}": generated(gap(files={path: "0" * 64})) for path in PATHS[:5]},
    **{f"gap: removed {path}": generated(gap(removed={path: "0"})) for path in PATHS[:5]},
    **{
        f"gap: edits {path}": generated(
            gap(edits=[{"kind": "python", "path": path, "created": True, "units": {"a": "0"}}])
        )
        for path in PATHS[:5]
    },
    **{
        f"gap: {field} {path[:9]!r}": generated(gap(**{field: {path: "0" * 64}}))
        for field in ("files", "removed", "moved")
        for path in UNFIT
    },
    **{
        f"gap: answers {answer!r:.9}": generated(gap(answers={"prices_heaviest": answer}))
        for answer in NO_ANSWERS
    },
    **{
        f"gap: {name}": generated(gap(**{name: "\ud800"}))
        for name in ("kit_version", "digest", "template")
    },
    "gap: a kind of edit": generated(
        gap(edits=[{"kind": "x", "path": "a.py", "created": True, "units": {"a": "0"}}])
    ),
    **{
        f"proof: {name} {value!r:.9}": generated(proof(**{name: value}))
        for name in ("coverage", "before", "digests")
        for value in ("x", [1], {"parcels/prices.py": "x"}, {"\ud800": 1}, 5)
    },
    "proof: nothing generated": generated(proof(generated=None)),
    "proof: a sample": generated(proof(sample="x")),
    "gap: types": generated(gap(files=[], answers="x", edits=[5])),
    "gap: a name": generated(named("state.json", lambda p, out: p.write_text(NAMED))),
    "earlier gap: a name": earlier(named("gaps/\x1b[m.json", lambda p, out: p.write_text("{}"))),
    "proof: types": generated(named("verified/prices.json", lambda p, out: p.write_text("{}"))),
}  # fmt: skip
