"""Symbols of a Python file, found by `ast`. Nothing of the target is imported or run."""

from __future__ import annotations

import ast
import io
import tokenize
from typing import Any

from scaffold.languages import Symbols
from scaffold.system.invocation import quoted
from scaffold.system.reading import parsing


def find_symbols(path: str, source: bytes) -> Symbols:
    """Functions, classes with their methods, constants and imports of a Python file.

    Raises:
        CheckoutError: The file does not parse.
    """
    found: Symbols = {}
    waiting = parse_python(path, source).body[::-1]
    with parsing(path):
        while waiting:
            node = waiting.pop()
            _add(found, node, prefix="")
            if isinstance(node, ast.If | ast.Try | ast.With):
                inner = list(ast.iter_child_nodes(node))
                waiting += [child for child in reversed(inner) if isinstance(child, ast.stmt)]
    return found


def parse_python(path: str, source: bytes) -> ast.Module:
    """The tree of a Python file.

    Raises:
        CheckoutError: It does not parse, or is too large or nested too deeply.
    """
    with parsing(path, source, hint=f"python3 -m py_compile {quoted(path)}"):
        return ast.parse(source, filename=path)


def check_syntax(path: str, source: bytes) -> None:
    """Parse a file.

    Raises:
        CheckoutError: It does not parse.
    """
    parse_python(path, source)


def encoding_of(source: bytes) -> str:
    """The encoding that a source names in its first two lines (PEP 263); else UTF-8."""
    try:
        return tokenize.detect_encoding(io.BytesIO(source[:4096]).readline)[0]
    except SyntaxError:
        # An unknown encoding, or one that its own mark contradicts: the parser names it.
        return "utf-8"


def _add(found: Symbols, node: ast.stmt, prefix: str) -> None:  # noqa: C901 - one table
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            found[prefix + node.name] = _function(node)
        case ast.ClassDef():
            found[prefix + node.name] = {
                "kind": "class",
                "decorators": [ast.unparse(item) for item in node.decorator_list],
            }
            for item in node.body:
                if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
                    _add(found, item, prefix=f"{prefix}{node.name}.")
        case ast.Assign():
            for target in node.targets:
                for name in ast.walk(target):
                    if isinstance(name, ast.Name):
                        found[prefix + name.id] = {"kind": "constant"}
        case ast.AnnAssign(target=ast.Name(id=name)):
            found[prefix + name] = {"kind": "constant"}
        case ast.Import() | ast.ImportFrom():
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                found.setdefault(prefix + bound, {"kind": "import"})
        case _:
            pass


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, Any]:
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    params = [item.arg for item in positional]
    defaults = {
        item.arg: ast.unparse(value)
        for item, value in zip(
            positional[len(positional) - len(arguments.defaults) :],
            arguments.defaults,
            strict=True,
        )
    }
    if arguments.vararg:
        params.append(f"*{arguments.vararg.arg}")
    for item, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        params.append(item.arg)
        if default is not None:
            defaults[item.arg] = ast.unparse(default)
    if arguments.kwarg:
        params.append(f"**{arguments.kwarg.arg}")
    return {
        "kind": "function",
        "async": isinstance(node, ast.AsyncFunctionDef),
        "params": params,
        "defaults": defaults,
        "decorators": [ast.unparse(item) for item in node.decorator_list],
        "locals": _assigned(node),
    }


def _assigned(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """Names that the body assigns or imports: which differ between versions of a signature."""
    names: set[str] = set()
    for statement in node.body:
        for item in ast.walk(statement):
            if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store):
                names.add(item.id)
            elif isinstance(item, ast.Import | ast.ImportFrom):
                names |= {alias.asname or alias.name.partition(".")[0] for alias in item.names}
    return sorted(names)
