"""Putting imports and units into a person's module, without moving a byte of it."""

from __future__ import annotations

import ast
import itertools
import sys
from collections.abc import Mapping, Sequence

from scaffold.languages.python.layout import Definition, render_imports, statements
from scaffold.languages.python.module import Block, Import, Module, imports_of


def with_imports(
    text: str, path: str, imports: Sequence[Import], first_party: Sequence[str] = ()
) -> str:
    """The text with a line for each import at the place where imports go."""
    future = [item for item in imports if item.module == "__future__"]
    rest = [item for item in imports if item.module != "__future__"]
    for group in (future, rest):
        if group:
            text = _with_import_lines(Module(text, path), group, first_party)
    return text


def with_sorted_imports(
    module: Module, imports: Sequence[Import], first_party: Sequence[str] = ()
) -> str:
    """The text of a file of ours with more imports, sorted in among those at its top.

    Where these are not sorted as we do it, the new ones get their own lines after them.
    """
    top = _top_imports(module)
    own = tuple(first_party) or first_party_of(module)
    there = {item for block in top for item in imports_of(block.node)}
    if top and render_imports(there, own) == _lines_of(module, top):
        start, end = module.line_start(top[0].first), module.line_end(top[-1].end)
        return module.spliced(start, end, render_imports(there | set(imports), own))
    return with_imports(module.bom + module.text, module.path, imports, first_party)


def first_party_of(module: Module) -> tuple[str, ...]:
    """The checkout's own modules, by the order of a module's imports: its last section.

    Where that holds pytest, it is the section of other people's modules, and none is the own one.
    """
    top = _top_imports(module)
    if not top:
        return ()
    last = ast.parse(_lines_of(module, top).split("\n\n")[-1])
    names = {item.module.split(".")[0] for node in last.body for item in imports_of(node)}
    return () if "pytest" in names else tuple(sorted(names - sys.stdlib_module_names))


def with_definition(module: Module, definition: Definition, below: Mapping[str, set[str]]) -> str:
    """The text with a unit at its end, or above the first unit there that needs it."""
    users = [block.start for block in module.blocks if definition.name in below.get(block.name, ())]
    limit = min(users, default=len(module.spans) + 1)
    above = module.content_before(limit)
    if above:
        place = module.line_end(above)
        return module.spliced(place, place, f"\n\n\n{definition.text}")
    return module.spliced(0, 0, f"{definition.text}\n\n\n" if users else f"{definition.text}\n")


def _with_import_lines(module: Module, group: Sequence[Import], first_party: Sequence[str]) -> str:
    above, gap = _import_anchor(module, future=group[0].module == "__future__")
    # Behind a person's imports one line each; where ours are the first, sorted into sections.
    new = render_imports(group, first_party) if gap or not above else "\n".join(statements(group))
    if above:
        place = module.line_end(above)
        return module.spliced(place, place, "\n" * (gap + 1) + new)
    below = module.content_from(1)
    if not below:
        return module.spliced(0, 0, f"{new}\n")
    blank = 1 if _starts_import(module, below) else 2
    return module.spliced(0, 0, new + "\n" * (blank + 1))


def _import_anchor(module: Module, *, future: bool) -> tuple[int, int]:
    """The line after which imports go, and how many blank lines between; line 0: at the start."""
    found, is_future = 0, False
    for block in module.blocks:
        if isinstance(block.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            break
        items = imports_of(block.node)
        if items and (not future or items[0].module == "__future__"):
            found, is_future = block.end, items[0].module == "__future__"
        elif found and block.start <= found:
            found = block.end  # shares a line with the import
    if found:
        return found, 1 if is_future and not future else 0
    if module.blocks and ast.get_docstring(module.tree, clean=False) is not None:
        line = module.blocks[0].end
        return max([line, *(b.end for b in module.blocks if b.start <= line)]), 1
    return _end_of_top_comments(module), 1


def _end_of_top_comments(module: Module) -> int:
    line = 0
    while module.line(line + 1).startswith("#"):
        line += 1
    if line and not module.line(line + 1).strip():
        return max(line, module.coding_line)
    # Right above code they belong to it, all but those that must be the first lines of a file.
    return max(int(module.line(1).startswith("#!")), module.coding_line)


def _starts_import(module: Module, line: int) -> bool:
    return any(block.start == line and imports_of(block.node) for block in module.blocks)


def _top_imports(module: Module) -> list[Block]:
    documented = ast.get_docstring(module.tree, clean=False) is not None
    blocks = module.blocks[1:] if documented else module.blocks
    return list(itertools.takewhile(lambda block: imports_of(block.node), blocks))


def _lines_of(module: Module, blocks: Sequence[Block]) -> str:
    return module.lines(blocks[0].first, blocks[-1].end)
