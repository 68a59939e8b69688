"""Which functions of some modules a person's tests use, found by parsing."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from scaffold.languages.python.symbols import parse_python
from scaffold.system.reading import walk

_LEFT_OUT = ("node_modules", "venv", "build", "dist", "__pycache__")
"""Folders that pytest does not go into, unless it is asked to."""


def suite_files(top: Path, refuse: Callable[[OSError], None]) -> Iterator[Path]:
    """The test files below a folder."""
    for place in walk(top, leave=_is_left_out, refuse=refuse):
        if place.name.startswith("test_") and place.suffix == ".py":
            yield place


def uses(path: str, source: bytes, modules: Collection[str]) -> set[str]:
    """Dotted names `module.function` that a test file imports, reads or patches.

    Raises:
        CheckoutError: The file does not parse.
    """
    tree = parse_python(path, source)
    return set(_used(tree, _bindings(tree, modules)))


def _is_left_out(name: str) -> bool:
    return name.startswith(".") or name in _LEFT_OUT


def _bindings(tree: ast.AST, modules: Collection[str]) -> dict[str, str]:
    """Local name -> dotted name, for imports of the modules and of what is in them."""
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


def _used(tree: ast.AST, bound: dict[str, str]) -> Iterator[str]:
    longest = max((name.count(".") for name in bound), default=0)
    waiting: list[ast.AST] = [tree]
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
