"""What tests that are not ours already do for a gap: which functions of its targets they reach."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from scaffold.checkout.find import Checkout
from scaffold.kit.catalog import Gap

if TYPE_CHECKING:
    from ast import AST


@dataclass(frozen=True)
class Adoption:
    """Functions of the targets that a person's tests name, of all that there are."""

    reached: frozenset[str]
    functions: frozenset[str]
    files: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether every function is reached."""
        return bool(self.functions) and self.reached == self.functions

    def sentence(self) -> str:
        """What `status` notes; empty where no test of a person's names a target."""
        if not self.files:
            return ""
        return f"{len(self.reached)} of {len(self.functions)} functions in {', '.join(self.files)}"


def find_adoption(checkout: Checkout, gap: Gap, ours: Collection[str]) -> Adoption:
    """What the suites beside a gap already name of its targets. Found by parsing.

    Args:
        checkout: The tree.
        gap: The row.
        ours: Generated files, which do not count; relative POSIX paths.

    Raises:
        CheckoutError: A target does not parse (see `Checkout.find`).
    """
    # Parsing targets and suites would cost `status` its quickness; most suites name no target.
    suites = [path for path in _suites(checkout.root, gap) if _may_name(path, gap)]
    if not suites:
        return Adoption(frozenset(), frozenset(), ())
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
    for path in suites:
        relative = path.relative_to(checkout.root).as_posix()
        if relative in ours:
            continue
        names = _names(path, modules) & functions
        if names:
            files.append(relative)
            reached |= names
    return Adoption(frozenset(reached), frozenset(functions), tuple(files))


def _suites(root: Path, gap: Gap) -> Iterator[Path]:
    run = gap.run
    if run is None or run.runner != "pytest":
        return
    for suite in run.baseline:
        yield from sorted((root / run.root / suite).glob("**/test_*.py"))


def _may_name(path: Path, gap: Gap) -> bool:
    try:
        source = path.read_bytes()
    except OSError:
        return False
    stems = {PurePosixPath(item).stem for target in gap.targets for item in target.paths}
    return any(stem.encode() in source for stem in stems)


def _names(path: Path, modules: Collection[str]) -> set[str]:
    """Dotted names `module.function` that a test file imports, reads or patches."""
    import ast

    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
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

    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in bound:
            yield bound[node.id]
        elif isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value)
            if owner in bound:
                yield f"{bound[owner]}.{node.attr}"
