"""Stubs of Python test modules: the same file, each body skipped with what is to be proved."""

from __future__ import annotations

import ast
import textwrap
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scaffold.errors import CheckoutError, KitError
from scaffold.languages import KnownDefect, Todo
from scaffold.languages.python.insertion import with_sorted_imports
from scaffold.languages.python.layout import WIDTH
from scaffold.languages.python.marks import Marks
from scaffold.languages.python.module import Import, Module, bindings
from scaffold.languages.python.symbols import encoding_of, parse_python
from scaffold.languages.python.tests import is_fixture
from scaffold.languages.stub_merge import Splice, spliced

_Test = ast.FunctionDef | ast.AsyncFunctionDef
_BLOCKS = (ast.If, ast.Try, ast.With)


@dataclass(frozen=True)
class FoundTest:
    """A test function, its name as pytest calls it, and the classes around it."""

    name: str
    node: _Test
    around: tuple[ast.ClassDef, ...] = ()


def make_stub(path: str, source: str) -> tuple[str, tuple[Todo, ...]]:
    """The stub of a test module and its todos; see `stubs.stub`.

    Raises:
        KitError: The module does not parse.
    """
    module = Module(source, path, KitError)
    tests = list(tests_of(module.tree.body))
    if not tests:
        return source, ()
    marks = Marks(module)
    sentences: list[str] = []
    splices: list[Splice] = []
    for test in tests:
        said = _todo_already(test.node)
        sentences.append(said or marks.with_defects(_sentence(test.node), test.node, test.around))
        if said is None:
            splices.append(_body_splice(module, test.node, sentences[-1]))
    bodies = tuple(splices)
    splices += marks.removals(tests_nodes=[test.node for test in tests], bodies=bodies)
    for test in tests:
        splices += [one for outer in test.around for one in marks.decorator_removals(outer)]
    text = _with_pytest(
        module.bom + spliced(module.text, dict.fromkeys(splices), module.local), path
    )
    return text, _todos(Module(text, path, KitError), sentences)


def find_todos(path: str, source: bytes) -> list[bool]:
    """For each test of a module whether it is a todo.

    Raises:
        CheckoutError: It does not parse.
    """
    tree = parse_python(path, source)
    return [_todo_already(test.node) is not None for test in tests_of(tree.body)]


def known_defects(path: str, source: bytes) -> list[KnownDefect]:
    """The known defects that the tests of a module declare, in order.

    Raises:
        CheckoutError: It does not parse.
    """
    module = Module(source.decode(encoding_of(source)), path, CheckoutError)
    marks = Marks(module)
    return [
        KnownDefect(path, test.name, reason)
        for test in tests_of(module.tree.body)
        for reason in [*marks.reasons(test.node, test.around), *marks.case_reasons(test.node)]
    ]


def tests_of(
    body: Sequence[ast.stmt], around: tuple[ast.ClassDef, ...] = ()
) -> Iterator[FoundTest]:
    """The tests that pytest collects from a body, in order."""
    for node in body:
        if isinstance(node, ast.ClassDef) and _is_test_class(node):
            yield from tests_of(node.body, (*around, node))
        elif isinstance(node, _BLOCKS):
            for name in ("body", "handlers", "orelse", "finalbody"):
                for inner in getattr(node, name, ()):
                    statements = inner.body if isinstance(inner, ast.ExceptHandler) else [inner]
                    yield from tests_of(statements, around)
        elif isinstance(node, _Test) and node.name.startswith("test_") and not is_fixture(node):
            name = "::".join([*(outer.name for outer in around), node.name])
            yield FoundTest(name, node, around)


def _is_test_class(node: ast.ClassDef) -> bool:
    return node.name.startswith("Test") or any(
        ast.unparse(base).endswith("TestCase") for base in node.bases
    )


def _sentence(node: _Test) -> str:
    summary = (ast.get_docstring(node) or "").split("\n\n")[0]
    said = " ".join(summary.split()).rstrip(".")
    return said or node.name.removeprefix("test_").replace("_", " ").strip() or node.name


def _todo_already(node: _Test) -> str | None:
    """The sentence of a test that is a todo in the full file too."""
    first = node.body[0]
    if not isinstance(first, ast.Expr) or not isinstance(first.value, ast.Call):
        return None
    call = first.value
    message = call.args[0] if call.args else None
    if ast.unparse(call.func) != "pytest.skip" or not isinstance(message, ast.Constant):
        return None
    said = str(message.value)
    return said.removeprefix("TODO:").strip() if said.startswith("TODO:") else None


def _body_splice(module: Module, node: _Test, sentence: str) -> Splice:
    colon = _header_end(module, node)
    last = module.with_inner_comments(node.end_lineno or node.lineno, node.col_offset)
    header = module.line(node.lineno)
    indent = header[: len(header) - len(header.lstrip())]
    first = node.body[0]
    if first.lineno > colon[0]:
        start = module.line_end(colon[0])
        body = module.line(first.lineno)
        inner = body[: len(body) - len(body.lstrip())]
    else:
        start = module.line_start(colon[0]) + colon[1]
        inner = f"{indent}    "
    return Splice(start, module.line_end(last), "\n" + _skip(sentence, inner))


def _header_end(module: Module, node: _Test) -> tuple[int, int]:
    """Line and column after the colon of a function's header."""
    first = node.body[0]
    decorators = getattr(first, "decorator_list", [])
    line = min([first.lineno, *(item.lineno for item in decorators)])
    column = module.offset(first.lineno, first.col_offset) - module.line_start(first.lineno)
    limit = (line, column if line == first.lineno else 0)
    colons = [
        token.end
        for token in module.tokens
        if token.exact_type == tokenize.COLON and (node.lineno, 0) <= token.start < limit
    ]
    return colons[-1]


def _skip(sentence: str, indent: str) -> str:
    """The statement that skips a test, as black leaves it."""
    text = f"TODO: {sentence}"
    line = f"{indent}pytest.skip({_quoted(text)})"
    if len(line) <= WIDTH:
        return line
    inner = f"{indent}    "
    if len(inner) + len(_quoted(text)) <= WIDTH:
        parts = [text]
    else:
        width = WIDTH - len(inner) - 3
        parts = textwrap.wrap(text, width, break_on_hyphens=False, break_long_words=False)
        parts = [f"{part} " for part in parts[:-1]] + parts[-1:]
    return "\n".join([f"{indent}pytest.skip(", *(inner + _quoted(p) for p in parts), f"{indent})"])


def _quoted(text: str) -> str:
    mark = "'" if '"' in text and "'" not in text else '"'
    escaped = text.replace("\\", "\\\\").replace(mark, f"\\{mark}")
    return f"{mark}{escaped}{mark}"


def _with_pytest(text: str, path: str) -> str:
    module = Module(text, path, KitError)
    pytest = Import("pytest")
    places = bindings(module.tree.body).get(pytest.bound, [])
    if any(meaning == pytest.meaning for _, meaning in places):
        return text
    return with_sorted_imports(module, [pytest])


def _todos(module: Module, sentences: Sequence[str]) -> tuple[Todo, ...]:
    found = tests_of(module.tree.body)
    return tuple(
        Todo(test.name, sentence, test.node.lineno)
        for test, sentence in zip(found, sentences, strict=True)
    )
