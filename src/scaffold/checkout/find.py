"""What a checkout holds: its root, targets and symbols. It only reads and parses."""

from __future__ import annotations

import errno
import functools
import hashlib
import os
import stat
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from scaffold.checkout.files import read_file, rule_files
from scaffold.errors import CheckoutError
from scaffold.kit.catalog import Gap, Kit, Target
from scaffold.languages import dotted, language_of
from scaffold.system import isolation
from scaffold.system.caching import cache_dir, entry_of, remember
from scaffold.system.frozen import frozen
from scaffold.system.invocation import look
from scaffold.system.reading import MOST_SOURCE, decoded, read_plain

if TYPE_CHECKING:
    from scaffold.kit.defects import Defect, Looked
    from scaffold.languages import Symbols


@frozen
class FoundTarget:
    """A target as this checkout has it."""

    target: Target
    path: str
    module: str
    symbols: Symbols = field(repr=False)

    @property
    def missing(self) -> tuple[str, ...]:
        """Symbols that the gap's cases ask for and this checkout lacks."""
        return tuple(name for name in self.target.symbols if name not in self.symbols)


@frozen
class Findings:
    """What was found of one gap: its targets, those that are gone, and defects that are mended."""

    gap: Gap
    targets: tuple[FoundTarget, ...]
    gone: tuple[str, ...]
    mended: tuple[str, ...] = ()

    @property
    def retired(self) -> bool:
        """Whether nothing is left to test here."""
        return bool(self.gap.targets) and not self.targets

    def facts(self) -> dict[str, Any]:
        """The facts that templates ask for; the shape is in docs/kit-format.md."""
        targets = {
            found.target.name: {
                "path": found.path,
                "module": found.module,
                "symbols": found.symbols,
            }
            for found in self.targets
        }
        return {"targets": targets, **({"mended": list(self.mended)} if self.mended else {})}

    def left_out(self) -> list[str]:
        """One sentence for each target or symbol that this checkout lacks."""
        lines = [f"{name}: no such file in this checkout" for name in self.gone]
        for found in self.targets:
            lines += [f"{found.path}: no {symbol}" for symbol in found.missing]
        return lines


@frozen
class Checkout:
    """A folder that holds the code base of a kit.

    `planned` are files that are not there yet but will be, by relative POSIX path; `suites` what
    was read of the checkout's own tests, by folder: many gaps share one. `seen` are the settings of
    tools, by folder, and the hooks.
    """

    root: Path
    planned: Mapping[str, bytes] = field(default_factory=dict)
    suites: dict[tuple[str, str], Any] = field(default_factory=dict, compare=False, repr=False)
    seen: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @functools.cached_property
    def _real_root(self) -> str:
        return os.path.join(os.path.realpath(self.root), "")

    @functools.cached_property
    def rules(self) -> dict[str, bytes]:
        """The files with the checkout's own rules, read once for all gaps: path -> bytes.

        Raises:
            CheckoutError: One of them cannot be read.
        """
        found = {path: read_file(self.root, path) for path in rule_files(self.root)}
        return {path: content for path, content in found.items() if content is not None}

    def settings(self, paths: Iterable[str]) -> dict[str, dict[str, Any]]:
        """What the folders of these files, and those above, set for tools: path -> tool -> that."""
        from scaffold.checkout.settings import read_settings

        found: dict[str, dict[str, Any]] = {}
        for folder in {str(it) for path in paths for it in PurePosixPath(path).parents}:
            if folder not in self.seen:
                self.seen[folder] = read_settings(self.root, folder)
            found |= self.seen[folder]
        return found

    def find(self, gap: Gap) -> Findings:
        """The gap's targets here, by their alternatives.

        Raises:
            CheckoutError: A target does not parse or cannot be read.
        """
        from scaffold.kit.defects import Fit

        found: list[FoundTarget] = []
        gone: list[str] = []
        for target in gap.targets:
            path = self._first(target.paths)
            if path is None:
                gone += [] if target.made else [target.paths[0]]
                continue
            found.append(
                FoundTarget(
                    target=target,
                    path=path,
                    module=self._module(path, gap),
                    symbols=self._symbols(path),
                )
            )
        mended = (one.id for one, looked in self.defects(gap) if looked.fit is Fit.MENDED)
        return Findings(gap, tuple(found), tuple(gone), tuple(mended))

    def defects(self, gap: Gap) -> tuple[tuple[Defect, Looked], ...]:
        """The known defects of a gap, each with what its mend finds here; a file is read once.

        Raises:
            KitError: The row's defects or mends are broken.
        """
        from scaffold.kit.defects import load_defects

        read = functools.cache(self.text)
        return tuple((one, one.look(read)) for one in load_defects(gap))

    def check(self, gap: Gap) -> None:
        """Whether the gap's targets parse, without their symbols: much cheaper than `find`.

        Raises:
            CheckoutError: One does not parse or cannot be read.
        """
        paths = filter(None, (self._first(target.paths) for target in gap.targets))
        _check_syntax([(path, self.read(path)) for path in paths if not self._is_folder(path)])

    def digests(self, gap: Gap) -> list[tuple[str, str, str]]:
        """Path, module and digest of each target that is here: what `find` decides by.

        Raises:
            CheckoutError: One cannot be read.
        """
        paths = filter(None, (self._first(target.paths) for target in gap.targets))
        return [
            (path, self._module(path, gap), "" if self._is_folder(path) else self._digest(path))
            for path in paths
        ]

    def has_target(self, gap: Gap) -> bool:
        """Whether any target of the gap is here, without parsing it."""
        return any(self._first(target.paths) for target in gap.targets)

    def read(self, path: str) -> bytes:
        """The bytes of a file that is here, or will be.

        Raises:
            CheckoutError: It is not a plain file of bounded size inside the checkout.
        """
        if path in self.planned:
            return self.planned[path]
        place = self._place(path)
        try:
            # A link inside the checkout is the project's own way; one that leaves it is not read.
            if not os.path.realpath(place).startswith(self._real_root):
                raise CheckoutError(f"{path} leads out of the checkout", look(place))
            return read_plain(place)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise CheckoutError(f"{path} cannot be read: {why}", look(place)) from error

    def standing(self, path: str, written: Collection[str]) -> bytes | None:
        """The bytes of a file that is here; None where there is none.

        Args:
            path: Its place.
            written: What is ours to write: no link leads there. One may lead to other files.

        Raises:
            CheckoutError: It is not a plain file of bounded size inside the checkout.
        """
        if path in written or not os.path.isfile(self._place(path)):
            return read_file(self.root, path)
        return self.read(path)

    def text(self, path: str) -> str | None:
        """The text of a file, with plain newlines; None where there is none that can be read."""
        try:
            return decoded(path, self.read(path)).replace("\r\n", "\n")
        except CheckoutError:
            return None

    def _first(self, paths: Sequence[str]) -> str | None:
        return next((p for p in paths if p in self.planned or _is_there(self._place(p))), None)

    def _is_folder(self, path: str) -> bool:
        """Whether a target that names no file is a folder; one that names a file must be one."""
        return not os.path.splitext(path)[1] and os.path.isdir(self._place(path))

    def _place(self, path: str) -> str:
        return os.path.join(self.root, path)

    def _module(self, path: str, gap: Gap) -> str:
        language = language_of(path)
        if language is None:
            return dotted(path, gap.run.root if gap.run else "")
        return language.module_of(self.root, path, gap.run, self.planned)

    def _digest(self, path: str) -> str:
        return hashlib.sha256(self.read(path)).hexdigest()

    def _symbols(self, path: str) -> Symbols:
        if self._is_folder(path):
            return {}
        from scaffold.languages.symbols import symbols_of

        return symbols_of(path, self.read(path))


def open_checkout(start: Path, kit: Kit) -> Checkout:
    """The checkout around a folder: the folder itself or the nearest one above it.

    Raises:
        CheckoutError: The folder does not exist, or nothing above it is a checkout.
    """
    try:
        is_folder = stat.S_ISDIR(os.stat(start).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        is_folder = False
    except OSError as error:
        raise CheckoutError(
            f"{start} cannot be looked at (-C): {error.strerror}", look(_above(start))
        ) from error
    if not is_folder:
        raise CheckoutError(f"there is no folder {start} (-C)", look(_above(start), "-a"))
    try:
        start = start.resolve()
    except OSError as error:
        raise CheckoutError(
            f"the current folder cannot be found: {error.strerror}", "cd ~"
        ) from error
    for folder in (start, *start.parents):
        if any(_is_there(os.path.join(folder, marker)) for marker in kit.markers):
            isolation.distrust(folder)
            isolation.distrust_around(folder)
            return Checkout(folder)
    raise CheckoutError(
        f"{start} is not a checkout of {kit.title or kit.name}: none of "
        f"{', '.join(kit.markers)} is in it or above it; -C names the checkout",
        look(start, "-a"),
    )


def _is_there(place: str) -> bool:
    """Whether something is in this place, even where it cannot be looked at."""
    try:
        os.stat(place)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError as error:
        return error.errno != errno.ENAMETOOLONG
    return True


def _check_syntax(sources: Sequence[tuple[str, bytes]]) -> None:
    known = [(language, *one) for one in sources if (language := language_of(one[0]))]
    # `status` asks for every target each time, and most are as they were: one look for all of them.
    digests = [hashlib.sha256(source).digest() for _, _, source in known]
    keys = (language.syntax_key() for language, _, _ in known)
    seen = entry_of(cache_dir("parsed"), b"syntax", *map(bytes.__add__, digests, keys))
    if all(len(source) <= MOST_SOURCE for _, _, source in known) and seen.is_file():
        return
    for language, path, source in known:
        language.check_syntax(path, source)
    remember(seen, b"")


def _above(folder: Path) -> Path:
    """The nearest folder above one that is there."""
    return next((place for place in folder.parents if os.path.isdir(place)), Path("/"))
