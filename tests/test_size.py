"""No module above 400 lines, no function above 40: in the sources, the tools and the tests.

A function is as long as its body: the options of a command are a table, not code.
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("src", "tests", "tools")
    for path in (ROOT / folder).rglob("*.py")
)


def test_each_module_and_its_functions_stay_short() -> None:
    assert {path: found for path in MODULES if (found := too_long(path))} == {}


def too_long(path: str) -> dict[str, int]:
    """What of a module is too long, with its lines."""
    text = (ROOT / path).read_text(encoding="utf-8")
    long = {
        node.name: lines
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.body[0].lineno + 1) > 40
    }
    return long | ({"the module": text.count("\n")} if text.count("\n") > 400 else {})
