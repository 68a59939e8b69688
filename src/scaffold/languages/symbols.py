"""Symbols of a source file, found by parsing. Nothing of the target is imported or run."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from scaffold.reading import decoded, parsing

Symbols = dict[str, dict[str, Any]]
"""Qualified name -> `kind`, and of a function `async`, `params`, `defaults`, `decorators`."""


def symbols_of(path: str, source: bytes) -> Symbols:
    """The top-level names and methods of a file; empty where no parser knows its language.

    Raises:
        CheckoutError: The file does not parse; its line is named.
    """
    parser = _PARSERS.get(path.rpartition(".")[2])
    if parser is None:
        return {}
    with parsing(path, source):
        return parser(path, source)


def python_symbols(path: str, source: bytes) -> Symbols:
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
    with parsing(path, source):
        return ast.parse(source, filename=path)


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
    """Names that the body assigns or imports: what tells two versions of one signature apart."""
    names: set[str] = set()
    for statement in node.body:
        for item in ast.walk(statement):
            if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store):
                names.add(item.id)
            elif isinstance(item, ast.Import | ast.ImportFrom):
                names |= {alias.asname or alias.name.partition(".")[0] for alias in item.names}
    return sorted(names)


def rust_symbols(path: str, source: bytes) -> Symbols:
    """Items, methods, fields, variants and uses of a Rust file; see `symbols_rust`.

    Raises:
        CheckoutError: Text between the items is no Rust, or the file is not UTF-8.
    """
    # tree-sitter is loaded for Rust alone.
    from scaffold.languages.rust import symbols as symbols_rust

    decoded(path, source)
    return symbols_rust.rust_symbols(path, source)


_PARSERS: Mapping[str, Callable[[str, bytes], Symbols]] = {
    "py": python_symbols,
    "rs": rust_symbols,
}
