"""A fixture's name means one thing in all tests."""

from __future__ import annotations

import ast
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FILES = [path for path in sorted(TESTS.rglob("*.py")) if TESTS / "testdata" not in path.parents]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions() -> Iterator[tuple[str, Function]]:
    """Every function of the tests, with the module that holds it."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, Function):
                yield path.relative_to(TESTS).as_posix(), node


def is_fixture(node: Function) -> bool:
    return any("fixture" in ast.unparse(decorator) for decorator in node.decorator_list)


def given_by(node: Function) -> str:
    """The type of what a fixture gives: of an iterator, what it yields."""
    returned = ast.unparse(node.returns) if node.returns else "no annotation"
    return re.sub(r"^(?:Iterator|Generator)\[(.*)\]$", r"\1", returned)


def asked_for(node: Function) -> Iterator[tuple[str, str]]:
    """The name and the type of each argument that is a fixture, where nothing else gives it."""
    decorators = " ".join(ast.unparse(decorator) for decorator in node.decorator_list)
    for argument in node.args.args:
        if not re.search(rf"\b{argument.arg}\b", decorators) and "given(" not in decorators:
            written = ast.unparse(argument.annotation) if argument.annotation else "no annotation"
            yield argument.arg, written


@pytest.mark.slow
def test_a_name_of_a_fixture_has_one_type() -> None:
    meanings: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for module, node in functions():
        if is_fixture(node):
            meanings[node.name][given_by(node)].add(module)
    for module, node in functions():
        if node.name.startswith("test_") or is_fixture(node):
            for name, written in asked_for(node):
                if name in meanings:
                    meanings[name][written].add(module)
    several = {name: dict(types) for name, types in meanings.items() if len(types) > 1}
    assert several == {}


@pytest.fixture(scope="module")
def process_of_the_module() -> int:
    return os.getpid()


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process runs all tests")
def test_tests_that_share_a_fixture_of_their_module_are_kept_together(
    process_of_the_module: int, request: pytest.FixtureRequest
) -> None:
    assert process_of_the_module == os.getpid()
    assert request.node.nodeid.endswith("@tests/test_fixtures.py"), "xdist groups by such an id"
