"""Which members of some modules a test file uses, found by parsing."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from scaffold.languages.trees import text_of, within
from scaffold.languages.typescript.syntax import parse, string_of
from scaffold.system.reading import parsing, walk

if TYPE_CHECKING:
    from tree_sitter import Node

_TEST = re.compile(r".+\.(?:test|spec)\.[cm]?[jt]sx?")
_SOURCE = re.compile(r".+\.[cm]?[jt]sx?")
_LEFT_OUT = ("node_modules", "dist", "build", "coverage", "out")
"""Folders that no runner of tests goes into, unless it is asked to."""


def suite_files(top: Path, refuse: Callable[[OSError], None]) -> Iterator[Path]:
    """The test files below a folder: by their names, or by the folder `__tests__`."""
    for place in walk(top, leave=_is_left_out, refuse=refuse):
        if is_test(place.relative_to(top).as_posix()):
            yield place


def is_test(path: str) -> bool:
    """Whether a path is one of a test file."""
    pure = PurePosixPath(path)
    inside = "__tests__" in pure.parts[:-1] and _SOURCE.fullmatch(pure.name)
    return bool(inside or _TEST.fullmatch(pure.name))


def uses(path: str, source: bytes, modules: Collection[str]) -> set[str]:
    """Names `module.member` that a test file imports and uses.

    A path like `@/utils/x` is the module whose path ends so.

    Raises:
        CheckoutError: The file does not parse.
    """
    with parsing(path, source):
        root = parse(path, source)
        bound: dict[str, str] = {}
        whole: dict[str, str] = {}
        for node in root.named_children:
            if node.type == "import_statement":
                goal = string_of(node.child_by_field_name("source")) or ""
                for module in modules:
                    if _leads_to(path, goal, module):
                        _bind(node, module, bound, whole)
        return set(_used(root, bound, whole)) if bound or whole else set()


def _is_left_out(name: str) -> bool:
    return name.startswith(".") or name in _LEFT_OUT


def _leads_to(path: str, goal: str, module: str) -> bool:
    for ending in (".js", ".jsx", ".ts", ".tsx", ".mjs"):
        goal = goal.removesuffix(ending)
    if goal.startswith("."):
        place = posixpath.normpath(posixpath.join(posixpath.dirname(path), goal))
        return module in (place, f"{place}/index")
    rest = re.sub(r"^[@~#]?/", "", goal)
    return rest != goal and module.endswith((f"/{rest}", f"/{rest}/index"))


def _bind(node: Node, module: str, bound: dict[str, str], whole: dict[str, str]) -> None:
    """Put in the names that an import of the module binds, of members and of the whole of it."""
    for one in within(node):
        if one.type == "import_specifier":
            name = text_of(one.child_by_field_name("name"))
            bound[text_of(one.child_by_field_name("alias")) or name] = f"{module}.{name}"
        elif one.type == "namespace_import":
            whole[text_of(one.named_children[0])] = module
        elif one.type == "import_clause" and one.children[0].type == "identifier":
            bound[text_of(one.children[0])] = f"{module}.default"


def _used(root: Node, bound: dict[str, str], whole: dict[str, str]) -> Iterator[str]:
    for top in root.named_children:
        for node in within(top) if top.type != "import_statement" else ():
            if node.type in ("identifier", "type_identifier") and text_of(node) in bound:
                yield bound[text_of(node)]
            elif node.type == "member_expression":
                module = whole.get(text_of(node.child_by_field_name("object")))
                if module:
                    yield f"{module}.{text_of(node.child_by_field_name('property'))}"
