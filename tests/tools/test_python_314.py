"""The Python rows without the names that Python 3.14 removed: tools/python_314.py."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import python_314
from plugins.removed_in_314 import REMOVED
from scaffold.kit.catalog import Kit

pytestmark = pytest.mark.slow

NAMES = [(module, name) for module, names in REMOVED.items() for name in names.split()]


def run(home: Path, source: str) -> tuple[int, list[str]]:
    """One test file, run without the names."""
    (home / "test_it.py").write_text(source)
    return python_314.run_tests(home, ["test_it.py"], sys.executable)


def test_a_test_that_needs_a_removed_name_is_red(tmp_path: Path) -> None:
    count, red = run(
        tmp_path,
        "import ast\n"
        "def test_old():\n    assert ast.Str\n"
        "def test_new():\n    assert ast.Constant(1).value == 1\n",
    )
    assert count == 1
    assert len(red) == 1
    assert red[0].startswith("test_it.py::test_old - AttributeError")


def test_no_removed_name_is_left(tmp_path: Path) -> None:
    source = (
        "import importlib, pytest\n"
        f"@pytest.mark.parametrize('module, name', {NAMES!r})\n"
        "def test_name(module, name):\n"
        "    assert not hasattr(importlib.import_module(module), name)\n"
        "@pytest.mark.parametrize('name', ['n', 's'])\n"
        "def test_constant(name):\n"
        "    import ast\n"
        "    assert not hasattr(ast.Constant(1), name)\n"
    )
    assert run(tmp_path, source) == (len(NAMES) + 2, [])


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="some are gone in newer versions")
@pytest.mark.parametrize(("module", "name"), NAMES)
def test_each_removed_name_is_one_that_python_had(module: str, name: str) -> None:
    assert hasattr(import_module(module), name)


def test_an_event_loop_is_not_made_where_there_is_none(tmp_path: Path) -> None:
    source = (
        "import asyncio, pytest\n"
        "def test_none():\n"
        "    with pytest.raises(RuntimeError, match='no current event loop'):\n"
        "        asyncio.get_event_loop()\n"
        "async def started():\n"
        "    process = await asyncio.create_subprocess_exec('true')\n"
        "    return asyncio.get_event_loop(), await process.wait()\n"
        "def test_running_loop_starts_processes():\n"
        "    assert asyncio.run(started())[1] == 0\n"
    )
    assert run(tmp_path, source) == (2, [])


def test_a_run_that_collects_nothing_is_red(tmp_path: Path) -> None:
    assert run(tmp_path, "import missing\n")[1][0].startswith("test_it.py")
    assert run(tmp_path, "")[1][0].startswith("no tests ran")


def entry(**fields: Any) -> Any:
    """The entry of a row at one commit."""
    return {"gap": "prices", "commit": "aaaa", "digest": "0", **fields}


def test_check_names_what_is_missing_stale_or_red(
    kit: Kit, capsys: pytest.CaptureFixture[str]
) -> None:
    assert python_314.check(kit, [entry()], []) == 0
    assert python_314.check(kit, [entry()], [entry(digest="1", red=[])]) == 0
    assert python_314.check(kit, [entry()], [entry(red=["test_a"])]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "python 3.14: prices aaaa was not run",
        "stale: Python 3.14 of prices aaaa",
        "python 3.14: prices aaaa: test_a",
    ]


def test_retired_rows_and_other_cases_need_no_run(kit: Kit) -> None:
    ledger = [entry(retired=True), entry(case="other")]
    assert python_314.check(kit, ledger, []) == 0
