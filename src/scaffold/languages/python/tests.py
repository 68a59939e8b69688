"""The tests that stand in a Python file, by parsing: also those that pytest would not collect."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scaffold.languages import first_sentence
from scaffold.languages.python.symbols import parse_python
from scaffold.system.reading import parsing

_NAMED = re.compile(r"test(?:_|[A-Z0-9])")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class StandingTest:
    """A function that is named as a test, at the top of a file or in a class.

    Attributes:
        name: As pytest calls it: `TestUp::test_counts`.
        line: Where its name stands.
        hidden_by: The line of a later definition that takes its name; 0 where none does.
    """

    name: str
    line: int
    hidden_by: int = 0


def standing_tests(path: str, source: bytes) -> list[StandingTest]:
    """The tests of a file, whatever surrounds them, in order.

    Raises:
        CheckoutError: The file does not parse.
    """
    tree = parse_python(path, source)
    with parsing(path):
        return list(_tests_in(tree.body, "", 0))


def summary(path: str, source: bytes) -> str:
    """What a file is about: the first sentence of its docstring; empty without one.

    Raises:
        CheckoutError: The file does not parse.
    """
    return first_sentence(ast.get_docstring(parse_python(path, source)) or "")


def _tests_in(body: Sequence[ast.stmt], prefix: str, hidden_by: int) -> Iterator[StandingTest]:
    # Only a definition of the same block hides an earlier one: of two branches one is run.
    later = {node.name: node.lineno for node in body if isinstance(node, ast.ClassDef | _Function)}
    for node in body:
        if isinstance(node, ast.ClassDef | _Function):
            again = later[node.name] if later[node.name] != node.lineno else 0
            name = f"{prefix}{node.name}"
            if isinstance(node, ast.ClassDef):
                yield from _tests_in(node.body, f"{name}::", again or hidden_by)
            elif _NAMED.match(node.name) and not is_fixture(node):
                yield StandingTest(name, node.lineno, again or hidden_by)
        else:
            for block in _blocks(node):
                yield from _tests_in(block, prefix, hidden_by)


def _blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The blocks of a statement: branches, bodies of loops, handlers, cases."""
    for name in ("body", "orelse", "finalbody"):
        yield getattr(node, name, [])
    for name in ("handlers", "cases"):
        for inner in getattr(node, name, []):
            yield inner.body


def fixtures_in(tree: ast.Module) -> dict[str, tuple[int, str]]:
    """The names by which tests ask for a module's fixtures: name -> line, and its function."""
    found: dict[str, tuple[int, str]] = {}
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not is_fixture(node):
            continue
        given = [
            word.value.value
            for item in node.decorator_list
            if isinstance(item, ast.Call)
            for word in item.keywords
            if word.arg == "name" and isinstance(word.value, ast.Constant)
        ]
        found[str([*given, node.name][0])] = node.lineno, node.name
    return found


def is_fixture(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function is decorated as a fixture; one that only uses some is none."""
    calls = [item.func if isinstance(item, ast.Call) else item for item in node.decorator_list]
    return any(ast.unparse(item).rpartition(".")[2].endswith("fixture") for item in calls)
