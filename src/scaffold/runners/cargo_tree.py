"""The copy of a checkout that cargo works on, so that nothing is left in the checkout itself.

It lies in the cache folder and is brought up to date before each use, changed files only, so that
cargo builds again what changed and nothing else. All copies share one target folder: what comes
from the registry is built once on a machine.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from scaffold.errors import CheckoutError
from scaffold.runners import Progress, VerifyOptions
from scaffold.runners.verdicts import default_cache_dir

LEFT_OUT = frozenset({".git", ".scaffold", ".venv", "__pycache__", "node_modules", "target"})
"""Folders that are not copied, wherever they are."""


class Tree:
    """A copy of a checkout, and the target folder that goes with it."""

    def __init__(self, checkout: Path, options: VerifyOptions, worker: int = 0) -> None:
        """Name the places; nothing is written yet.

        Args:
            checkout: What is copied.
            options: Its cache folder holds the copies.
            worker: Copies of other numbers are apart, with target folders of their own.
        """
        base = (options.cache_dir or default_cache_dir()) / "cargo"
        digest = hashlib.sha256(str(checkout.resolve()).encode()).hexdigest()[:12]
        suffix = f"-{worker}" if worker else ""
        self.checkout = checkout.resolve()
        self.folder = base / f"tree-{digest}{suffix}"
        self.path = self.folder / "checkout"
        self.target = base / f"target{suffix}"

    @contextmanager
    def held(self, progress: Progress) -> Iterator[None]:
        """The copy, up to date, and this run's alone; another run of it is waited for.

        Raises:
            CheckoutError: The copy cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = (self.folder / "lock").open("w", encoding="utf-8")
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        with handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                progress(f"waiting: another run proves {self.checkout}")
                fcntl.flock(handle, fcntl.LOCK_EX)
            self.sync()
            yield

    def sync(self, instead: Mapping[str, bytes] | None = None) -> None:
        """Make the copy equal to the checkout, but for the given contents.

        A file is written only where it differs, and always with a new time: cargo goes by times.

        Raises:
            CheckoutError: The copy cannot be written.
        """
        instead = instead or {}
        try:
            there = set(self._files(self.path)) if self.path.is_dir() else set()
            wanted = set(self._files(self.checkout))
            for relative in there - wanted:
                (self.path / relative).unlink()
            for relative in wanted:
                self._copy(relative, instead.get(relative))
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

    def _files(self, root: Path) -> Iterator[str]:
        for folder, folders, files in os.walk(root):
            place = Path(folder)
            links = [name for name in folders if (place / name).is_symlink()]
            folders[:] = [n for n in folders if n not in LEFT_OUT and n not in links]
            for name in [*files, *links]:
                if (place / name).is_symlink() or (place / name).is_file():
                    yield (place / name).relative_to(root).as_posix()

    def _copy(self, relative: str, instead: bytes | None) -> None:
        source, copy = self.checkout / relative, self.path / relative
        if source.is_symlink():
            if not copy.is_symlink() or os.readlink(copy) != os.readlink(source):
                copy.unlink(missing_ok=True)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.symlink_to(os.readlink(source))
            return
        content = source.read_bytes() if instead is None else instead
        if copy.is_file() and not copy.is_symlink() and copy.read_bytes() == content:
            return
        if copy.is_dir() and not copy.is_symlink():
            shutil.rmtree(copy)
        copy.unlink(missing_ok=True)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(content)
        copy.chmod(source.stat().st_mode & 0o777 | 0o600)


def _unwritable(place: Path, error: OSError) -> CheckoutError:
    return CheckoutError(
        f"the copy that cargo works on cannot be written: {error.strerror} ({place})",
        f"make room, or name another place: XDG_CACHE_HOME=DIR scaffold verify (now {place})",
    )
