"""The layout of a Python file that is wholly ours: sorted imports, then units in a fixed order."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from scaffold.languages.python.module import Import

WIDTH = 88
"""Columns of a generated line, as black has them."""

_FUTURE, _STDLIB, _THIRD, _FIRST, _LOCAL = range(5)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Definition:
    """A unit that is not an import: its name, its text in LF with its comments, its digest."""

    name: str
    text: str
    digest: str
    node: ast.stmt
    line: int

    @property
    def noun(self) -> str:
        """What to call it in a message."""
        if isinstance(self.node, _FUNCTIONS):
            return "fixture" if self.is_fixture else "function"
        return "class" if isinstance(self.node, ast.ClassDef) else "constant"

    @property
    def is_fixture(self) -> bool:
        """Whether it is a pytest fixture, which others use by naming a parameter."""
        return isinstance(self.node, _FUNCTIONS) and any(
            "fixture" in ast.unparse(item) for item in self.node.decorator_list
        )

    @property
    def rank(self) -> tuple[int, str]:
        """Constants, then classes, then functions, each by name."""
        if isinstance(self.node, _FUNCTIONS):
            return 2, self.name
        return (1 if isinstance(self.node, ast.ClassDef) else 0), self.name

    @cached_property
    def at_definition(self) -> frozenset[str]:
        """Names that must be there when the unit is defined."""
        return frozenset(_names(_evaluated(self.node)))

    @cached_property
    def all_names(self) -> frozenset[str]:
        """Every name in it: what must be there when it runs."""
        return frozenset(_names(ast.walk(self.node)))


def needs(definitions: Mapping[str, Definition]) -> dict[str, set[str]]:
    """For each unit, those that must stand above it.

    A unit that another one uses while it is defined may run then: so all that it names counts.
    """
    result: dict[str, set[str]] = {}
    for name, definition in definitions.items():
        found: set[str] = set()
        queue = sorted(definition.at_definition & definitions.keys())
        while queue:
            used = queue.pop()
            if used not in found:
                found.add(used)
                queue += sorted(definitions[used].all_names & definitions.keys())
        result[name] = found - {name}
    return result


def ordered(definitions: Iterable[Definition]) -> list[Definition]:
    """The units by rank, each below those that it needs: a function of the set alone."""
    named = {definition.name: definition for definition in definitions}
    wanted = needs(named)
    waiting = sorted(named.values(), key=lambda definition: definition.rank)
    result: list[Definition] = []
    while waiting:
        done = {definition.name for definition in result}
        ready = _first_ready(waiting, wanted, named.keys(), done)
        result.append(ready)
        waiting.remove(ready)
    return result


def render_module(
    imports: Collection[Import],
    definitions: Iterable[Definition],
    first_party: Sequence[str] = (),
) -> str:
    """The whole file, in LF; empty where there is nothing to hold."""
    text = render_imports(imports, first_party)
    before: Definition | None = None
    for definition in ordered(definitions):
        if text:
            text += "\n" * (_blank_lines(before, definition, bool(imports)) + 1)
        text += definition.text
        before = definition
    return f"{text}\n" if text else ""


def render_imports(imports: Collection[Import], first_party: Sequence[str] = ()) -> str:
    """The imports as isort's profile `black` writes them, without a line end; empty for none."""
    sections: dict[int, list[Import]] = {}
    for item in sorted(set(imports), key=_import_order):
        sections.setdefault(section_of(item.module, first_party), []).append(item)
    return "\n\n".join("\n".join(statements(sections[number])) for number in sorted(sections))


def statements(imports: Iterable[Import]) -> list[str]:
    """The statements for some imports, in isort's order; an alias gets its own."""
    ordered_imports = sorted(set(imports), key=_import_order)
    lines = [
        f"import {item.module}" + (f" as {item.alias}" if item.alias else "")
        for item in ordered_imports
        if item.name is None
    ]
    from_modules = dict.fromkeys(item.module for item in ordered_imports if item.name is not None)
    for module in from_modules:
        members = [item for item in ordered_imports if item.name and item.module == module]
        plain = [item.name for item in members if not item.alias]
        if plain:
            lines.append(_from_statement(module, [str(name) for name in plain]))
        lines += [
            f"from {module} import {item.name} as {item.alias}" for item in members if item.alias
        ]
    return lines


def section_of(module: str, first_party: Sequence[str]) -> int:
    """The number of isort's section that a module belongs to."""
    top = module.split(".")[0]
    if module.startswith("."):
        return _LOCAL
    if top == "__future__":
        return _FUTURE
    if top in sys.stdlib_module_names:
        return _STDLIB
    return _FIRST if top in first_party else _THIRD


def _first_ready(
    waiting: Sequence[Definition],
    wanted: Mapping[str, set[str]],
    names: Collection[str],
    done: Collection[str],
) -> Definition:
    for definition in waiting:
        if wanted[definition.name] <= set(done):
            return definition
    # A circle through what functions do when they run: what definition needs is enough then.
    for definition in waiting:
        if (definition.at_definition & set(names)) - {definition.name} <= set(done):
            return definition
    return waiting[0]


def _blank_lines(before: Definition | None, definition: Definition, imports: bool) -> int:
    if definition.rank[0] > 0 or (before is not None and before.rank[0] > 0):
        return 2
    if before is None:
        return 1
    return 1 if "\n" in before.text or "\n" in definition.text else 0


def _from_statement(module: str, names: Sequence[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"from {module} import (", *(f"    {name}," for name in names), ")"])


def _import_order(item: Import) -> tuple[object, ...]:
    name = item.name or ""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return (
        item.name is not None,
        _natural(item.module),
        item.module,
        kind,
        _natural(name),
        name,
        item.alias or "",
    )


def _natural(text: str) -> tuple[tuple[int, int, str], ...]:
    parts = re.split(r"(\d+)", text.lower())
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts if part)


def _names(nodes: Iterable[ast.AST]) -> Iterable[str]:
    return (node.id for node in nodes if isinstance(node, ast.Name))


def _evaluated(node: ast.stmt) -> Iterable[ast.AST]:
    """The nodes that run when a statement is executed: no bodies of functions."""
    stack: list[ast.AST] = [node]
    while stack:
        item = stack.pop()
        yield item
        if isinstance(item, _FUNCTIONS):
            stack += [*item.decorator_list, item.args, *([item.returns] if item.returns else [])]
        elif isinstance(item, ast.Lambda):
            stack.append(item.args)
        else:
            stack += ast.iter_child_nodes(item)
