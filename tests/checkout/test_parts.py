"""What belongs to some parts of a gap in a checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.checkout.parts import targets_of
from scaffold.proof.runner import SubjectTarget
from support.tree import write_files

TARGETS = [
    SubjectTarget("one", "app/one.py", "app.one"),
    SubjectTarget("two", "app/two.py", "app.two"),
]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("from app.one import run\n\nrun()\n", ["one"]),
        ("import app.one\nimport app.two\n\napp.one.run()\napp.two.run()\n", ["one", "two"]),
        ("import other\n", ["one", "two"]),
    ],
)
def test_the_targets_of_a_part_are_those_that_its_tests_name(
    tmp_path: Path, text: str, named: list[str]
) -> None:
    write_files(tmp_path, {"tests/test_part.py": text})
    found = targets_of(tmp_path, ["tests/test_part.py"], TARGETS)
    assert [target.name for target in found] == named
