"""Stubs of Vitest files: each test an `it.todo` with its sentence, its describes kept."""

from __future__ import annotations

from scaffold.errors import KitError
from scaffold.languages import KnownDefect, Todo
from scaffold.languages.stub_merge import Splice, spliced
from scaffold.languages.trees import text_of
from scaffold.languages.typescript.syntax import parse
from scaffold.languages.typescript.tests import Call, tests_in, tests_of

ALLOWED = (
    "// biome-ignore-all lint/correctness/noUnusedImports: a stub: the bodies will use them.\n"
    "// biome-ignore-all lint/correctness/noUnusedVariables: a stub: the bodies will use them.\n"
)


def make_stub(path: str, source: str) -> tuple[str, tuple[Todo, ...]]:
    """The stub of a test file and its todos; see `stubs.stub`.

    Raises:
        KitError: The file does not parse.
    """
    data = source.encode("utf-8")
    tests = list(tests_of(parse(path, data, KitError)))
    if not tests:
        return source, ()
    splices = [Splice(0, 0, ALLOWED), *(_as_todo(test) for test in tests)]
    text = spliced(data, splices, str.encode).decode("utf-8")
    found = zip(tests_in(path, text.encode("utf-8"), KitError), tests, strict=True)
    return text, tuple(Todo(todo.name, _sentence(test), todo.line) for todo, test in found)


def find_todos(path: str, source: bytes) -> list[bool]:
    """For each test of a file whether it is a todo.

    Raises:
        CheckoutError: It does not parse.
    """
    return [test.todo for test in tests_in(path, source)]


def known_defects(path: str, source: bytes) -> list[KnownDefect]:
    """The known defects that the tests of a file declare, in order.

    Raises:
        CheckoutError: It does not parse.
    """
    found = (test for test in tests_in(path, source) if "fails" in test.marks)
    return [KnownDefect(path, test.name, test.reason) for test in found]


def _sentence(test: Call) -> str:
    return f"{test.title} (known defect: {test.reason})" if test.reason else test.title


def _as_todo(test: Call) -> Splice:
    title = text_of(test.arguments[0])
    return Splice(test.call.start_byte, test.call.end_byte, f"{test.word}.todo({title})")
