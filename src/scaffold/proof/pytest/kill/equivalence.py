"""Mutants of a Python source that no test can tell from the original, by how they are made.

Equal code is one kind. Annotations that stay text (`from __future__ import annotations`) are
another, in a checkout where nothing reads annotations and in a definition that nobody else gets to
see: no decorator and no base class but plain ones.
"""

from __future__ import annotations
import __future__

import ast
import re
import types
from typing import Any

LAZY = __future__.annotations.compiler_flag
READERS = re.compile(
    rb"get_type_hints|__annotations__|get_annotations|evaluate_forward_ref"
    rb"|\b(?:inspect|pydantic|typer|fastapi|attrs?|cattrs?|dacite|singledispatch\w*|typeguard"
    rb"|beartype|msgspec|marshmallow\w*|sqlmodel|sqlalchemy|strawberry|injector|dataclasses|punq"
    rb"|litestar|starlite|ninja|flask_restx|cyclopts|fire|tap|jsonargparse|wired|svcs|lagom"
    rb"|dependency_injector|apischema|mashumaro|pyrsistent|traitlets|NamedTuple|TypedDict"
    rb"|autospec|create_autospec|plac|invoke|hypothesis|polyfactory|factory)\b"
)
"""Names of what looks at annotations when a program runs."""
EQUAL_CODE, ANNOTATIONS = "equal code", "annotations"
PLAIN = frozenset({"staticmethod", "classmethod", "property", "overload", "object", "Exception"})


def flags_of(source: str) -> int:
    """The compiler's flags for annotations that stay text; 0 where they are evaluated."""
    found = (node for node in ast.parse(source).body if isinstance(node, ast.ImportFrom))
    names = [alias.name for node in found if node.module == "__future__" for alias in node.names]
    return LAZY if "annotations" in names else 0


def sameness(before: str, after: str, flags: int, *, annotations_read: bool) -> str:
    """Why two texts of a top-level statement are equivalent; empty where they are not.

    It is `EQUAL_CODE` or `ANNOTATIONS`.

    Raises:
        SyntaxError: One does not compile.
    """
    one, two = ast.parse(before), ast.parse(after)
    codes = [compile(tree, "<mutant>", "exec", flags, dont_inherit=True) for tree in (one, two)]
    if _shape(codes[0]) == _shape(codes[1]):
        return EQUAL_CODE
    if annotations_read or not flags or not _is_plain(one) or not _is_plain(two):
        return ""
    same = ast.dump(_Bare().visit(one)) == ast.dump(_Bare().visit(two))
    return ANNOTATIONS if same else ""


def _shape(code: types.CodeType) -> tuple[Any, ...]:
    """What a code object does, without where its lines are."""
    names = (code.co_name, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    table = getattr(code, "co_exceptiontable", b"")
    return (code.co_code, names, counts, table, tuple(_constant(c) for c in code.co_consts))


def _constant(value: Any) -> Any:
    if isinstance(value, types.CodeType):
        return _shape(value)
    if isinstance(value, tuple):
        return ("tuple", tuple(_constant(item) for item in value))
    return (type(value).__name__, repr(value))


def _is_plain(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        around = [*getattr(node, "decorator_list", ())]
        if isinstance(node, ast.ClassDef):
            around += [*node.bases, *(item.value for item in node.keywords)]
        if any(not isinstance(item, ast.Name) or item.id not in PLAIN for item in around):
            return False
    return True


class _Bare(ast.NodeTransformer):
    """Takes annotations out; what they stand at stays."""

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)
