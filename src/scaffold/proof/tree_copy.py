"""A copy of a checkout for tests that run on broken code: what is in it, and where its links lead.

What git tracks is always copied, whatever its name. Everything else is copied as well (generated
files and compiled modules are seldom tracked), but for folders that are recognisably made by a
tool, other version control, special files, and very large files that git does not track.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from scaffold.errors import CheckoutError, MissingToolError, ScaffoldError
from scaffold.proof.git_copy import copy_history
from scaffold.proof.pool import Stopped
from scaffold.system import process
from scaffold.system.git import history_above, reading_env, safe_git
from scaffold.system.invocation import quoted
from scaffold.system.reading import TOOL_FOLDERS

CACHE_TAG = b"Signature: 8a477f597d28d172789f06886806bc55"
"""How a CACHEDIR.TAG begins (bford.info/cachedir)."""

OURS = ".scaffold"
HISTORY = ".git"
# Names of entries that only the tool itself writes into a folder that it made.
MADE_BY = {
    "pyvenv.cfg": "a virtual environment",
    "conda-meta": "a conda environment",
    ".rustc_info.json": "a target folder of cargo",
}
PACKAGES = "node_modules"
INSTALLED = frozenset({".package-lock.json", ".yarn-integrity", ".modules.yaml", ".bin"})
LARGE_BYTES = 256 << 20
SPAN = 1 << 20
LIST_S = 120.0


@dataclass(frozen=True)
class Listing:
    """What a copy of a checkout holds; every path is relative to it, POSIX.

    Attributes:
        root: The checkout, resolved.
        folders: Each after the one that it lies in.
        files: Plain files.
        links: Symlinks, of files and of folders.
        histories: `.git` entries: the checkout's own, and those of submodules.
        left_out: What is not copied, with the reason.
    """

    root: Path
    folders: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    histories: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


def list_tree(checkout: Path) -> Listing:
    """What a copy of the checkout holds."""
    found = Listing(checkout.resolve())
    tracked = _tracked(found.root)
    holds_tracked = {str(above) for path in tracked for above in PurePosixPath(path).parents}
    todo = [""]
    while todo:
        folder = todo.pop()
        try:
            with os.scandir(found.root / folder) as entries:
                inside = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            found.left_out[folder or "."] = _why(error)
            continue
        made = folder and folder not in holds_tracked and _made_by(found.root, folder, inside)
        if made:
            found.left_out[folder] = made
            continue
        if folder:
            found.folders.append(folder)
        todo += reversed(_take(found, folder, inside, tracked))
    return found


def _take(
    found: Listing, folder: str, inside: list[os.DirEntry[str]], tracked: frozenset[str]
) -> list[str]:
    """Put a folder's entries where they belong; what is left are the folders in it."""
    below = []
    for entry in inside:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.name == HISTORY:
            found.histories.append(path)
        elif path == OURS:
            continue
        elif entry.is_symlink():
            found.links.append(path)
        elif entry.is_dir(follow_symlinks=False):
            below.append(path)
        elif not entry.is_file(follow_symlinks=False):
            found.left_out[path] = "not a plain file"
        elif path not in tracked and _size(entry) > LARGE_BYTES:
            found.left_out[path] = f"{_size(entry) >> 20} MiB, and git does not track it"
        else:
            found.files.append(path)
    return below


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError:
        return 0


def _made_by(root: Path, folder: str, inside: list[os.DirEntry[str]]) -> str:
    """Which tool made a folder; empty where nothing shows that one did."""
    name = folder.rpartition("/")[2]
    names = {entry.name for entry in inside}
    for mark, tool in MADE_BY.items():
        if mark in names:
            return f"{tool}, and git tracks nothing in it"
    if name in TOOL_FOLDERS:
        return f"{name} belongs to a tool"
    if name == PACKAGES and (names & INSTALLED or (root / folder / "../package.json").is_file()):
        return "installed packages, and git tracks nothing in them"
    if "CACHEDIR.TAG" in names and _is_cache(root / folder / "CACHEDIR.TAG"):
        return "it is marked as a cache by CACHEDIR.TAG"
    return ""


def _is_cache(tag: Path) -> bool:
    try:
        handle = os.open(tag, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    with os.fdopen(handle, "rb") as stream:
        return stat.S_ISREG(os.fstat(handle).st_mode) and stream.read(43) == CACHE_TAG


def _tracked(root: Path) -> frozenset[str]:
    """What git tracks below the checkout, submodules included; nothing where there is no git."""
    if history_above(root) is None:
        return frozenset()
    for more in (["--recurse-submodules"], []):
        try:
            argv = safe_git("ls-files", "-z", *more)
            done = process.run(argv, cwd=root, env=reading_env(), timeout_s=LIST_S)
        except MissingToolError:
            return frozenset()
        if done.returncode == 0:
            return frozenset(filter(None, done.stdout.split("\0")))
    return frozenset()


def copy_tree(
    checkout: Path | Listing, place: Path, *, stop: Callable[[], bool] = lambda: False
) -> Path:
    """The root of a copy of the checkout, at the place or, where git's root is above it, below.

    Raises:
        CheckoutError: The copy cannot be written.
        Stopped: `stop` said so.
    """
    listing = checkout if isinstance(checkout, Listing) else list_tree(checkout)
    above = history_above(listing.root)
    copy = place / listing.root.relative_to(above) if above is not None else place
    try:
        copy.mkdir(parents=True)
        for folder in listing.folders:
            _copy_folder(listing, folder, copy)
        for path in listing.files:
            if stop():
                raise Stopped
            _copy_file(listing, path, copy)
        for path in listing.links:
            if (copy / path).parent.is_dir():
                (copy / path).symlink_to(aim(listing, path, copy))
        mend_links(listing, copy)
        if above is not None:
            copy_history(above / HISTORY, place / HISTORY)
        for path in listing.histories:
            if not (copy / path).exists():
                copy_history(listing.root / path, copy / path)
    except OSError as error:
        raise unwritable(place, error) from error
    return copy


def unwritable(place: Path, error: OSError) -> CheckoutError:
    """The refusal where a copy cannot be written."""
    return CheckoutError(
        f"the copy of the tree for the tests cannot be written: {error.strerror} ({place})",
        f"df -h {quoted(str(place.parent))}",
    )


def _copy_folder(listing: Listing, folder: str, copy: Path) -> None:
    # Always writable for us: a mutant is written into it, and the copy has to go again.
    mode = stat.S_IMODE((listing.root / folder).stat().st_mode) & 0o777 | 0o700
    try:
        (copy / folder).mkdir()
        (copy / folder).chmod(mode)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        listing.left_out[folder] = _why(error)


def _copy_file(listing: Listing, path: str, copy: Path) -> None:
    """A file with its mode and times; one that cannot be read is left out and named."""
    if not (copy / path).parent.is_dir():
        return
    try:
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(listing.root / path, flags)
    except OSError as error:
        listing.left_out[path] = _why(error)
        return
    with os.fdopen(handle, "rb", buffering=0) as source:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            listing.left_out[path] = "not a plain file"
            return
        with open(copy / path, "xb", buffering=0) as target:
            for start, end in _spans(handle, found):
                source.seek(start)
                target.seek(start)
                while start < end and (chunk := source.read(min(SPAN, end - start))):
                    start += target.write(chunk)
            target.truncate(found.st_size)
            os.fchmod(target.fileno(), stat.S_IMODE(found.st_mode) & 0o777)
    os.utime(copy / path, ns=(found.st_atime_ns, found.st_mtime_ns))


def _spans(handle: int, found: os.stat_result) -> Iterator[tuple[int, int]]:
    """Where a file has data: a sparse one is copied as sparse as it is."""
    sparse = found.st_blocks * 512 < found.st_size and hasattr(os, "SEEK_DATA")
    if not sparse or found.st_size < SPAN:
        yield 0, found.st_size
        return
    end = 0
    while end < found.st_size:
        try:
            start = os.lseek(handle, end, os.SEEK_DATA)
        except OSError:  # there is nothing but a hole up to the end
            return
        end = os.lseek(handle, start, os.SEEK_HOLE)
        yield start, end


def aim(listing: Listing, path: str, copy: Path) -> str:
    """What the copy of a link holds, so that one that leads into the tree leads into the copy."""
    source = listing.root / path
    text = os.readlink(source)
    if not os.path.isabs(text) and _stays_inside(path, text):
        return text
    goal = os.path.realpath(os.path.join(source.parent, text))
    if Path(goal).is_relative_to(listing.root):
        return str(copy / Path(goal).relative_to(listing.root))
    return os.path.join(source.parent, text)


def _stays_inside(path: str, text: str) -> bool:
    """Whether a relative link never climbs above the root on its way."""
    depth = path.count("/")
    for part in text.split("/"):
        depth += -1 if part == ".." else part not in ("", ".")
        if depth < 0:
            return False
    return True


def mend_links(listing: Listing, copy: Path) -> None:
    """Links to what was left out lead to the checkout, as they did."""
    for path in listing.links:
        source = listing.root / path
        dangling = (copy / path).is_symlink() and not os.path.exists(copy / path)
        if dangling and os.path.exists(source):
            (copy / path).unlink()
            (copy / path).symlink_to(os.path.realpath(source))


def remove_tree(place: Path) -> None:
    """Remove a copy, whatever the tests did to its modes and however deep it is."""

    def open_up(function: object, path: str, info: object) -> None:
        for folder in (os.path.dirname(path), path):
            try:
                os.chmod(folder, 0o700)
            except OSError:
                continue

    for _ in range(3):
        try:
            shutil.rmtree(place, onerror=open_up)
        except (OSError, RecursionError):
            pass
        if not place.exists():
            return
    try:  # deeper than Python can follow
        process.run(["rm", "-rf", "--", str(place)], cwd=place.parent)
    except ScaffoldError:
        return


def digests_of(listing: Listing) -> Mapping[str, bytes]:
    """Path -> a hash of all that a test can see of it: kind, mode and content.

    Of files that are too large to be read each time it is their place and times on the disk.
    """
    found = {path: b"link " + os.fsencode(_link(listing.root / path)) for path in listing.links}
    found |= {path: b"folder" for path in listing.folders}
    found |= {path: b"left out" for path in listing.left_out}
    for path in listing.files:
        found[path] = digest_of(listing.root / path)
    return found


def digest_of(place: Path) -> bytes:
    """A hash of a plain file's mode and content."""
    try:
        handle = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        return _why(error).encode()
    with os.fdopen(handle, "rb", buffering=0) as stream:
        found = os.fstat(handle)
        digest = hashlib.sha256(b"%o\n" % (found.st_mode & 0o111))
        if found.st_size > LARGE_BYTES // 16:
            digest.update(
                b"%d %d %d %d" % (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
            )
        elif stat.S_ISREG(found.st_mode):
            digest.update(stream.read())
    return digest.digest()


def _link(place: Path) -> str:
    try:
        return os.readlink(place)
    except OSError:
        return ""


def _why(error: OSError) -> str:
    return (error.strerror or "it cannot be read").lower()
