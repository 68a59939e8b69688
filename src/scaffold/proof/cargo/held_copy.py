"""The copy of a checkout that cargo works on, so that nothing is left in the checkout itself.

Copies lie in the cache folder and are brought up to date before each use, changed files only, so
that cargo builds again what changed and nothing else, also for a checkout that is new: what comes
from the registry is there. Each copy has its own target folder. Two may not share one: cargo
names what it builds after the place in the workspace, wherever that is, and goes by times, so it
takes what it built of the other copy for up to date.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from scaffold.checkout.files import read_plain
from scaffold.errors import CheckoutError
from scaffold.proof.git_copy import copy_history
from scaffold.proof.runner import Progress, VerifyOptions
from scaffold.proof.tree_copy import HISTORY, LARGE_BYTES, aim, list_tree, mend_links
from scaffold.system.caching import PARTS, cache_dir, trim_folders
from scaffold.system.invocation import room

COPIES = 4
OWNER = "owner"


@contextmanager
def held_copy(
    checkout: Path, options: VerifyOptions, progress: Progress, owner: Path | None = None
) -> Iterator[Copy]:
    """A copy of the checkout, up to date, and this run's alone.

    There are a few copies in the cache, as many as were ever needed at once. The one that served
    this checkout before is taken if it is free, else one that served any, since most of it is
    built; where all are in use the first is waited for. A checkout that is itself a copy of another
    one, the owner, is served as that one is.

    Raises:
        CheckoutError: The copy cannot be written.
    """
    checkout = checkout.resolve()
    served = str((owner or checkout).resolve())
    base = ((options.cache_dir or cache_dir()) / "cargo").absolute()
    try:
        folders = _folders(base, served)
        taken = next((h for f in folders if (h := _try_lock(f)) is not None), None)
        if taken is None:
            progress(f"waiting: other runs use the copies in {base}")
            taken = _Lock(folders[0], _open_lock(folders[0]))
            fcntl.flock(taken.handle, fcntl.LOCK_EX)
        (taken.folder / OWNER).write_text(served, encoding="utf-8")
    except OSError as error:
        raise _unwritable(base, error) from error
    with taken.handle:
        # Here, and not at the end: what a build takes is known now, and it takes far longer.
        trim_folders(base, PARTS["cargo"], taken.folder)
        copy = Copy(checkout, taken.folder)
        copy.sync()
        yield copy


def _folders(base: Path, checkout: str) -> list[Path]:
    """The copies in the order in which they would suit."""
    folders = [base / f"tree-{number}" for number in range(1, COPIES + 1)]
    owners = {f: _read(f / OWNER) for f in folders}
    return sorted(folders, key=lambda f: (owners[f] != checkout, owners[f] == "", f.name))


@dataclass(frozen=True)
class Copy:
    """A copy of a checkout, and the target folder that goes with it, both below one folder."""

    checkout: Path
    folder: Path

    @property
    def path(self) -> Path:
        """The copy of the checkout's root."""
        return self.folder / "checkout"

    @property
    def target(self) -> Path:
        """The target folder of cargo that goes with the copy."""
        return self.folder / "target"

    def beside(self, number: int) -> Copy:
        """Another copy, up to date, for a worker of the run that holds this one."""
        other = Copy(self.checkout, self.folder / f"worker-{number}")
        other.sync()
        return other

    def sync(self, instead: Mapping[str, bytes] | None = None) -> None:
        """Make the copy equal to the checkout, but for the given contents.

        A file is written only where it differs, and always with a new time: cargo goes by times.

        Raises:
            CheckoutError: The copy cannot be written.
        """
        instead = instead or {}
        try:
            listing = list_tree(self.checkout)
            wanted = {*listing.files, *listing.links}
            self._remove_all_but(wanted, {*listing.folders, *listing.histories})
            for folder in listing.folders:
                (self.path / folder).mkdir(parents=True, exist_ok=True)
            for relative in listing.files:
                self._copy(relative, instead.get(relative))
            for relative in listing.links:
                self._link(relative, aim(listing, relative, self.path))
            mend_links(listing, self.path)
            for relative in listing.histories:
                self._history(relative)
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def write(self, relative: str, content: bytes) -> None:
        """Put a content into a file of the copy.

        Raises:
            CheckoutError: The copy cannot be written.
        """
        try:
            (self.path / relative).write_bytes(content)
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def _remove_all_but(self, wanted: set[str], wanted_folders: set[str]) -> None:
        for folder, folders, files in os.walk(self.path, topdown=False):
            place = Path(folder)
            below = place.relative_to(self.path)
            if HISTORY in below.parts:
                continue
            for name in [*files, *(n for n in folders if (place / n).is_symlink())]:
                if (below / name).as_posix() not in wanted and name != HISTORY:
                    (place / name).unlink()
            for name in folders:
                # A folder that stays keeps its time, which build scripts may go by.
                gone = (below / name).as_posix() not in wanted_folders
                if gone and not (place / name).is_symlink():
                    shutil.rmtree(place / name)

    def _history(self, relative: str) -> None:
        """A `.git` for build scripts and tests that ask for one; only what changed is written."""
        fresh, kept = self.folder / "history", self.path / relative
        shutil.rmtree(fresh, ignore_errors=True)
        copy_history(self.checkout / relative, fresh)
        if not kept.is_dir() or not fresh.is_dir():
            shutil.rmtree(kept, ignore_errors=True)
            if fresh.is_dir():
                fresh.replace(kept)
            return
        new, old = _contents(fresh), _contents(kept)
        for name in old.keys() - new.keys():
            if not name.startswith("objects/"):
                (kept / name).unlink()
        for name in new.keys() - {n for n in new if old.get(n) == new[n]}:
            (kept / name).parent.mkdir(parents=True, exist_ok=True)
            (fresh / name).replace(kept / name)
        shutil.rmtree(fresh, ignore_errors=True)

    def _link(self, relative: str, goal: str) -> None:
        copy = self._room_for(relative)
        if not copy.is_symlink() or os.readlink(copy) != goal:
            copy.unlink(missing_ok=True)
            copy.symlink_to(goal)

    def _copy(self, relative: str, instead: bytes | None) -> None:
        source, copy = self.checkout / relative, self._room_for(relative)
        try:
            content = read_plain(source, most=LARGE_BYTES) if instead is None else instead
        except OSError:  # as for any reader of the checkout: it is not there
            copy.unlink(missing_ok=True)
            return
        if copy.is_file() and not copy.is_symlink() and copy.read_bytes() == content:
            return
        copy.unlink(missing_ok=True)
        copy.write_bytes(content)
        copy.chmod(source.stat().st_mode & 0o777 | 0o600)

    def _room_for(self, relative: str) -> Path:
        """Where a file goes, without a folder that stood there; its own folder is there."""
        copy = self.path / relative
        if copy.is_dir() and not copy.is_symlink():
            shutil.rmtree(copy)
        copy.parent.mkdir(parents=True, exist_ok=True)
        return copy


@dataclass(frozen=True)
class _Lock:
    folder: Path
    handle: IO[str]


def _contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _open_lock(folder: Path) -> IO[str]:
    folder.mkdir(parents=True, exist_ok=True)
    return (folder / "lock").open("w", encoding="utf-8")


def _try_lock(folder: Path) -> _Lock | None:
    handle = _open_lock(folder)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        return None
    return _Lock(folder, handle)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _unwritable(place: Path, error: OSError) -> CheckoutError:
    return CheckoutError(
        f"the copy that cargo works on cannot be written: {error.strerror} ({place}); make "
        "room, or name another place with XDG_CACHE_HOME",
        room(error, place),
    )
