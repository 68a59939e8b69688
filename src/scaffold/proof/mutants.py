"""Mutants of a Python source, made by cosmic-ray as a library; sampled and cut by hash."""

from __future__ import annotations

import ast
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from scaffold.errors import MissingToolError
from scaffold.proof.equivalence import ANNOTATIONS, EQUAL_CODE, flags_of, sameness

# `==` -> `is` on interned strings and small integers cannot be told apart by any test.
TWINS = re.compile(r"ReplaceComparisonOperator_\w*_Is(Not)?$")
CHANGE_LIMIT = 100


@dataclass(frozen=True)
class Mutant:
    """One small fault: the whole mutated source, and where it differs.

    Attributes:
        id: Hash of path, function, operator and change: the same while these are, wherever the
            lines move.
        path: The mutated file, POSIX, relative to the checkout.
        operator: The name of the operator, without its provider.
        occurrence: The how-manieth of this operator in the file, as cosmic-ray counts.
        line: Where the fault is, counted from 1.
        change: `before -> after` of the lines that differ.
        source: The mutated file.
    """

    id: str
    path: str
    operator: str
    occurrence: int
    line: int
    change: str
    source: str


@dataclass(frozen=True)
class Found:
    """The mutants of a source, and those that are left out by how they are made.

    Attributes:
        mutants: What is tried, in the order of its lines.
        annotations: Left out: they change annotations that nothing reads.
        equal_code: Left out: their compiled code is equal to the original's.
    """

    mutants: Sequence[Mutant]
    annotations: Sequence[Mutant] = ()
    equal_code: Sequence[Mutant] = ()


class _Identified(Protocol):
    @property
    def id(self) -> str:
        """What the hash is taken of."""
        ...


Item = TypeVar("Item", bound=_Identified)
_Row = tuple[int, int, str, int, str, str]


def enumerate_mutants(path: str, source: str, *, annotations_read: bool = True) -> list[Mutant]:
    """Every mutant of the source that compiles and differs, in the order of its lines.

    Raises:
        MissingToolError: cosmic-ray is not installed beside scaffold.
    """
    return list(find_mutants(path, source, annotations_read=annotations_read).mutants)


def find_mutants(path: str, source: str, *, annotations_read: bool = True) -> Found:
    """Every mutant of the source that compiles, but for twins of `==` by `is`.

    Raises:
        MissingToolError: cosmic-ray is not installed beside scaffold.
    """
    operators = _load_operators()
    tree, nodes = _parse(source)
    names = _definitions(source)
    flags = flags_of(source)
    found: dict[str, list[_Row]] = {"": [], ANNOTATIONS: [], EQUAL_CODE: []}
    for name, operator in operators:
        for occurrence, (line, column, segment, mutated) in enumerate(
            _mutations(tree, nodes, operator)
        ):
            if mutated is None:
                continue
            why = _sameness(segment.text, mutated, flags, annotations_read=annotations_read)
            if why is not None:
                whole = segment.before + mutated + segment.after
                change = _change(segment.text, mutated)
                found[why].append((line, column, name, occurrence, change, whole))
    # Apart, so that what is left out changes no id of what is tried.
    every = {why: _with_ids(path, sorted(rows), names) for why, rows in found.items()}
    return Found(every[""], every[ANNOTATIONS], every[EQUAL_CODE])


def sample(items: Iterable[Item], count: int) -> list[Item]:
    """At most `count` of them, the same on every machine; a larger sample holds the smaller."""
    pool = list(items)
    chosen = {item.id for item in sorted(pool, key=lambda item: _rank(item.id))[:count]}
    return [item for item in pool if item.id in chosen]


def shard(items: Iterable[Item], number: int, count: int) -> list[Item]:
    """Cut `number` (from 1) of `count`; the cuts are disjoint and together everything."""
    return [item for item in items if int(_rank(item.id)[:12], 16) % count == number - 1]


def _rank(identity: str) -> str:
    return hashlib.sha256(b"scaffold mutant " + identity.encode()).hexdigest()


def _load_operators() -> list[tuple[str, Any]]:
    try:
        from cosmic_ray import plugins
    except ImportError as error:
        raise MissingToolError(
            "the kill check needs cosmic-ray, which is not installed beside scaffold",
            "pip install 'scaffold[proof]'",
        ) from error
    loaded = []
    for name in plugins.operator_names():
        operator = plugins.get_operator(name)
        short = name.split("/", 1)[-1]
        if not operator.arguments() and not TWINS.search(short):
            loaded.append((short, operator()))
    return sorted(loaded, key=lambda item: item[0])


@dataclass(frozen=True)
class _Segment:
    """A top-level statement of the file; only it is rewritten for a mutant."""

    node: Any
    text: str
    before: str
    after: str


def _parse(source: str) -> tuple[Any, list[tuple[Any, _Segment]]]:
    from cosmic_ray.ast import ast_nodes, get_ast

    tree = get_ast(source)
    nodes: list[tuple[Any, _Segment]] = []
    texts = [child.get_code() for child in tree.children]
    offset = 0
    for child, text in zip(tree.children, texts, strict=True):
        segment = _Segment(child, text, source[:offset], source[offset + len(text) :])
        nodes.extend((node, segment) for node in ast_nodes(child))
        offset += len(text)
    return tree, nodes


def _mutations(
    tree: Any, nodes: Sequence[tuple[Any, _Segment]], operator: Any
) -> Iterator[tuple[int, int, _Segment, str | None]]:
    """What the operator does at each of its positions, in cosmic-ray's own order."""
    root = _Segment(tree, "", "", "")
    for node, segment in [(tree, root), *nodes]:
        for index, (start, _) in enumerate(list(operator.mutation_positions(node))):
            mutated = None if segment is root else _mutate(node, segment, operator, index)
            yield start[0], start[1], segment, mutated


def _mutate(node: Any, segment: _Segment, operator: Any, index: int) -> str | None:
    """The segment's text with one mutation; the tree is as before afterwards.

    cosmic-ray mutates trees in place and parses the file anew for each mutant, which takes as
    long as the tests do; here the touched nodes are put back instead.
    """
    restore = _snapshot(node)
    siblings = node.parent.children
    place = next(at for at, child in enumerate(siblings) if child is node)
    kept = list(siblings)
    try:
        try:
            new = operator.mutate(node, index)
        except AttributeError:
            # Its ExceptionReplacer takes `a.B` in `except (a.B, C):` for a plain name and gives up.
            return None
        if new is None:
            if node is segment.node:
                return ""
            node.parent.children = kept[:place] + kept[place + 1 :]
        elif node is segment.node:
            return str(new.get_code())
        else:
            node.parent.children = [*kept[:place], new, *kept[place + 1 :]]
        return str(segment.node.get_code())
    finally:
        restore()
        node.parent.children = siblings
        siblings[:] = kept


def _snapshot(node: Any) -> Callable[[], None]:
    from cosmic_ray.ast import ast_nodes

    fields = ("children", "value", "prefix", "line", "column", "parent")
    saved = []
    around = node.parent.children if node.parent is not None else [node]
    for item in [
        node.parent,
        *(inner for near in around for inner in _near(near, node, ast_nodes)),
    ]:
        state = {name: getattr(item, name) for name in fields if hasattr(item, name)}
        if "children" in state:
            state["children"] = (state["children"], list(state["children"]))
        saved.append((item, state))

    def restore() -> None:
        for item, state in saved:
            for name, value in state.items():
                if name == "children":
                    children, content = value
                    children[:] = content
                    item.children = children
                elif getattr(item, name) is not value:
                    setattr(item, name, value)

    return restore


def _near(near: Any, node: Any, ast_nodes: Callable[[Any], Iterator[Any]]) -> Iterator[Any]:
    """The node with all below it, and its neighbours with what is directly below them."""
    if near is node:
        yield from ast_nodes(near)
    else:
        yield near
        yield from getattr(near, "children", ())


def _sameness(before: str, after: str, flags: int, *, annotations_read: bool) -> str | None:
    """Why the mutated statement is left out, or nothing; None where there is no mutant."""
    if before == after:
        return None
    try:
        return sameness(before, after, flags, annotations_read=annotations_read)
    except (SyntaxError, ValueError):
        return None


def _change(before: str, after: str) -> str:
    old, new = before.split("\n"), after.split("\n")
    while old and new and old[0] == new[0]:
        del old[0], new[0]
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    return f"{_short(old)} -> {_short(new)}"


def _short(lines: list[str]) -> str:
    text = " ".join(" ".join(line.split()) for line in lines).strip()
    return text if len(text) <= CHANGE_LIMIT else text[: CHANGE_LIMIT - 1] + "…"


def _definitions(source: str) -> Callable[[int], str]:
    """Line -> dotted name of the innermost definition around it."""
    spans: list[tuple[int, int, str]] = []

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            name = prefix
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                name = f"{prefix}{child.name}."
                spans.append((child.lineno, child.end_lineno or child.lineno, name[:-1]))
            visit(child, name)

    visit(ast.parse(source), "")

    def find(line: int) -> str:
        around = [item for item in spans if item[0] <= line <= item[1]]
        return max(around)[2] if around else ""

    return find


def _with_ids(path: str, found: Sequence[_Row], names: Callable[[int], str]) -> list[Mutant]:
    seen: Counter[tuple[str, ...]] = Counter()
    mutants = []
    for line, _, operator, occurrence, change, source in found:
        key = (path, names(line), operator, change)
        parts = "\0".join((*key, str(seen[key])))
        seen[key] += 1
        identity = hashlib.sha256(parts.encode()).hexdigest()[:16]
        mutants.append(Mutant(identity, path, operator, occurrence, line, change, source))
    return mutants
