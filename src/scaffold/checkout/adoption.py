"""What tests that are not ours already do for a gap: which functions of its targets they reach."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from scaffold.checkout.find import Checkout
from scaffold.checkout.state import fingerprint
from scaffold.errors import CheckoutError
from scaffold.kit.catalog import Gap
from scaffold.languages import Language, language_of
from scaffold.system.caching import kept
from scaffold.system.frozen import frozen


@frozen
class Adoption:
    """Functions of the targets that a person's tests name, of all that there are.

    `unread` has a sentence for each part of the suites that could not be read.
    """

    reached: frozenset[str]
    functions: frozenset[str]
    files: tuple[str, ...]
    unread: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every function is reached."""
        return bool(self.functions) and self.reached == self.functions

    def sentence(self) -> str:
        """What `status` notes; empty where no test of a person's names a target."""
        if not self.files:
            return ""
        return f"{len(self.reached)} of {len(self.functions)} functions in {', '.join(self.files)}"

    def gaps_of_knowledge(self) -> str:
        """What could not be read, in one sentence; empty where all was."""
        if not self.unread:
            return ""
        more = f" (and {len(self.unread) - 1} more)" if len(self.unread) > 1 else ""
        return f"not looked into: {self.unread[0]}{more}"


def find_adoption(checkout: Checkout, gap: Gap, ours: Collection[str]) -> Adoption:
    """What the suites beside a gap already name of its targets. Found by parsing.

    Args:
        checkout: The tree.
        gap: The row.
        ours: Generated files, which do not count; relative POSIX paths.

    Raises:
        CheckoutError: A target does not parse (see `Checkout.find`).
    """
    unread: list[str] = []
    sources = {path: source for path, source in _suites(checkout, gap, unread) if path not in ours}
    # Parsing targets and suites would cost `status` its quickness; most suites name no target.
    if not sources:
        return Adoption(frozenset(), frozenset(), (), tuple(unread))
    parts = [f"{path}\0{fingerprint(source)}" for path, source in sources.items()]
    parts += [f"{path}\0{module}\0{digest}" for path, module, digest in checkout.digests(gap)]
    found = kept(lambda: _looked_into(checkout, gap, sources), "adoption", *parts)
    reached, functions, files, more = found
    return Adoption(frozenset(reached), frozenset(functions), tuple(files), (*unread, *more))


def _looked_into(
    checkout: Checkout, gap: Gap, sources: Mapping[str, bytes]
) -> tuple[list[str], list[str], list[str], list[str]]:
    """Functions that are reached, all of them, the files that do, and what could not be read."""
    findings = checkout.find(gap)
    functions = {
        f"{found.module}.{name}"
        for found in findings.targets
        for name, facts in found.symbols.items()
        if facts["kind"] == "function" and "." not in name
    }
    modules = {found.module for found in findings.targets}
    reached: set[str] = set()
    files, unread = [], list[str]()
    for path, source in sources.items():
        names = _names(path, source, modules, unread) & functions
        if names:
            files.append(path)
            reached |= names
    return sorted(reached), sorted(functions), files, unread


def _suites(checkout: Checkout, gap: Gap, unread: list[str]) -> Iterator[tuple[str, bytes]]:
    """The test files beside a gap that may name one of its targets."""
    targets = [path for target in gap.targets for path in target.paths]
    stems = {os.path.splitext(os.path.basename(path))[0].encode() for path in targets}
    if gap.run is None:
        return
    for example in {os.path.splitext(path)[1]: path for path in targets}.values():
        for suite in gap.run.baseline:
            found = _suite(checkout, example, f"{gap.run.root}/{suite}")
            unread += found.unread
            yield from (it for it in found.files if any(stem in it[1] for stem in stems))


class _Suite(NamedTuple):
    files: list[tuple[str, bytes]]
    unread: list[str]


def _suite(checkout: Checkout, example: str, suite: str) -> _Suite:
    """The test files in a folder, of the language of another file, read once for all gaps."""
    wanted = os.path.splitext(example)[1], suite
    found = checkout.suites.get(wanted)
    if found is None:
        found = checkout.suites[wanted] = _Suite([], [])
        language = language_of(example)
        for path in _files(checkout, language, suite, found.unread) if language else ():
            try:
                found.files.append((path, checkout.read(path)))
            except CheckoutError as error:
                found.unread.append(error.fact)
    return found


def _files(checkout: Checkout, language: Language, suite: str, unread: list[str]) -> Iterator[str]:
    root, top = os.path.realpath(checkout.root), os.path.realpath(checkout.root / suite)
    if not os.path.lexists(top):
        return
    if not Path(top).is_relative_to(root):
        unread.append(f"{suite} leads out of the checkout")
        return

    def refuse(error: OSError) -> None:
        unread.append(f"{os.path.relpath(error.filename, root)}: {error.strerror}")

    for place in language.suite_files(Path(top), refuse):
        yield os.path.relpath(place, root)


def _names(path: str, source: bytes, modules: Collection[str], unread: list[str]) -> set[str]:
    language = language_of(path)
    try:
        return language.uses(path, source, modules) if language else set()
    except CheckoutError as error:
        unread.append(error.fact)
        return set()
