"""What tests that are not ours already do for a gap: which functions of its targets they reach."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from scaffold.checkout.find import Checkout
from scaffold.errors import CheckoutError
from scaffold.kit.catalog import Gap
from scaffold.languages.python.symbols import parse_python
from scaffold.system.reading import walk

if TYPE_CHECKING:
    from ast import AST


@dataclass(frozen=True)
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
    findings = checkout.find(gap)
    functions = {
        f"{found.module}.{name}"
        for found in findings.targets
        for name, facts in found.symbols.items()
        if facts["kind"] == "function" and "." not in name
    }
    modules = {found.module for found in findings.targets}
    reached: set[str] = set()
    files = []
    for path, source in sources.items():
        names = _names(path, source, modules, unread) & functions
        if names:
            files.append(path)
            reached |= names
    return Adoption(frozenset(reached), frozenset(functions), tuple(files), tuple(unread))


def _suites(checkout: Checkout, gap: Gap, unread: list[str]) -> Iterator[tuple[str, bytes]]:
    """The test files beside a gap that may name one of its targets."""
    run = gap.run
    if run is None or run.runner != "pytest":
        return
    stems = {PurePosixPath(item).stem.encode() for target in gap.targets for item in target.paths}
    for suite in run.baseline:
        for path in _test_files(checkout, f"{run.root}/{suite}", unread):
            try:
                source = checkout.read(path)
            except CheckoutError as error:
                unread.append(error.fact)
                continue
            if any(stem in source for stem in stems):
                yield path, source


def _test_files(checkout: Checkout, suite: str, unread: list[str]) -> Iterator[str]:
    root, top = os.path.realpath(checkout.root), os.path.realpath(checkout.root / suite)
    if not os.path.lexists(top):
        return
    if not Path(top).is_relative_to(root):
        unread.append(f"{suite} leads out of the checkout")
        return

    def refuse(error: OSError) -> None:
        unread.append(f"{os.path.relpath(error.filename, root)}: {error.strerror}")

    for place in walk(Path(top), leave=_is_left_out, refuse=refuse):
        if place.name.startswith("test_") and place.suffix == ".py":
            yield os.path.relpath(place, root)


def _is_left_out(name: str) -> bool:
    # What pytest itself does not go into, unless it is asked to.
    return name.startswith(".") or name in ("node_modules", "venv", "build", "dist", "__pycache__")


def _names(path: str, source: bytes, modules: Collection[str], unread: list[str]) -> set[str]:
    """Dotted names `module.function` that a test file imports, reads or patches."""
    try:
        tree = parse_python(path, source)
    except CheckoutError as error:
        unread.append(error.fact)
        return set()
    bound = _bindings(tree, modules)
    return set(_used(tree, bound))


def _bindings(tree: AST, modules: Collection[str]) -> dict[str, str]:
    """Local name -> dotted name, for imports of the modules and of what is in them."""
    import ast

    bound: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in modules:
                    bound[alias.asname or alias.name] = alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if whole in modules or node.module in modules:
                    bound[alias.asname or alias.name] = whole
    return bound


def _used(tree: AST, bound: dict[str, str]) -> Iterator[str]:
    import ast

    longest = max((name.count(".") for name in bound), default=0)
    waiting: list[AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and node.id in bound:
            yield bound[node.id]
        if not isinstance(node, ast.Attribute):
            waiting += ast.iter_child_nodes(node)
            continue
        # A chain is gone through once, from its end to its start: it may be long.
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        waiting.append(node)
        if isinstance(node, ast.Name):
            yield from _of_a_chain(node.id, names, bound, longest)


def _of_a_chain(owner: str, names: list[str], bound: dict[str, str], longest: int) -> Iterator[str]:
    """What is read along `owner.name.name`; the names come last first."""
    for _ in range(longest + 1):
        if not names:
            return
        name = names.pop()
        if owner in bound:
            yield f"{bound[owner]}.{name}"
        owner = f"{owner}.{name}"
