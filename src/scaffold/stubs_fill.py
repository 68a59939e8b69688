"""Filling a stubbed Python test module: a merge by function, where the stub is the base."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from scaffold.edits.python_insertion import first_party_of, with_sorted_imports
from scaffold.edits.python_layout import Piece
from scaffold.edits.python_module import Block, Import, Module, bindings, imports_of
from scaffold.edits.python_removal import drop_import, global_names, used_globals
from scaffold.errors import CheckoutError, KitError
from scaffold.stubs_marks import Splice, spliced


@dataclass(frozen=True)
class _Scope:
    """A module or a class body: its statements by name, without imports."""

    module: Module
    blocks: Mapping[str, Block]
    inner: bool = False

    def digest(self, key: str) -> str:
        return self.module.digest(self.blocks[key]) if key in self.blocks else ""

    def source(self, key: str) -> str:
        return self.module.source(self.blocks[key])


@dataclass
class _Merge:
    """The splices of `mine` so far, what stayed as a person has it, what a person deleted."""

    splices: list[Splice] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    deleted: dict[str, Block] = field(default_factory=dict)


def fill(mine: str, stub_base: str, full: str, *, path: str) -> tuple[str, tuple[str, ...]]:
    """The full module with a person's work kept, and the names of what is theirs; see `stubs.fill`.

    Raises:
        CheckoutError: `mine` does not parse, or filling it breaks it.
        KitError: The stub or the full module does not parse.
    """
    own = Module(mine, path)
    base, new = Module(stub_base, path, KitError), Module(full, path, KitError)
    if own.text.replace(own.newline, "\n") == base.text:
        return own.bom + own.local(new.text), ()
    restored: set[str] = set()
    while True:
        merge = _Merge()
        _merge_scope(_top(own), _top(base), _top(new), merge, "", restored)
        text = own.bom + spliced(own, merge.splices)
        needed = _needed(Module(text, path), merge.deleted)
        if not needed:
            break
        restored |= needed
    text = _with_imports_of(text, path, base, new)
    Module(text, path, CheckoutError)
    return text, tuple(merge.kept)


def _merge_scope(
    mine: _Scope,
    base: _Scope,
    new: _Scope,
    merge: _Merge,
    prefix: str,
    restored: Collection[str],
) -> None:
    for key, block in mine.blocks.items():
        name = prefix + key
        if key not in new.blocks and mine.digest(key) == base.digest(key):
            merge.splices.append(_removal(mine.module, block))
        elif mine.digest(key) == new.digest(key):
            continue
        elif mine.digest(key) == base.digest(key):
            merge.splices.append(_replacement(mine.module, block, new.source(key)))
        elif not _merged_class(key, mine, base, new, merge, restored):
            merge.kept.append(name.split("@")[0])
    for key, block in new.blocks.items():
        if key in mine.blocks:
            continue
        if key in base.blocks and key not in restored:
            if not mine.inner:
                merge.deleted[key] = block
            continue
        merge.splices.append(_insertion(mine, new, key))


def _merged_class(
    key: str,
    mine: _Scope,
    base: _Scope,
    new: _Scope,
    merge: _Merge,
    restored: Collection[str],
) -> bool:
    """Whether it is a class of tests in all three, which was merged by its members."""
    inner = [_members(scope, key) for scope in (mine, base, new)]
    own, stub, full = inner
    if own is None or stub is None or full is None or not key.startswith("Test"):
        return False
    _merge_scope(own, stub, full, merge, f"{key}::", restored)
    return True


def _top(module: Module) -> _Scope:
    return _Scope(module, _keyed(module, module.blocks, top=True))


def _members(scope: _Scope, key: str) -> _Scope | None:
    block = scope.blocks.get(key)
    if block is None or not isinstance(block.node, ast.ClassDef):
        return None
    node = block.node
    blocks = scope.module.blocks_of(node.body, node.lineno, block.end)
    if not all(one.alone for one in blocks):
        return None
    return _Scope(scope.module, _keyed(scope.module, blocks, top=False), inner=True)


def _keyed(module: Module, blocks: Collection[Block], *, top: bool) -> dict[str, Block]:
    """Statements by a name that lasts over an edit: what they bind, else what they say."""
    keyed: dict[str, Block] = {}
    for number, block in enumerate(blocks):
        if top and imports_of(block.node):
            continue
        if number == 0 and isinstance(block.node, ast.Expr):
            key = "@docstring"
        else:
            bound = block.name or "+".join(sorted(bindings([block.node])))
            key = bound or f"@{module.digest(block)}"
        again = sum(1 for other in keyed if other.split("@again")[0] == key)
        keyed[f"{key}@again{again}" if again else key] = block
    return keyed


def _replacement(module: Module, block: Block, source: str) -> Splice:
    return Splice(module.line_start(block.start), module.line_end(block.end), source)


def _removal(module: Module, block: Block) -> Splice:
    above = module.content_before(block.start)
    if above:
        return Splice(module.line_end(above), module.line_end(block.end), "")
    below = module.content_from(block.end + 1) or len(module.spans) + 1
    return Splice(module.line_start(block.start), module.line_start(below), "")


def _insertion(mine: _Scope, new: _Scope, key: str) -> Splice:
    """A statement of the full module, behind the one that it follows there."""
    module, source = mine.module, new.source(key)
    gap = "\n" * (2 if mine.inner else 3)
    keys = list(new.blocks)
    above = next((one for one in reversed(keys[: keys.index(key)]) if one in mine.blocks), None)
    if above is not None:
        place = module.line_end(mine.blocks[above].end)
        return Splice(place, place, gap + source)
    first = next(iter(mine.blocks.values()), None)
    if first is not None:
        place = module.line_start(first.start)
        return Splice(place, place, source + gap)
    place = module.line_end(module.content_before(len(module.spans) + 1))
    return Splice(place, place, gap + source if place else f"{source}\n")


def _needed(module: Module, deleted: Mapping[str, Block]) -> set[str]:
    """What a person deleted as unused, and a filled test uses: helpers, fixtures, constants."""
    names: dict[str, str] = {}
    for key, block in deleted.items():
        names.update(dict.fromkeys(bindings([block.node]), key))
    fixtures = {
        name for name, key in names.items() if Piece(name, "", "", deleted[key].node, 0).is_fixture
    }
    return {names[name] for name in used_globals(module, names, fixtures)}


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
