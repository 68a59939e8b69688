"""What of a Python file its layout does not change: code and comments, by parsing."""

from __future__ import annotations

import ast
import inspect
import io
import tokenize

from scaffold.languages.python.symbols import encoding_of, parse_python
from scaffold.system.reading import decoded, parsing

_Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def meaning(path: str, source: bytes) -> tuple[str, ...]:
    """The tree without positions, then every comment with the statement that it belongs to.

    Raises:
        CheckoutError: The file does not parse.
    """
    tree = parse_python(path, source)
    text = decoded(path, source, encoding_of(source))
    with parsing(path):
        for node in ast.walk(tree):
            _level(node)
        return (ast.dump(tree), *_comments(text))


def _level(node: ast.AST) -> None:
    """Take out what formatters change in a tree: docstrings' margins, `u""`, `del (a, b)`."""
    if isinstance(node, ast.Constant):
        node.kind = None
    elif isinstance(node, ast.Delete) and len(node.targets) == 1:
        only = node.targets[0]
        if isinstance(only, ast.Tuple | ast.List) and only.elts:
            node.targets = only.elts
    elif isinstance(node, _Documented) and ast.get_docstring(node, clean=False) is not None:
        first = node.body[0]
        assert isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        lines = inspect.cleandoc(str(first.value.value)).split("\n")
        first.value.value = "\n".join(line.rstrip() for line in lines)


def _comments(text: str) -> list[str]:
    found = []
    statement = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.exact_type in (tokenize.NEWLINE, tokenize.SEMI):
            statement += 1
        elif token.type == tokenize.COMMENT:
            found.append(f"{statement} {token.string[1:].strip()}")
    return found
