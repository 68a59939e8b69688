"""Temporary folders of a run, all below one, and the removal of those that killed runs left.

`TMPDIR/scaffold-UID/` is ours alone (mode 0700). Each run that needs one makes a folder in it and
holds a lock on it; the lock goes with the process, so a folder that can be locked is left over.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import itertools
import os
import re
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from scaffold.errors import CheckoutError
from scaffold.system import keeper

_NAME = re.compile(r"\.?\d+-[0-9a-f]+")
NEW_S = 60.0
LEAST_BYTES = 1
"""Bytes that a temporary folder must have room for, where a run begins."""


class _Run(NamedTuple):
    pid: int
    place: Path
    handle: int


_runs: dict[str, _Run] = {}
_numbers = itertools.count(1)
_making = threading.Lock()
# A fork has no thread that would give it back.
os.register_at_fork(
    before=_making.acquire, after_in_parent=_making.release, after_in_child=_making.release
)


def name() -> str:
    """What this run is called: in the names of its folders, and in its programs' environment."""
    return next((run.place.name for run in _own().values()), "")


def own_folders() -> list[Path]:
    """The folders that this run made."""
    return [run.place for run in _own().values()]


@contextlib.contextmanager
def folder(purpose: str, *, base: str | None = None) -> Iterator[Path]:
    """A new, empty folder; gone afterwards.

    Args:
        purpose: The beginning of its name.
        base: The folder for temporary files; by default as TMPDIR has it.

    Raises:
        CheckoutError: There is no place to write.
    """
    place = make(purpose, base=base)
    try:
        yield place
    finally:
        drop(place)


def make(purpose: str, *, base: str | None = None) -> Path:
    """A new, empty folder that stays until `drop`, at most until this run ends.

    Raises:
        CheckoutError: There is no place to write.
    """
    try:
        place = _run_folder(base or default_base()) / f"{purpose}{next(_numbers)}"
        place.mkdir(mode=0o700)
    except OSError as error:
        raise CheckoutError(
            f"no temporary folder can be made: {error.strerror or error}; make room, or name "
            "another folder for temporary files",
            'export TMPDIR="$HOME"',
        ) from error
    return place


def drop(place: Path) -> None:
    """Remove a folder of this run."""
    # Under another name a thread that still writes into it comes to its end.
    with contextlib.suppress(OSError):
        place = place.rename(place.with_name(f"{place.name}.gone"))
    keeper.remove(str(place))


def finish() -> None:
    """Remove everything that this run made."""
    for base, run in _own().items():
        keeper.remove(str(run.place))
        os.close(run.handle)
        del _runs[base]
        if run.place.parent != _parent(base):
            with contextlib.suppress(OSError):
                run.place.parent.rmdir()


def sweep() -> list[Path]:
    """Remove what killed runs left: their processes, then their folders; what stays is given."""
    left = []
    for base in dict.fromkeys((default_base(), "/tmp")):
        for place in _abandoned(_parent(base)):
            keeper.end_marked(place.name.lstrip("."))
            if not keeper.remove(str(place)):
                left.append(place)
    return left


def default_base() -> str:
    """The folder for temporary files, as `tempfile` chooses it, without writing to try it."""
    asked = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    for place in (*asked, "/tmp", "/var/tmp", "/usr/tmp"):
        if place and os.path.isdir(place) and os.access(place, os.W_OK | os.X_OK):
            return os.path.abspath(place)
    return os.getcwd()


def _own() -> dict[str, _Run]:
    # A fork has a copy of the parent's list.
    return {base: run for base, run in _runs.items() if run.pid == os.getpid()}


def _run_folder(base: str) -> Path:
    with _making:
        own = _own()
        if base not in own:
            if not own:
                atexit.register(finish)
            _runs[base] = _make_run(base, name())
        return _runs[base].place


def _parent(base: str) -> Path:
    return Path(base) / f"scaffold-{os.getuid()}"


def _make_run(base: str, known: str) -> _Run:
    parent = _parent(base)
    with contextlib.suppress(FileExistsError):
        parent.mkdir(mode=0o700)
    if not _is_ours(parent):
        # Somebody else took the name: a folder of this run alone, which no later run looks for.
        import tempfile

        parent = Path(tempfile.mkdtemp(prefix="scaffold-", dir=base))
    called = known or f"{os.getpid()}-{time.time_ns() >> 20:x}"
    # Under the dotted name until it is locked: a sweep leaves a young one alone.
    new = parent / f".{called}"
    new.mkdir(mode=0o700)
    handle = os.open(new, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        # On a full disk a folder can be made, and nothing be written into it.
        (new / "room").write_bytes(bytes(LEAST_BYTES))
        (new / "room").unlink()
    except OSError:
        keeper.remove(str(new))
        os.close(handle)
        raise
    return _Run(os.getpid(), new.rename(parent / called), handle)


def _is_ours(parent: Path) -> bool:
    found = parent.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        return False
    if stat.S_IMODE(found.st_mode) != 0o700:
        parent.chmod(0o700)
    return True


def _abandoned(parent: Path) -> Iterator[Path]:
    """The folders of runs that are gone, each locked while it is looked at."""
    try:
        if not _is_ours(parent):
            return
        names = [name for name in os.listdir(parent) if _NAME.fullmatch(name)]
    except OSError:
        return
    for name in names:
        place = parent / name
        try:
            handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            young = time.time() - os.fstat(handle).st_mtime < NEW_S
            if name.startswith(".") and young:
                continue
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield place
        except OSError:
            continue  # its run is alive
        finally:
            os.close(handle)
