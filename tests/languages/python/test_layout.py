"""The layout of a file that is wholly ours, to the byte."""

from __future__ import annotations

from typing import Any

import black
import pytest

from scaffold import edits


def lay_out(payload: str, **options: Any) -> str:
    text = edits.apply("python", None, payload, path="conftest.py", **options).text
    assert black.format_str(text, mode=black.Mode()) == text
    return text


@pytest.mark.parametrize(
    "payload, expected",
    [
        ("B = 1\nA = 2\n", "A = 2\nB = 1\n"),
        ("B = 1\n# why\nA = 2\n", "# why\nA = 2\n\nB = 1\n"),
        ("A = 2\nB = [\n    1,\n]\nC = 3\n", "A = 2\n\nB = [\n    1,\n]\n\nC = 3\n"),
        ("import os\n\nA = os\n", "import os\n\nA = os\n"),
        ("import os\n\n\nclass A:\n    x = os\n", "import os\n\n\nclass A:\n    x = os\n"),
        ("class A:\n    x = 1\n", "class A:\n    x = 1\n"),
        ("def a():\n    pass\n\n\nB = 1\n", "B = 1\n\n\ndef a():\n    pass\n"),
        ("class A:\n    x = 1\n\n\nB = A\n", "class A:\n    x = 1\n\n\nB = A\n"),
    ],
)
def test_units_are_spaced_as_a_person_would(payload: str, expected: str) -> None:
    assert lay_out(payload) == expected


@pytest.mark.parametrize(
    "imports, expected",
    [
        (
            ["import b10", "import b9", "import B2", "from b9 import x", "import sys"],
            ["import sys", "", "import B2", "import b9", "import b10", "from b9 import x"],
        ),
        (
            ["from a import b as c, ZED, d, Klass, Z, e2, e10"],
            ["from a import ZED, Klass, Z, d, e2, e10", "from a import b as c"],
        ),
        (
            ["from .near import x", "import own.part", "import other", "from os import path"],
            ["from os import path", "", "import other", "", "import own.part", "",
             "from .near import x"],
        ),
        (
            ["from __future__ import annotations", "import os.path", "import os"],
            ["from __future__ import annotations", "", "import os", "import os.path"],
        ),
    ],
    ids=["plain first, by number", "members", "sections", "future"],
)  # fmt: skip
def test_imports_are_sorted_as_isort_does(imports: list[str], expected: list[str]) -> None:
    text = lay_out("\n".join([*imports, "", "A = 1"]) + "\n", first_party=["own"])

    assert text.split("\n")[:-3] == expected


def test_units_that_reach_each_other_when_they_run_stand_as_their_definition_needs() -> None:
    text = lay_out("def f():\n    return B\n\n\ndef g():\n    return A\n\n\nB = [g]\nA = [f, B]\n")

    assert text.endswith("B = [g]\nA = [f, B]\n")
