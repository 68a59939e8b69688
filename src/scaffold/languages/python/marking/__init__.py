"""The edit kind `pytest_marks`: marks above tests that are a person's.

A payload is TOML, a mark with the tests that get it:

    streaming = ["test_answer_streaming", "test_answer_streaming_with_tools"]

A test is a function of the module; one that is not there is left out, and one that has the mark
already is a person's. Each mark of a test is a unit, `test_answer_streaming @streaming`, and a line
above the decorators that stand there.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Sequence
from typing import Unpack

from scaffold.edits import ApplyOptions, EditResult, Presence, RevertOptions, Unit
from scaffold.edits.decisions import digest, existing, line_end, ours
from scaffold.errors import CheckoutError, KitError
from scaffold.system.invocation import edit

_NAME = re.compile(r"[A-Za-z_]\w*")
_Test = ast.FunctionDef | ast.AsyncFunctionDef


def apply(
    text: str | None, payload: str, *, path: str, **options: Unpack[ApplyOptions]
) -> EditResult:
    """The module with every mark of the payload above its test.

    Raises:
        CheckoutError: The file is not there, does not parse, or does not import pytest.
        KitError: The payload is broken.
    """
    wanted = units(payload, origin=options.get("origin", "payload"))
    if not wanted:
        return EditResult(text or "", ())
    own = ours(path, options, options.get("planned", ()))
    text = existing(text, path)
    owned: list[Unit] = []
    # The last one first, since each goes above those that stand there.
    for unit in reversed(wanted):
        name, mark = _parts(unit)
        test = _tests(text, path).get(name)
        if test is None:
            continue
        if _line_of(test, mark) is not None:
            owned += [unit] if unit.name in own.digests else []
            continue
        rows = text.split("\n")
        at = _first_row(test)
        lead = "\ufeff" if at == 0 and text.startswith("\ufeff") else ""
        end = "\r" if line_end(text) == "\r\n" else ""
        rows[at] = rows[at].removeprefix(lead)
        rows.insert(at, f"{lead}@pytest.mark.{mark}{end}")
        text = "\n".join(rows)
        owned.append(unit)
    if owned and not _imports_pytest(text):
        raise CheckoutError(f"{path} does not import pytest, which marks need", edit(path))
    return EditResult(text, tuple(sorted(owned)))


def revert(
    text: str, drop: Sequence[Unit], *, path: str, **options: Unpack[RevertOptions]
) -> str | None:
    """The module without the marks; one that a person changed is another one, and stays.

    Raises:
        CheckoutError: The file does not parse.
    """
    for unit in drop:
        name, mark = _parts(unit)
        test = _tests(text, path).get(name)
        row = None if test is None else _line_of(test, mark)
        if row is not None:
            rows = text.split("\n")
            lead = "\ufeff" if rows[row].startswith("\ufeff") else ""
            del rows[row]
            text = lead + "\n".join(rows)
    return text


def units(payload: str, *, origin: str = "payload") -> tuple[Unit, ...]:
    """The units of a payload, sorted by name.

    Raises:
        KitError: The payload is broken.
    """
    try:
        data = tomllib.loads(payload)
        found = []
        for mark, tests in data.items():
            for test in tests:
                if not _NAME.fullmatch(mark) or not _NAME.fullmatch(test):
                    raise ValueError(f"{mark} = {test!r:.60}")
                found.append(Unit(f"{test} @{mark}", digest(mark)))
    except (ValueError, TypeError) as error:
        fact = f"{origin}: is not a list of tests for each mark: {error}"
        raise KitError(fact) from error
    return tuple(sorted(set(found)))


def standing(text: str, owned: Sequence[Unit], *, path: str) -> dict[str, Presence]:
    """Unit name -> present or absent.

    Raises:
        CheckoutError: The file does not parse.
    """
    tests = _tests(text, path)
    result = {}
    for unit in sorted(owned):
        name, mark = _parts(unit)
        there = name in tests and _line_of(tests[name], mark) is not None
        result[unit.name] = Presence.PRESENT if there else Presence.ABSENT
    return result


def _parts(unit: Unit) -> tuple[str, str]:
    name, _, mark = unit.name.partition(" @")
    return name, mark


def _tests(text: str, path: str) -> dict[str, _Test]:
    try:
        module = ast.parse(text.removeprefix("\ufeff"))
    except SyntaxError as error:
        raise CheckoutError(
            f"{path}:{error.lineno}: does not parse: {error.msg}", edit(path)
        ) from error
    return {node.name: node for node in module.body if isinstance(node, _Test)}


def _first_row(test: _Test) -> int:
    return min([test.lineno, *(one.lineno for one in test.decorator_list)]) - 1


def _line_of(test: _Test, mark: str) -> int | None:
    """The row of a mark above a test."""
    rows = (
        one.lineno - 1 for one in test.decorator_list if ast.unparse(one) == f"pytest.mark.{mark}"
    )
    return next(rows, None)


def _imports_pytest(text: str) -> bool:
    module = ast.parse(text.removeprefix("\ufeff"))
    return any(
        isinstance(node, ast.Import) and any(name.name == "pytest" for name in node.names)
        for node in module.body
    )
