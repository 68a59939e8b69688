"""The history of a repository, read by a `.git` of our own: none of its settings is looked at.

A setting can name a program (a partial clone fetches what is missing through one), or another file
that is a pipe. So git gets the ids of the branches, and the objects as they lie there.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scaffold.system.git import GIT_S, folder_of, history_above, safe_git
from scaffold.system.reading import read_plain

MOST_REF = 1 << 12
MOST_REFS = 64 << 20
MOST_OBJECTS = 200_000
MOST_DEPTH = 5
MOST_INCLUDED = 100
ID = r"[0-9a-f]{64}|[0-9a-f]{40}"
OF_A_TREE = ("HEAD", "commondir", "config.worktree", "index", "info/sparse-checkout")
SHARED = ("config", "packed-refs", "shallow", "info/attributes", "info/exclude")
RULES = (".gitattributes", ".gitignore")
BRANCHES = ("heads", "remotes")
_PACKED = re.compile(rf"^({ID}) refs/(?:{'|'.join(BRANCHES)})/", re.MULTILINE)
_IN_STORE = re.compile(r"[0-9a-f]{2}|info|pack")
_INCLUDE = re.compile(r"^\s*(?:\[[^\]\n]*\])?\s*path\s*=(.*)$", re.MULTILINE | re.IGNORECASE)
_CONFIG = "[core]\n\trepositoryformatversion = {}\n\tbare = true\n"
_SHA256 = "[extensions]\n\tobjectformat = sha256\n"


@dataclass(frozen=True)
class History:
    """What is read of a repository.

    Attributes:
        lead: The checkout in the repository, with a slash; empty where it is the repository.
        head: The id of the commit that is checked out.
        branches: The ids that branches name, those of remotes included.
        stores: The folders of the objects.
        shallow: The commits whose parents were not cloned, as git keeps them.
    """

    lead: str
    head: str
    branches: tuple[str, ...]
    stores: tuple[Path, ...]
    shallow: bytes

    def ask(self, *arguments: str, given: Sequence[str] = ()) -> list[str]:
        """What git lists, each item ended by NUL; nothing where it cannot.

        Args:
            arguments: Those of git.
            given: Lines that it reads.
        """
        from scaffold.errors import MissingToolError
        from scaffold.system.process import empty_folder, run_tool

        try:
            with empty_folder() as folder:
                self._write(folder / "history")
                words = safe_git("--git-dir=history", *arguments)
                text = "".join(f"{line}\n" for line in given)
                done = run_tool(words, cwd=folder, timeout_s=GIT_S, input_text=text)
        except MissingToolError:
            return []
        return [item for item in done.stdout.split("\0") if item] if done.returncode == 0 else []

    def ids_of(self, paths: Collection[str]) -> dict[str, str]:
        """The ids of these files of the checkout as its commit has them; without those it lacks."""
        if not paths:
            return {}
        named = ["--", *(f":(literal){self.lead}{path}" for path in sorted(paths))]
        ids = {}
        for entry in self.ask("ls-tree", "-r", "-z", self.head, *named):
            about, _, path = entry.partition("\t")
            ids[path.removeprefix(self.lead)] = about.split(" ")[-1]
        return ids

    def _write(self, place: Path) -> None:
        (place / "refs").mkdir(parents=True)
        (place / "objects" / "info").mkdir(parents=True)
        (place / "HEAD").write_text(f"{self.head}\n", "ascii")
        wide = len(self.head) == 64
        config = _CONFIG.format(int(wide)) + (_SHA256 if wide else "")
        (place / "config").write_text(config, "ascii")
        if self.shallow:
            (place / "shallow").write_bytes(self.shallow)
        stores = b"".join(line_of_alternates(store) for store in self.stores)
        (place / "objects" / "info" / "alternates").write_bytes(stores)


def is_blob(content: bytes | None, name: str | None) -> bool:
    """Whether a file holds what git names so; None where there is none."""
    if content is None or name is None:
        return content is None and name is None
    algorithm = "sha1" if len(name) == 40 else "sha256"
    whole = b"blob %d\0%b" % (len(content), content)
    return hashlib.new(algorithm, whole, usedforsecurity=False).hexdigest() == name


def history_of(root: Path) -> History | None:
    """The history that a checkout lies in; None where there is none, or it cannot be read."""
    above = history_above(root)
    own = folder_of(above / ".git") if above is not None else None
    if above is None or own is None:
        return None
    try:
        common = common_of(own)
        packed = _text(common / "packed-refs", MOST_REFS)
        head = _head(own, common, packed)
        branches = {*_PACKED.findall(packed), *_loose(common)}
        stores = tuple(_stores(common / "objects"))
        shallow = _bytes(common / "shallow", MOST_REFS)
    except (OSError, ValueError):
        return None
    lead = root.resolve().relative_to(above.resolve()).as_posix()
    return History("" if lead == "." else f"{lead}/", head, tuple(branches), stores, shallow)


def common_of(own: Path) -> Path:
    """Where a worktree's history keeps what all worktrees share."""
    try:
        common = _text(own / "commondir").strip()
        return Path(os.path.realpath(own / common)) if common else own
    except (OSError, ValueError):
        return own


def not_plain(root: Path, paths: Iterable[str] = ()) -> Path | None:
    """Something that git would wait for: a pipe or a device in place of one of its files.

    Args:
        root: The checkout.
        paths: Also the rules for what to ignore, in the folders of these files.
    """
    above = history_above(root)
    own = folder_of(above / ".git") if above is not None else None
    if above is None or own is None:
        return None
    folders = {above, *(folder for path in paths for folder in (root / path).parents)}
    inside = (folder for folder in folders if folder.is_relative_to(above))
    files = [folder / name for folder in inside for name in RULES]
    files += [own / name for name in OF_A_TREE]
    common = common_of(own)
    files += [common / name for name in SHARED]
    found = next((place for place in files if _is_odd(place)), None)
    try:
        list(_stores(common / "objects"))
    except (OSError, ValueError) as error:
        named = getattr(error, "filename", None)
        found = found or (Path(named) if named else None)
    return found or _included(common / "config")


def _included(config: Path) -> Path | None:
    """A file that settings take in, and that is not a plain one."""
    todo = [config]
    for _ in range(MOST_INCLUDED):
        if not todo:
            break
        place = todo.pop()
        if _is_odd(place):
            return place
        with suppress(OSError, ValueError):
            for named in _INCLUDE.findall(_text(place, MOST_REFS)):
                todo.append(place.parent / os.path.expanduser(named.strip().strip('"')))
    return None


def _is_odd(place: Path) -> bool:
    # Unlike those of a Path these raise for no name.
    return os.path.exists(place) and not os.path.isfile(place)


def line_of_alternates(store: Path) -> bytes:
    """A path as a line of `alternates`, quoted as C does where it has to be."""
    path = str(store)
    if re.search(r'[\x00-\x1f"\\]', path):
        path = '"' + re.sub(r'[\x00-\x1f"\\]', lambda m: f"\\{ord(m[0]):03o}", path) + '"'
    return os.fsencode(path) + b"\n"


def _head(own: Path, common: Path, packed: str) -> str:
    text = _text(own / "HEAD").strip()
    for _ in range(MOST_DEPTH):
        if not text.startswith("ref: refs/"):
            break
        name = text.removeprefix("ref: ")
        if ".." in name:
            break
        found = re.search(rf"^({ID}) {re.escape(name)}$", packed, re.MULTILINE)
        text = _text(common / name).strip() or (found[1] if found else "")
    if not re.fullmatch(ID, text):
        raise ValueError(f"HEAD: {text!r:.80}")
    return text


def _loose(common: Path) -> Iterator[str]:
    for kind in BRANCHES:
        for folder, _, names in os.walk(common / "refs" / kind):
            for name in names:
                text = _text(Path(folder, name)).strip()
                if re.fullmatch(ID, text):
                    yield text


def _stores(objects: Path) -> Iterator[Path]:
    """A folder of objects and those that it borrows from, where each holds plain files alone.

    Raises:
        OSError: Something in them is not a plain file: git would wait for a pipe.
    """
    todo, seen = [(objects, 0)], set[Path]()
    while todo:
        store, depth = todo.pop()
        store = Path(os.path.realpath(store))
        if store in seen or depth > MOST_DEPTH or not store.is_dir():
            continue
        seen.add(store)
        _check_plain(store)
        yield store
        for line in _text(store / "info" / "alternates", MOST_REFS).splitlines():
            if line and not line.startswith("#"):
                todo.append((store / line, depth + 1))


def _check_plain(store: Path) -> None:
    todo = [str(store / name) for name in os.listdir(store) if _IN_STORE.fullmatch(name)]
    left = MOST_OBJECTS
    while todo:
        with os.scandir(todo.pop()) as entries:
            for entry in entries:
                left -= 1
                if entry.is_dir():
                    todo.append(entry.path)
                elif not entry.is_file():
                    raise OSError(errno.EINVAL, "Not a plain file", entry.path)
                elif left < 0:
                    raise OSError("too many objects")


def _text(place: Path, most: int = MOST_REF) -> str:
    return _bytes(place, most).decode("utf-8", "surrogateescape")


def _bytes(place: Path, most: int) -> bytes:
    try:
        return read_plain(place, most=most)
    except (FileNotFoundError, NotADirectoryError):
        return b""
