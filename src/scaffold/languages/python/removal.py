"""Taking imports and units out of a module again, and what must stay because code uses it."""

from __future__ import annotations

import ast
import symtable
import warnings
from collections.abc import Collection, Iterable

from scaffold.languages.python.layout import statements
from scaffold.languages.python.module import Block, Import, Module, bindings, imports_of


def comments_outside(module: Module) -> list[int]:
    """Lines of the comments that belong to no unit, those of import statements among them."""
    inside = [
        range(block.start, block.end + 1)
        for block in module.blocks
        if not imports_of(block.node) and block.name
    ]
    return [line for line, _ in module.comments if not any(line in span for span in inside)]


def drop_block(module: Module, block: Block) -> str:
    """The text without a block and the two blank lines that were written with it."""
    above = module.content_before(block.start)
    if above:
        # At most the two blank lines that we write; more above are the person's.
        first = max(above, block.start - 3)
        return module.spliced(module.line_end(first), module.line_end(block.end), "")
    below = module.content_from(block.end + 1)
    last = block.end if not below else min(block.end + 2, below - 1)
    return module.spliced(module.line_start(block.start), module.line_start(last + 1), "")


def drop_import(module: Module, item: Import, ours: Collection[str]) -> str:
    """The text without one imported name, unless code still uses it.

    Args:
        module: The module without the units that go.
        item: The import.
        ours: Keys of imports of ours that stay.
    """
    unchanged = module.bom + module.text
    block = next((one for one in module.blocks if item in imports_of(one.node)), None)
    if block is None or not block.alone or _is_needed(module, item):
        return unchanged
    last = block.node.end_lineno or block.start
    others = [other for other in imports_of(block.node) if other != item]
    if others:
        if any(block.first <= line <= last for line, _ in module.comments):
            return unchanged  # a person's note on this statement is worth more than a tidy import
        start, end = module.line_start(block.first), module.line_end(last)
        return module.spliced(start, end, "\n".join(statements(others)))
    return _drop_import_lines(module, block.first, last, ours)


def used_globals(
    module: Module, names: Collection[str], fixtures: Collection[str] = ()
) -> dict[str, str]:
    """Which of these names the module uses without giving them: name -> the line that does.

    Args:
        module: The module.
        names: Names to look for.
        fixtures: Those of them that a test or a fixture asks for by naming a parameter.
    """
    given = bindings(module.tree.body)
    used = (_global_names(module) | _parameters(module, fixtures)) & set(names)
    return {name: _line_using(module, name) for name in used if name not in given}


def global_names(module: Module) -> frozenset[str]:
    """Names of the module's own scope that its code uses."""
    return frozenset(_global_names(module))


def _is_needed(module: Module, item: Import) -> bool:
    if item.module == "__future__" or item.bound not in _global_names(module):
        return False
    places = bindings(module.tree.body).get(item.bound, [])
    # Another binding serves the code as it did before ours came.
    return len(places) <= 1


def _drop_import_lines(module: Module, first: int, last: int, ours: Collection[str]) -> str:
    above = module.content_before(first)
    if above == first - 1 and above:
        return module.spliced(module.line_end(above), module.line_end(last), "")
    if above and not _starts_ours(module, last + 1, ours):
        return module.spliced(module.line_end(first - 2), module.line_end(last), "")
    below = module.content_from(last + 1)
    if below and not above and below != last + 1:
        blank = 1 if any(b.first == below and imports_of(b.node) for b in module.blocks) else 2
        last = min(last + blank, below - 1)
    return module.spliced(module.line_start(first), module.line_start(last + 1), "")


def _starts_ours(module: Module, line: int, ours: Collection[str]) -> bool:
    return any(
        block.first == line and any(item.key in ours for item in imports_of(block.node))
        for block in module.blocks
    )


def _global_names(module: Module) -> set[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = symtable.symtable(module.text, module.path, "exec")
    found = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()}
    stack = list(table.get_children())
    while stack:
        inner = stack.pop()
        stack += inner.get_children()
        found |= {
            symbol.get_name()
            for symbol in inner.get_symbols()
            if symbol.is_global() and symbol.is_referenced()
        }
    # Under `from __future__ import annotations` the compiler does not look at them.
    return found | set(_annotation_names(module.tree))


def _annotation_names(tree: ast.Module) -> Iterable[str]:
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            annotation = getattr(node, name, None)
            if isinstance(annotation, ast.AST):
                yield from (one.id for one in ast.walk(annotation) if isinstance(one, ast.Name))


def _parameters(module: Module, fixtures: Collection[str]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_injected(node):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            found |= {item.arg for item in arguments if item.arg in fixtures}
    return found


def _is_injected(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    decorated = any("fixture" in ast.unparse(item) for item in node.decorator_list)
    return decorated or node.name.startswith("test")


def _line_using(module: Module, name: str) -> str:
    for node in ast.walk(module.tree):
        if (isinstance(node, ast.Name) and node.id == name) or (
            isinstance(node, ast.arg) and node.arg == name
        ):
            return module.line(node.lineno).strip()
    return name
