"""Filling a stubbed Python test module: its statements as items of the merge, and its imports."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from scaffold.errors import CheckoutError, KitError
from scaffold.languages.python.insertion import first_party_of, with_sorted_imports
from scaffold.languages.python.layout import Definition
from scaffold.languages.python.module import Block, Import, Module, bindings, imports_of
from scaffold.languages.python.removal import drop_import, global_names, used_globals
from scaffold.languages.stub_merge import Item, Scope, Splice, merged, spliced


def fill_stub(mine: str, stub_base: str, full: str, *, path: str) -> tuple[str, tuple[str, ...]]:
    """The full module with a person's work kept, and the names of what is theirs; see `stubs.fill`.

    Raises:
        CheckoutError: `mine` does not parse, or filling it breaks it.
        KitError: The stub or the full module does not parse.
    """
    own = Module(mine, path)
    base, new = Module(stub_base, path, KitError), Module(full, path, KitError)
    if own.text.replace(own.newline, "\n") == base.text:
        return own.bom + own.local(new.text), ()
    fixtures = {block.name for block in new.blocks if _is_fixture(block)}
    text, kept = merged(
        _top(own),
        _top(base),
        _top(new),
        lambda splices: own.bom + spliced(own.text, splices, own.local),
        lambda text, names, _: used_globals(Module(text, path), names, fixtures),
    )
    text = _with_imports_of(text, path, base, new)
    Module(text, path, CheckoutError)
    return text, kept


def _top(module: Module) -> Scope:
    """The statements of a module but the imports, which go their own way."""
    end = module.line_end(module.content_before(len(module.spans) + 1))
    return _scope(module, module.blocks, end, top=True)


def _scope(module: Module, blocks: Sequence[Block], end: int, *, top: bool) -> Scope:
    items = [
        _item(module, block, is_first=number == 0, top=top)
        for number, block in enumerate(blocks)
        if not (top and imports_of(block.node))
    ]
    return Scope.of(items, items[0] if items else None, end)


def _item(module: Module, block: Block, *, is_first: bool, top: bool) -> Item:
    """A statement by a name that lasts over an edit: what it binds, else its text."""
    names = frozenset(bindings([block.node]))
    name = block.name or "+".join(sorted(names))
    digest = module.digest(block)
    is_docstring = is_first and isinstance(block.node, ast.Expr)
    return Item(
        key=name or ("@docstring" if is_docstring else f"@{digest}"),
        label=name or module.line(block.first).strip(),
        # What shares a line with another statement is a person's layout, and cannot be filled.
        digest=digest if block.alone else "",
        source=module.source(block),
        start=module.line_start(block.start),
        end=module.line_end(block.end),
        removal=_removal(module, block),
        gap="\n\n\n" if top else "\n\n",
        names=names if top else frozenset(),
        inner=_members(module, block),
    )


def _members(module: Module, block: Block) -> Scope | None:
    """The statements of a class of tests, where each has its own lines."""
    node = block.node
    if not isinstance(node, ast.ClassDef) or not node.name.startswith("Test"):
        return None
    blocks = module.blocks_of(node.body, node.lineno, block.end)
    if not all(one.alone for one in blocks):
        return None
    return _scope(module, blocks, module.line_end(block.end), top=False)


def _removal(module: Module, block: Block) -> Splice:
    above = module.content_before(block.start)
    if above:
        return Splice(module.line_end(above), module.line_end(block.end), "")
    below = module.content_from(block.end + 1) or len(module.spans) + 1
    return Splice(module.line_start(block.start), module.line_start(below), "")


def _is_fixture(block: Block) -> bool:
    return Definition(block.name, "", "", block.node, 0).is_fixture


def _with_imports_of(text: str, path: str, base: Module, new: Module) -> str:
    """The text with the imports that it uses now, less those of the stub alone."""
    module = Module(text, path, CheckoutError)
    there, used, bound = _imports(module), global_names(module), bindings(module.tree.body)
    wanted = [
        item
        for item in _imports(new)
        if item not in there
        and (item.bound in used or item.module == "__future__")
        and all(meaning == item.meaning for _, meaning in bound.get(item.bound, ()))
    ]
    if wanted:
        text = with_sorted_imports(module, wanted, first_party_of(new))
    for item in [one for one in _imports(base) if one not in _imports(new)]:
        text = drop_import(Module(text, path), item, ())
    return text


def _imports(module: Module) -> list[Import]:
    return [item for block in module.blocks for item in imports_of(block.node)]
