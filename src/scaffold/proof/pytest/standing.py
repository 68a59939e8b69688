"""Tests that stand in the generated files and that pytest did not report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from scaffold.checkout.files import read_file
from scaffold.errors import CheckoutError
from scaffold.languages.python.tests import StandingTest, standing_tests
from scaffold.proof.runner import Subject

Json = dict[str, Any]


def not_run(subject: Subject, names: Mapping[str, str], tests: Iterable[Json]) -> list[Json]:
    """A red result for each test that was deselected, hidden, or never collected.

    Args:
        subject: The gap.
        names: Its Python files -> what pytest calls them, seen from the folder of the run.
        tests: The results that belong to the subject.
    """
    reported = {
        file: {test["id"] for test in tests if test["file"] == file} for file in names.values()
    }
    # What stops a folder's or a file's collection is red already.
    stopped = {test["id"] for test in tests if "::" not in test["id"]}
    found: list[Json] = []
    inherited: set[str] = set()
    waiting: list[tuple[str, str, StandingTest]] = []
    for path, file in names.items():
        if any(f"{file}/".startswith(f"{place.rstrip('/')}/") for place in stopped):
            continue
        standing = _standing(subject.checkout, path)
        ran = {_plain(name, file) for name in reported[file]}
        inherited |= {name.rpartition("::")[2] for name in ran - {test.name for test in standing}}
        waiting += [(path, file, test) for test in standing if not _ran(test, ran)]
    for path, file, test in waiting:
        outer, _, name = test.name.rpartition("::")
        # A class that others are made of: its tests ran as theirs.
        if outer and not test.hidden_by and name in inherited:
            continue
        found.append(_red(path, file, test))
    return found


def _standing(root: Path, path: str) -> list[StandingTest]:
    try:
        content = read_file(root, path)
        return standing_tests(path, content) if content is not None else []
    except CheckoutError:
        # pytest could not import it either, or this language does not know such a file.
        return []


def _plain(name: str, file: str) -> str:
    """The test's own name, without its file, parameters and number."""
    return name.removeprefix(f"{file}::").partition("[")[0].partition(" (number ")[0]


def _ran(test: StandingTest, ran: set[str]) -> bool:
    if test.hidden_by:
        return False
    # A class that could not be collected is reported as a class.
    parts = test.name.split("::")
    return any("::".join(parts[:end]) in ran for end in range(1, len(parts) + 1))


def _red(path: str, file: str, test: StandingTest) -> Json:
    why = f"; line {test.hidden_by} takes its name" if test.hidden_by else ""
    return {
        "id": f"{file}::{test.name}" + (f" (line {test.line})" if test.hidden_by else ""),
        "file": file,
        "outcome": "error",
        "message": f"the test stands in {path}:{test.line} and was not run{why}",
        "seconds": 0.0,
        "strict": False,
    }
