"""Results that are kept by content in the user's cache folder; losing them costs time only.

What lies there is believed only where it is what was kept under this very name: an entry begins
with the digest of its name and content. A cache in a checkout is not used: others would fill it.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from scaffold.errors import CheckoutError
from scaffold.system import isolation
from scaffold.system.invocation import look
from scaffold.system.reading import FILE_FLAGS, MOST_BYTES, read_handle

MIB = 1 << 20
PARTS = {
    "format": 256 * MIB,
    "parsed": 64 * MIB,
    "verdicts": 256 * MIB,
    "cargo": 16384 * MIB,
    "uv": 2048 * MIB,
    "tools": 512 * MIB,
}
"""What is kept, and the most bytes of it: what was not used for longest goes first."""

STALE_S = 3600.0
"""How old a temporary file is when nobody can still be writing it."""

ROOMS = ("checkout", "edits", "kit", "languages")
"""Packages of ours whose code makes what `kept` keeps."""

_MARK = b"scaffold 1 "
_trimmed: set[Path] = set()


def cache_dir(name: str = "") -> Path:
    """`scaffold` below `$XDG_CACHE_HOME` or `~/.cache` (XDG base directories), or a part of it.

    A place that is relative, or in a checkout, is left out: the home folder of the account is next.
    Where there is none either, nothing can be kept there.
    """
    known = os.environ.get("XDG_CACHE_HOME", ""), os.environ.get("HOME")
    return _base(*known, isolation.distrusted(), name)


def entry_of(folder: Path, *parts: bytes) -> Path:
    """Where the result for these parts is kept; each part ends the one before."""
    return folder / hashlib.sha256(b"\0".join(parts)).hexdigest()


def recall(entry: Path) -> bytes | None:
    """What was kept there; None where nothing was, or something else stands in its place."""
    try:
        content = _read_own(entry)
    except OSError:
        return None
    head = _MARK + _digest(entry, content[len(_MARK) + 65 :])
    if content[: len(head)] != head:
        return None
    with suppress(OSError):
        # The time of the last use; it may be another's file that we may only read.
        os.utime(entry)
    return content[len(head) :]


def remember(entry: Path, result: bytes) -> None:
    """Keep a result, whole or not at all; a cache that cannot be written is ignored."""
    if len(result) > MOST_BYTES - 100:
        return
    temporary = entry.with_name(f".{os.getpid()}-{os.urandom(8).hex()}")
    try:
        entry.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.write_bytes(_MARK + _digest(entry, result) + result)
        temporary.replace(entry)
        if entry.parent not in _trimmed:
            _trimmed.add(entry.parent)
            trim(entry.parent, PARTS.get(entry.parent.name, 256 * MIB))
    except OSError:
        with suppress(OSError):
            temporary.unlink()


def kept(make: Callable[[], Any], *parts: str) -> Any:
    """A value that these parts decide, and the code that makes it: made once, then recalled.

    Args:
        make: Makes it; what it raises passes through, and nothing is kept.
        parts: What it is made of, all of it. A value that JSON cannot hold is made each time.
    """
    return _kept(make, _code(), *parts)


def _kept(make: Callable[[], Any], maker: bytes, *parts: str) -> Any:
    import json

    entry = entry_of(cache_dir("parsed"), b"value", maker, json.dumps(parts).encode())
    found = recall(entry)
    try:
        if found is not None:
            return json.loads(found)
    except RecursionError:
        pass
    value = make()
    with suppress(TypeError, ValueError, RecursionError):
        remember(entry, json.dumps(value).encode())
    return value


def toml(text: str) -> Any:
    """What a TOML text holds: see `tomls`."""
    return tomls([text])[0]


def tomls(texts: Sequence[str]) -> Any:
    """What each TOML text holds: to parse them takes ten times as long as to recall them.

    Raises:
        ValueError: It is not TOML (then it is a `TOMLDecodeError`), or a number in it is too long.
        RecursionError: It is nested too deeply.
    """

    def parse() -> Any:
        import tomllib

        return [tomllib.loads(text) for text in texts]

    # Python alone decides it, so our own code is not looked at.
    return _kept(parse, sys.version.encode(), "tomls", *texts)


@cache
def _code() -> bytes:
    """What differs between versions of our code, and of Python."""
    package = Path(__file__).parent.parent
    found = [sys.version]
    for room in ROOMS:
        for above, folders, files in os.walk(package / room):
            folders[:] = sorted(it for it in folders if it != "__pycache__")
            for name in sorted(files):
                about = os.stat(os.path.join(above, name))
                found.append(f"{name} {about.st_size} {about.st_mtime_ns}")
    return "\n".join(found).encode()


def trim(folder: Path, most: int) -> None:
    """Take the files that were not used for longest, until the rest is well below `most` bytes."""
    import time

    found, total = [], 0
    with os.scandir(folder) as listed:
        for item in listed:
            about = item.stat(follow_symlinks=False)
            if item.name.startswith(".") and about.st_mtime < time.time() - STALE_S:
                _remove(item.path)
            elif stat.S_ISREG(about.st_mode):
                found.append((about.st_mtime_ns, about.st_size, item.path))
                total += about.st_size
    if total <= most:
        return
    for _, size, path in sorted(found):
        if total <= most * 3 // 4:
            return
        _remove(path)
        total -= size


def trim_folders(folder: Path, most: int, used: Path | None, *, idle_s: float = 0.0) -> None:
    """Empty the folders in it that were not used for longest, until all take at most `most` bytes.

    Args:
        folder: Holds one folder a checkout.
        most: Bytes.
        used: The one that this run holds: the last to go, when it alone is too large.
        idle_s: Those that were used since then stay; for folders that nobody locks.
    """
    import time

    with suppress(OSError):
        if used is not None:
            os.utime(used)
        sizes = {place: size_of(place) for place in _folders(folder)}
        for place in sorted(sizes, key=lambda it: it.lstat().st_mtime_ns):
            if sum(sizes.values()) <= most:
                return
            idle = time.time() - place.lstat().st_mtime
            if place != used and idle >= idle_s and empty(place):
                sizes[place] = 0
        if used is not None and sizes.get(used, 0) > most and not idle_s:
            _empty(used)


def size_of(place: Path) -> int:
    """The bytes that a file or a folder takes on the disk; links count as themselves."""
    total = 0
    for above, folders, files in os.walk(place):
        for name in [*folders, *files]:
            with suppress(OSError):
                total += os.lstat(os.path.join(above, name)).st_blocks * 512
    return total


def clear() -> list[str]:
    """Remove everything that is kept; the names of the parts that another run uses.

    Raises:
        CheckoutError: The folder is a link, or another user's.
    """
    root = cache_dir()
    try:
        about = root.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return []
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid():
        raise CheckoutError(f"{root} is not a folder of yours; nothing was removed", look(root))
    used = []
    for name in PARTS:
        place = root / name
        # Through a link nothing is removed but the link.
        if not place.is_symlink() and place.is_dir():
            used += [f"{name}/{it.name}" for it in _folders(place) if not empty(it)]
        if not any(it.startswith(f"{name}/") for it in used):
            _remove(str(place))
    return used


def empty(place: Path) -> bool:
    """Whether everything in it is gone but its lock; False where another run holds that."""
    with _locked(place) as free:
        if free:
            _empty(place)
        return free


def _empty(place: Path) -> None:
    for item in [*place.iterdir()]:
        if item.name != "lock":
            _remove(str(item))


@contextmanager
def _locked(place: Path) -> Iterator[bool]:
    import fcntl

    try:
        handle = os.open(place / "lock", os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        yield True
        return
    free = True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        free = False
    try:
        yield free
    finally:
        os.close(handle)


def _folders(folder: Path) -> list[Path]:
    try:
        return [it for it in folder.iterdir() if it.is_dir() and not it.is_symlink()]
    except OSError:
        return []


def _remove(path: str) -> None:
    import shutil

    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):
        os.unlink(path)


@cache
def _base(named: str, home: str | None, distrusted: int, part: str) -> Path:
    # `expanduser` looks at $HOME, and at the list of users without it.
    return Path(_cache_home(named, os.path.expanduser("~/.cache")), "scaffold", part)


def _cache_home(named: str, home: str) -> str:
    if not isolation.untrusted(named):
        return named
    if not isolation.untrusted(home):
        return home
    import pwd

    try:
        return os.path.join(pwd.getpwuid(os.getuid()).pw_dir, ".cache")
    except KeyError:  # a user of a container, who is in no list and has no home folder
        return os.devnull


def _digest(entry: Path, content: bytes) -> bytes:
    return hashlib.sha256(entry.name.encode() + b"\0" + content).hexdigest().encode() + b"\n"


def _read_own(entry: Path) -> bytes:
    # A FIFO is not waited for, nor is a link followed.
    return read_handle(os.open(entry, FILE_FLAGS | os.O_NOFOLLOW), str(entry), MOST_BYTES)
