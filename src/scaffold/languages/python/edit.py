"""The edit kind `python`: imports and top-level units of a module.

A file that is wholly ours is written anew from the set of its units (`python_layout`). In a
person's file every byte stays where it is, and what we add goes to places that can be found again:

- an import: a line after the last import above the first function or class; without one, after
  the docstring or the comments at the top and one blank line;
- a unit: after the last line that is not blank, and two blank lines. Blank lines and a missing
  line end at the end of the file stay at the end.

So taking a line and the blank lines above it away is the exact inverse, whatever the order. An
import that a person's file has already, in any place where it runs, is used and never ours.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from scaffold.edits import Above, EditResult, Presence, Unit
from scaffold.edits.conflicts import OnConflict
from scaffold.edits.decisions import Occurrence, Ours, Step, check_planned, ours
from scaffold.errors import CheckoutError, ConflictError, KitError
from scaffold.languages.python.insertion import with_definition, with_imports
from scaffold.languages.python.layout import Definition, needs, ordered, render_module, statements
from scaffold.languages.python.module import (
    Block,
    Import,
    Module,
    bindings,
    digest_of,
    imports_of,
)
from scaffold.languages.python.removal import (
    comments_outside,
    drop_block,
    drop_import,
    used_globals,
)
from scaffold.languages.python.tests import fixtures_in
from scaffold.system.invocation import edit

_UNITS = (ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class _Payload:
    imports: tuple[Import, ...]
    definitions: Mapping[str, Definition]

    @property
    def units(self) -> tuple[Unit, ...]:
        imported = [_import_unit(item) for item in self.imports]
        definitions = [
            Unit(definition.name, definition.digest) for definition in self.definitions.values()
        ]
        return tuple(sorted([*imported, *definitions]))

    @property
    def has_fixtures(self) -> bool:
        """Whether tests ask for one of the units by its name."""
        return any(definition.is_fixture for definition in self.definitions.values())


@dataclass(frozen=True)
class _Hidden:
    """The fixtures that a new one of the same name would hide: name -> where it is."""

    here: Mapping[str, int] = field(default_factory=dict)
    above: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, module: Module, above: Above) -> _Hidden:
        """Those of a person: of the module under other names than their functions', and above."""
        here = fixtures_in(module.tree).items()
        outside: dict[str, tuple[str, int]] = {}
        for path, (text, owned) in above.items():
            try:
                found = fixtures_in(Module(text, path).tree)
            except CheckoutError:  # nobody's tests run with it
                continue
            for name, (line, function) in found.items():
                if function not in owned:
                    outside.setdefault(name, (path, line))
        return cls({name: line for name, (line, func) in here if func != name}, outside)

    def is_used(self, own: Ours, definition: Definition) -> bool:
        """Whether the person's fixture is used in place of the new one, as `skip` says.

        Raises:
            ConflictError: There is one, and neither skip nor overwrite was asked for.
        """
        name = definition.name
        path, line = self.above.get(name, (own.path, self.here.get(name, 0)))
        if not (definition.is_fixture and line):
            return False
        if own.on_conflict is OnConflict.SKIP:
            return True
        if own.on_conflict is OnConflict.OVERWRITE and name in self.above:
            return False
        raise ConflictError(
            f"{path}:{line}: the fixture '{name}' is there already, and the one that this gap "
            f"puts into {own.path} would hide it: rename yours, or let the tests use it",
            "--on-conflict skip",
        )


@dataclass
class _Decisions:
    """What is to be done with each unit of a payload."""

    imports: list[Import] = field(default_factory=list)
    add: list[Definition] = field(default_factory=list)
    replace: list[Definition] = field(default_factory=list)
    owned: list[Unit] = field(default_factory=list)

    def step(self, own: Ours, unit: Unit, place: Occurrence | None, noun: str = "") -> Step:
        """What is done with a unit, which the gap may own then."""
        step, mine = own.decide(unit, place, noun)
        self.owned += [unit] if mine else []
        return step


def apply(
    text: str | None,
    payload: str,
    *,
    path: str,
    owned: Sequence[Unit] = (),
    planned: Sequence[Unit] = (),
    created: bool = False,
    first_party: Sequence[str] = (),
    on_conflict: OnConflict = OnConflict.REFUSE,
    origin: str = "payload",
    above: Above = MappingProxyType({}),
) -> EditResult:
    """The module with every import and unit of the payload in it; see `edits.apply`.

    Raises:
        CheckoutError: The module does not parse.
        ConflictError: A name is taken, or a unit of ours was edited and the payload changed too.
        KitError: The payload is not a plain module, or another payload of this plan differs.
    """
    wanted = _read_payload(payload, origin)
    check_planned(wanted.units, planned, origin)
    created = created or text is None
    module = Module(text or "", path)
    own = ours(path, {"owned": owned, "on_conflict": on_conflict}, planned)
    hidden = _Hidden.of(module, above) if wanted.has_fixtures else _Hidden()
    decided = _decide(module, wanted, own, hidden)
    pristine = created and _is_pristine(module, own)
    result = module.bom + module.text
    if decided.imports or decided.add or decided.replace or text is None:
        if pristine:
            result = _written_anew(module, decided, first_party)
        else:
            result = _written_into(module, decided, wanted, first_party)
    return EditResult(result, tuple(sorted(decided.owned)), pristine)


def revert(
    text: str,
    drop: Sequence[Unit],
    *,
    path: str,
    owned: Sequence[Unit] = (),
    created: bool = False,
    first_party: Sequence[str] = (),
    on_conflict: OnConflict = OnConflict.REFUSE,
) -> str | None:
    """The module without the units; None where it was ours and holds nothing else. See `edits`.

    Raises:
        CheckoutError: The module does not parse.
        ConflictError: A unit was edited, or code that stays uses it.
    """
    module = Module(text, path)
    own = ours(path, {"owned": owned, "on_conflict": on_conflict}, drop)
    pristine = created and _is_pristine(module, own)
    names = {unit.name for unit in drop}
    places = _places(module, names)
    gone = {name for name, place in places.items() if own.may_drop(name, place)}
    text = _without_units(text, gone, own, module)
    for item in [item for block in module.blocks for item in imports_of(block.node)]:
        if item.key in names:
            stay = frozenset(own.digests.keys() - names)
            text = drop_import(Module(text, path), item, stay)
    left = Module(text, path)
    if created and not left.blocks and not left.comments:
        return None
    if pristine and text != module.bom + module.text:
        return _written_anew(left, _Decisions(), first_party)
    return text


def units(payload: str, *, origin: str = "payload") -> tuple[Unit, ...]:
    """The units of a payload, sorted by name.

    Raises:
        KitError: The payload is not a plain module of imports and units.
    """
    return _read_payload(payload, origin).units


def standing(text: str, owned: Sequence[Unit], *, path: str) -> dict[str, Presence]:
    """How units of ours stand in a module: unit name -> present, edited or absent.

    Raises:
        CheckoutError: The module does not parse.
    """
    module = Module(text, path)
    imported = {item for block in module.blocks for item in imports_of(block.node)}
    places = {item.key: Occurrence(digest_of(item.key), 0) for item in imported}
    own = ours(path, {"owned": owned})
    return own.standing(places | _places(module, own.digests))


def _read_payload(payload: str, origin: str) -> _Payload:
    module = Module(payload.replace("\r\n", "\n"), origin, KitError)
    imports: list[Import] = []
    definitions: dict[str, Definition] = {}
    for block in module.blocks:
        items = imports_of(block.node)
        imports += items
        if any(item.name == "*" for item in items):
            raise _broken(origin, block, "`import *` names no units: name what is needed")
        if items:
            continue
        if not (block.name and block.alone and isinstance(block.node, _UNITS)):
            raise _broken(origin, block, "is not an import, constant, class or function")
        if block.name in definitions:
            raise _broken(origin, block, f"defines '{block.name}' twice")
        definitions[block.name] = _definition(module, block, module.digest(block))
    _check_payload(module, imports, definitions, origin)
    return _Payload(tuple(dict.fromkeys(imports)), definitions)


def _check_payload(
    module: Module, imports: Sequence[Import], definitions: Mapping[str, Definition], origin: str
) -> None:
    for line in comments_outside(module):
        raise KitError(
            f"{origin}:{line}: this comment belongs to no unit and would be lost: put it right "
            "above a constant, class or function",
        )
    meanings: dict[str, str] = dict.fromkeys(definitions, "")
    for item in imports:
        if meanings.setdefault(item.bound, item.meaning) != item.meaning:
            raise KitError(f"{origin}: the name '{item.bound}' stands for two things")


def _decide(module: Module, wanted: _Payload, own: Ours, hidden: _Hidden) -> _Decisions:
    decided = _Decisions()
    bound = bindings(module.tree.body)
    for item in wanted.imports:
        unit, lines = _import_unit(item), bound.get(item.bound, [])
        same = next(
            (Occurrence(unit.digest, at) for at, what in lines if what == item.meaning), None
        )
        if lines and same is None:
            _check_taken(own, item.bound, f"`{statements([item])[0]}`", lines[0][0])
            continue
        decided.imports += [item] if decided.step(own, unit, same) is Step.ADD else []
    places = _places(module, wanted.definitions)
    for definition in wanted.definitions.values():
        place, noun = places.get(definition.name), _noun(module, definition)
        if place is None and hidden.is_used(own, definition):
            continue
        if place is None and definition.name in bound:
            line, _ = bound[definition.name][0]
            _check_taken(own, definition.name, f"{noun}'{definition.name}'", line)
            continue
        step = decided.step(own, Unit(definition.name, definition.digest), place, noun)
        decided.add += [definition] if step is Step.ADD else []
        decided.replace += [definition] if step is Step.REPLACE else []
    return decided


def _noun(module: Module, definition: Definition) -> str:
    """What to call a unit in a message: `the fixture `, or `the name ` where it is another here."""
    block = _named(module).get(definition.name)
    same = block is None or _definition(module, block).noun == definition.noun
    return f"the {definition.noun if same else 'name'} "


def _is_pristine(module: Module, own: Ours) -> bool:
    """Whether nothing but units of ours, as we wrote them, is in the file."""
    for block in module.blocks:
        items = imports_of(block.node)
        if items:
            if not all(item.key in own.digests for item in items):
                return False
        elif _place(module, block).digest not in own.digests.get(block.name, ()):
            return False
    return not comments_outside(module)


def _written_anew(module: Module, decided: _Decisions, first_party: Sequence[str]) -> str:
    imports = {item for block in module.blocks for item in imports_of(block.node)}
    definitions = {name: _definition(module, block) for name, block in _named(module).items()}
    definitions.update(
        {definition.name: definition for definition in [*decided.replace, *decided.add]}
    )
    new = render_module(imports | set(decided.imports), definitions.values(), first_party)
    return module.bom + module.local(new)


def _written_into(
    module: Module, decided: _Decisions, wanted: _Payload, first_party: Sequence[str]
) -> str:
    text = module.bom + module.text
    for definition in decided.replace:
        current = Module(text, module.path)
        block = _named(current)[definition.name]
        start, end = current.line_start(block.start), current.line_end(block.end)
        text = current.spliced(start, end, definition.text)
    text = with_imports(text, module.path, decided.imports, first_party)
    below = needs(wanted.definitions)
    for definition in ordered(decided.add):
        text = with_definition(Module(text, module.path), definition, below)
    return text


def _without_units(text: str, gone: set[str], own: Ours, module: Module) -> str:
    """The text without the units, less those that code which stays uses."""
    while True:
        result = text
        for name in sorted(gone):
            current = Module(result, module.path)
            result = drop_block(current, _named(current)[name])
        if own.on_conflict is OnConflict.OVERWRITE:
            return result
        fixtures = {name for name in gone if _definition(module, _named(module)[name]).is_fixture}
        used = used_globals(Module(result, module.path), gone, fixtures)
        if not used:
            return result
        if own.on_conflict is not OnConflict.SKIP:
            name, line = min(used.items())
            raise ConflictError(
                f"{module.path}:{_named(module)[name].first}: '{name}' is used by code that stays "
                f"('{line}'), so it is not removed (skip keeps it, overwrite removes it)",
                "--on-conflict skip",
            )
        gone = gone - used.keys()


def _import_unit(item: Import) -> Unit:
    return Unit(item.key, digest_of(item.key))


def _named(module: Module) -> dict[str, Block]:
    return {block.name: block for block in module.blocks if block.name}


def _places(module: Module, names: Collection[str]) -> dict[str, Occurrence]:
    named = _named(module).items()
    return {name: _place(module, block) for name, block in named if name in names}


def _place(module: Module, block: Block) -> Occurrence:
    digest = module.digest(block) if block.alone else ""
    return Occurrence(digest, block.first, block.alone)


def _definition(module: Module, block: Block, digest: str = "") -> Definition:
    return Definition(block.name, module.source(block), digest, block.node, block.first)


def _broken(origin: str, block: Block, what: str) -> KitError:
    return KitError(f"{origin}:{block.first}: {what}")


def _check_taken(own: Ours, name: str, wanted: str, line: int) -> None:
    """Refuse a name that stands for something else here, unless such a unit is skipped."""
    if own.on_conflict is not OnConflict.SKIP:
        raise ConflictError(
            f"{own.path}:{line}: the name '{name}' is taken here, and this gap needs it for "
            f"{wanted}: rename yours",
            edit(own.path),
        )
