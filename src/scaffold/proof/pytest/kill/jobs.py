"""Which tests a mutant needs, from what each test ran on the unbroken tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from scaffold.proof.mutants import Mutant
from scaffold.proof.pytest.trail import IMPORTED, Trail


@dataclass(frozen=True)
class Job:
    """A mutant with the tests that it needs.

    Attributes:
        kind: `hot`: inside a function that no import runs. `warm`: everything else. `none`: no
            test runs it.
        tests: Numbers of the tests that run the mutated statement.
        rest: The other tests, for a second look where it survived: a result that one test left
            back (a cache, a module's variable) may be what another one checks.
    """

    mutant: Mutant
    kind: Literal["hot", "warm", "none"]
    tests: tuple[int, ...] = ()
    rest: tuple[int, ...] = ()


def plan_jobs(mutants: Sequence[Mutant], sources: Mapping[str, str], trail: Trail) -> list[Job]:
    """What to run for each mutant, in the order given."""
    shapes = {path: Shape(text) for path, text in sources.items()}
    return [_plan(mutant, shapes[mutant.path], trail) for mutant in mutants]


def _plan(mutant: Mutant, shape: Shape, trail: Trail) -> Job:
    lines = trail.lines.get(mutant.path, {})

    def who(span: range) -> set[int]:
        return {number for line in span for number in lines.get(line, ())}

    def ordered(numbers: set[int]) -> list[int]:
        return sorted((n for n in numbers if n >= 0), key=lambda n: trail.seconds[n])

    everything = set(range(len(trail.order)))
    body = shape.body(mutant.line)
    ran = who(shape.statement(mutant.line))
    around = who(body or shape.around(mutant.line))
    if body is None or IMPORTED in around:
        first = ordered(ran | around)
        return Job(mutant, "warm", (*first, *ordered(everything - set(first))))
    if any(number < 0 for number in ran):
        first = ordered(ran)
        return Job(mutant, "hot", (*first, *ordered(everything - set(first))))
    if not ran and not trail.spawning:
        return Job(mutant, "none")
    tests = (*ordered(ran), *ordered(set(trail.spawning) - ran))
    return Job(mutant, "hot", tests, tuple(ordered(everything - set(tests))) if ran else ())


class Shape:
    """The statements and functions of a source, by line."""

    def __init__(self, source: str) -> None:
        """Parse it."""
        self._statements: list[tuple[int, int]] = []
        self._bodies: list[tuple[int, int]] = []
        self._tops: list[tuple[int, int]] = []
        tree = ast.parse(source)
        for top in tree.body:
            self._tops.append((_first_line(top), top.end_lineno or top.lineno))
        self._visit(tree, in_function=False)

    def statement(self, line: int) -> range:
        """The lines of the innermost statement around; of a compound one, its head."""
        around = [span for span in self._statements if span[0] <= line <= span[1]]
        first, last = max(around, key=lambda s: (s[0], -s[1]), default=(line, line))
        return range(first, last + 1)

    def body(self, line: int) -> range | None:
        """The lines of the outermost function's body around, if there is one."""
        for first, last in self._bodies:
            if first <= line <= last:
                return range(first, last + 1)
        return None

    def around(self, line: int) -> range:
        """The lines of the top-level statement around."""
        for first, last in self._tops:
            if first <= line <= last:
                return range(first, last + 1)
        return range(line, line + 1)

    def _visit(self, node: ast.AST, *, in_function: bool) -> None:
        for child in ast.iter_child_nodes(node):
            inside = in_function
            if isinstance(child, ast.stmt):
                self._statements.append((_first_line(child), _head_end(child)))
            elif isinstance(child, ast.ExceptHandler | ast.match_case):
                first = _first_line(child)
                self._statements.append((first, max(first, _first_line(child.body[0]) - 1)))
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and not in_function:
                inside = True
                self._bodies.append((child.body[0].lineno, child.end_lineno or child.lineno))
            self._visit(child, in_function=inside)


def _first_line(node: ast.AST) -> int:
    if isinstance(node, ast.match_case):
        return node.pattern.lineno
    decorators: Iterator[ast.expr] = iter(getattr(node, "decorator_list", ()))
    return min([int(getattr(node, "lineno", 1)), *(item.lineno for item in decorators)])


def _head_end(node: ast.stmt) -> int:
    body = getattr(node, "body", None) or getattr(node, "cases", None)
    if not body:
        return node.end_lineno or node.lineno
    return max(node.lineno, _first_line(body[0]) - 1)
