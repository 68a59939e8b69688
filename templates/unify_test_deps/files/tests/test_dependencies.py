"""What the suites import is declared in tests/pyproject.toml, with the extra of their folder."""

import ast
import re
import sys
from pathlib import Path

import pytest

tomllib = pytest.importorskip("tomllib", reason="Python 3.11 is the first with it")

TESTS = Path(__file__).resolve().parent
EXTRAS = ("e2e", "integration")
"""Each is called as the folder of its suite."""
BROUGHT = {"werkzeug": "pytest_httpserver"}
"""Packages that another one brings along, by their imports."""


def declared(extra):
    """The imports of the dependencies that every test has, and of an extra."""
    project = tomllib.loads((TESTS / "pyproject.toml").read_text("utf-8"))["project"]
    named = [*project["dependencies"], *project["optional-dependencies"][extra]]
    names = {re.match(r"[\w.-]+", one)[0].lower().replace("-", "_") for one in named}
    return names | {one for one, source in BROUGHT.items() if source in names}


def imported(path):
    """The packages that a module imports, without its neighbours and the standard library."""
    tree = ast.parse(path.read_text("utf-8"))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module)
    tops = {name.partition(".")[0] for name in names} - sys.stdlib_module_names
    return {one for one in tops if not list(path.parent.glob(f"{one}*"))}


@pytest.mark.parametrize("extra", EXTRAS)
def test_every_import_is_a_declared_dependency(extra):
    missing = {
        f"{path.name}: {name}"
        for path in (TESTS / extra).glob("*.py")
        for name in imported(path) - declared(extra)
    }
    assert not missing, f"not in the dependencies, nor in the extra '{extra}': {missing}"
