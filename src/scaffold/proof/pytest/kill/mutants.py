"""Mutants of a Python source."""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence

from parso.utils import split_lines

from scaffold.proof.mutants import Found, Mutant, identity
from scaffold.proof.pytest.kill.equivalence import ANNOTATIONS, EQUAL_CODE, flags_of, sameness
from scaffold.proof.pytest.kill.operators import edits_of

CHANGE_LIMIT = 100


_Row = tuple[int, int, str, str, str]


def enumerate_mutants(path: str, source: str, *, annotations_read: bool = True) -> list[Mutant]:
    """Every mutant of the source that compiles and differs, in the order of its lines."""
    return list(find_mutants(path, source, annotations_read=annotations_read).mutants)


def find_mutants(path: str, source: str, *, annotations_read: bool = True) -> Found:
    """Every mutant of the source that compiles, apart from those that no test can tell."""
    tree = ast.parse(source)
    statements = _statements(source, tree)
    ends = [end for _, end in statements]
    names = _definitions(tree)
    flags = flags_of(source)
    found: dict[str, list[_Row]] = {"": [], ANNOTATIONS: [], EQUAL_CODE: []}
    for edit in edits_of(source):
        start, end = statements[bisect_right(ends, edit.start)]
        before = source[start:end]
        after = source[start : edit.start] + edit.text + source[edit.end : end]
        why = _sameness(before, after, flags, annotations_read=annotations_read)
        if why is not None:
            whole = source[:start] + after + source[end:]
            row = (edit.line, edit.column, edit.operator, _change(before, after), whole)
            found[why].append(row)
    # Apart, so that what is left out changes no id of what is tried.
    every = {why: _with_ids(path, sorted(rows, key=_place), names) for why, rows in found.items()}
    return Found(every[""], every[ANNOTATIONS], every[EQUAL_CODE])


def _place(row: _Row) -> tuple[int, int, str]:
    return row[:3]


def _statements(source: str, tree: ast.Module) -> list[tuple[int, int]]:
    """Where each top-level statement begins and ends in the text, with what stands before it."""
    starts = [0]
    for line in split_lines(source, keepends=True):
        starts.append(starts[-1] + len(line))
    found: list[tuple[int, int]] = []
    first, last = 0, 0
    for node in tree.body:
        top = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", ()))])
        if top > last:  # not on a line with the one before
            first = last
        else:
            found.pop()
        last = node.end_lineno or node.lineno
        found.append((starts[first], starts[last]))
    return found


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


def _definitions(tree: ast.Module) -> Callable[[int], str]:
    """Line -> dotted name of the innermost definition around it."""
    spans: list[tuple[int, int, str]] = []

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            name = prefix
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                name = f"{prefix}{child.name}."
                spans.append((child.lineno, child.end_lineno or child.lineno, name[:-1]))
            visit(child, name)

    visit(tree, "")

    def find(line: int) -> str:
        around = [item for item in spans if item[0] <= line <= item[1]]
        return max(around)[2] if around else ""

    return find


def _with_ids(path: str, found: Sequence[_Row], names: Callable[[int], str]) -> list[Mutant]:
    seen: Counter[tuple[str, ...]] = Counter()
    mutants = []
    for line, _, operator, change, source in found:
        key = (path, names(line), operator, change)
        number = str(seen[key])
        seen[key] += 1
        mutants.append(Mutant(identity(*key, number), path, operator, line, change, source))
    return mutants
