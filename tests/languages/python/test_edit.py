"""Units in files of ours and of a person: added, shared, replaced, refused, taken out again."""

from __future__ import annotations

import importlib.util
import runpy
from pathlib import Path
from typing import Any

import black
import pytest

from scaffold import edits
from scaffold.edits import Unit
from scaffold.errors import CheckoutError, ConflictError, KitError
from support.edit_samples import EditKind

PATH = "cli/test/conftest.py"
PAYLOAD = '''\
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from planoai import core

# A loop under test that never ends fails here.
LIMIT = 500


class Base:
    """Stands in for a process."""


class Ahead(Base):
    limit = LIMIT


@pytest.fixture
def docker(monkeypatch):
    """Every process of the test."""
    monkeypatch.setattr(subprocess, "run", Ahead)
    return core, requests, sys, Path
    # nothing waits
'''
PERSON = '''\
#!/usr/bin/env python
"""Fixtures of ours."""

import os
from pathlib import Path


def home():  # the fixture's own
    return Path(os.environ["HOME"])



# the end
'''
FIXTURE = '@pytest.fixture\ndef clock():\n    """Time."""\n    return 1\n'
CLOCK = f"import pytest\n\n\n{FIXTURE}"


def run(text: str, folder: Path) -> dict[str, Any]:
    place = folder / "module.py"
    place.write_text(text)
    return runpy.run_path(str(place))


KIND = EditKind("python", PATH, PAYLOAD, first_party=("planoai",))
put, take = KIND.put, KIND.take


def test_an_absent_file_is_made_with_sorted_imports_and_ordered_units() -> None:
    result = put(None)

    assert result.text.startswith(
        "import subprocess\nimport sys\nfrom pathlib import Path\n\n"
        "import pytest\nimport requests\n\nfrom planoai import core\n\n"
        "# A loop under test that never ends fails here.\nLIMIT = 500\n\n\nclass Base:\n"
    )
    assert result.text.index("class Base") < result.text.index("class Ahead")
    assert result.wholly_ours
    assert result.text.endswith("    # nothing waits\n")
    assert black.format_str(result.text, mode=black.Mode()) == result.text


def test_the_units_are_imports_and_names_sorted() -> None:
    names = [unit.name for unit in put(None).units]

    assert names == sorted(names)
    assert names == [
        "Ahead", "Base", "LIMIT", "docker", "from:pathlib:Path", "from:planoai:core",
        "import:pytest", "import:requests", "import:subprocess", "import:sys",
    ]  # fmt: skip
    assert edits.units("python", PAYLOAD) == put(None).units


def test_a_constant_that_calls_a_function_stands_below_it_and_what_it_runs(tmp_path: Path) -> None:
    payload = (
        "ZERO = 0\n\n\nclass Box:\n    size = ZERO\n\n\n"
        "def make():\n    return Box()\n\n\nALL = make()\n"
    )

    text = put(None, payload).text

    run(text, tmp_path)
    assert text.index("ZERO = 0") < text.index("class Box") < text.index("def make")
    assert text.endswith("ALL = make()\n")
    assert black.format_str(text, mode=black.Mode()) == text


def test_functions_that_call_each_other_are_sorted_by_name(tmp_path: Path) -> None:
    payload = "def b():\n    return a()\n\n\ndef a():\n    return b()\n\n\nX = [b]\n"

    text = put(None, payload).text

    run(text, tmp_path)
    assert text.index("def a") < text.index("def b") < text.index("X =")


def test_imports_of_two_owners_are_merged_in_a_file_of_ours() -> None:
    first = put(None, "from pathlib import PurePath\n\n\ndef a():\n    return PurePath\n")
    second = put(
        first.text,
        "from os import sep\nfrom pathlib import Path\nimport json as j\n\n\n"
        "def b():\n    return Path, sep, j\n",
        owned=first.units,
        created=True,
    )

    assert second.text.startswith(
        "import json as j\nfrom os import sep\nfrom pathlib import Path, PurePath\n\n\n"
    )


def test_a_long_import_is_wrapped_as_black_and_isort_do() -> None:
    names = [f"Name{number}" for number in range(12)] + ["CONSTANT", "function"]
    payload = f"from requests.exceptions import {', '.join(names)}\n\n\ndef a():\n    return 1\n"

    text = put(None, payload).text

    assert "import (\n    CONSTANT,\n    Name0,\n    Name1,\n    Name2," in text
    assert "    Name11,\n    function,\n)\n" in text
    assert black.format_str(text, mode=black.Mode()) == text


def test_what_a_formatter_did_is_no_edit() -> None:
    first = put(None, "def a(x,y):\n    '''Doc.  '''\n    return {'k':(x)}  #why\n")
    formatted = black.format_str(first.text, mode=black.Mode())

    assert formatted != first.text
    again = put(formatted, "def a(x,y):\n    '''Doc.  '''\n    return {'k':(x)}  #why\n",
                owned=first.units, created=True)  # fmt: skip
    assert again.text == formatted
    assert take(formatted, first.units, created=True) is None


def test_the_digest_is_the_same_on_every_python() -> None:
    payload = 'A = [f"{1!r:>{2}}", 1e400, 10**9, 0xFF, 3j, b"x", "é", ...]\n'

    assert edits.units("python", payload) == (Unit("A", "06b8c15fb79d0d49"),)


@pytest.mark.parametrize(
    "before, after",
    [("return 1", "return 2"), ("# why", "# because"), ('"""Doc."""', '"""Documentation."""')],
    ids=["code", "comment", "docstring"],
)
def test_a_change_of_code_comment_or_docstring_is_an_edit(before: str, after: str) -> None:
    payload = 'def a():\n    """Doc."""\n    # why\n    return 1\n'
    first = put(None, payload)
    edited = first.text.replace(before, after)

    assert edits.standing("python", edited, first.units, path=PATH) == {"a": "edited"}
    with pytest.raises(ConflictError, match=r"conftest.py:1: 'a' was edited since"):
        take(edited, first.units, created=True)


def test_a_persons_file_keeps_every_byte_and_gets_the_units_at_its_end() -> None:
    result = put(PERSON)

    assert not result.wholly_ours
    assert result.text.startswith(
        '#!/usr/bin/env python\n"""Fixtures of ours."""\n\nimport os\nfrom pathlib import Path\n'
        "import pytest\nimport requests\nimport subprocess\nimport sys\n"
        "from planoai import core\n\n\ndef home():"
    )
    assert "\n\n\n\n# the end\n\n\n# A loop under test" in result.text
    assert "from:pathlib:Path" not in {unit.name for unit in result.units}
    assert take(result.text, result.units) == PERSON


def test_line_ends_mark_and_missing_last_line_end_are_kept() -> None:
    person = "\ufeffimport os\r\n\r\nx = 'é'  # ü"

    result = put(person, CLOCK)

    assert result.text == (
        "\ufeffimport os\r\nimport pytest\r\n\r\nx = 'é'  # ü\r\n\r\n\r\n"
        + FIXTURE.rstrip().replace("\n", "\r\n")
    )
    assert take(result.text, result.units) == person


def test_a_second_owner_shares_and_the_last_one_takes_it_along() -> None:
    first = put(PERSON, CLOCK)
    second = put(first.text, CLOCK + "\n\ndef more():\n    return 1\n", owned=first.units)
    more = [unit for unit in second.units if unit not in first.units]

    assert [unit.name for unit in more] == ["more"]
    assert take(second.text, more, owned=second.units) == first.text


def test_a_unit_that_a_person_wrote_the_same_way_is_never_ours() -> None:
    person = f"import pytest\n\n\n{FIXTURE}"

    result = put(person, CLOCK)

    assert result.text == person
    assert result.units == ()


def test_an_unedited_unit_of_ours_is_replaced_where_it_stands() -> None:
    first = put(PERSON, CLOCK)
    text = first.text + "\n\ndef after():\n    return 2\n"

    second = put(text, CLOCK.replace("return 1", "return 7"), owned=first.units)

    assert second.text == text.replace("return 1", "return 7")
    assert second.units != first.units


def test_a_new_unit_that_a_replaced_one_needs_goes_above_it() -> None:
    first = put("x = 1\n", "A = 1\n")
    second = put(first.text, "B = 2\nA = B\n", owned=first.units)

    assert second.text == "x = 1\n\n\nB = 2\n\n\nA = B\n"


def test_an_edit_of_a_person_stays_while_the_payload_does_not_change() -> None:
    first = put(PERSON, CLOCK)
    edited = first.text.replace("return 1", "return 99")

    second = put(edited, CLOCK, owned=first.units)

    assert second.text == edited
    assert second.units == first.units


def test_an_edit_and_a_changed_payload_are_a_conflict_that_is_settled_as_asked() -> None:
    first = put(PERSON, CLOCK)
    edited = first.text.replace("return 1", "return 99")
    changed = CLOCK.replace("return 1", "return 2")

    with pytest.raises(ConflictError) as caught:
        put(edited, changed, owned=first.units)

    line = edited.split("\n").index("@pytest.fixture") + 1
    assert caught.value.fact == (
        f"{PATH}:{line}: the fixture 'clock' was edited since it was generated, and differs from "
        "the one that this gap needs (skip keeps yours, overwrite takes that of the kit)"
    )
    skipped = put(edited, changed, owned=first.units, on_conflict="skip")
    assert skipped.text == edited
    assert put(edited, changed, owned=skipped.units).text == edited
    overwritten = put(edited, changed, owned=first.units, on_conflict="overwrite")
    assert "return 2" in overwritten.text and "return 99" not in overwritten.text


def test_a_unit_of_a_person_that_differs_is_a_conflict_that_is_settled_as_asked() -> None:
    person = "def clock():\n    return 5\n"

    with pytest.raises(ConflictError) as caught:
        put(person, CLOCK)

    assert caught.value.exit_code == 4
    # Theirs is a function, and no fixture.
    assert "cli/test/conftest.py:1: the name 'clock' is there already" in caught.value.fact
    assert caught.value.hint == "--on-conflict skip"
    skipped = put(person, CLOCK, on_conflict="skip")
    assert [unit.name for unit in skipped.units] == ["import:pytest"]
    overwritten = put(person, CLOCK, on_conflict="overwrite")
    assert FIXTURE in overwritten.text
    assert "clock" in [unit.name for unit in overwritten.units]


@pytest.mark.parametrize(
    "person, name, line",
    [
        ("from time import time\n", "time", 1),
        ("x = 1\nif x:\n    def clock():\n        pass\n", "clock", 3),
        ("clock, other = 1, 2\n", "clock", 1),
        ("for clock in []:\n    pass\n", "clock", 1),
        ("try:\n    x = 1\nexcept OSError as clock:\n    pass\n", "clock", 3),
    ],
    ids=["import", "nested function", "tuple", "loop", "exception"],
)
def test_a_name_that_stands_for_something_else_is_a_conflict(
    person: str, name: str, line: int
) -> None:
    payload = f"import time\n{CLOCK}"

    with pytest.raises(ConflictError, match=f"{PATH}:{line}: the name '{name}' is taken here"):
        put(person, payload)
    assert person in put(person, payload, on_conflict="skip").text


def test_a_comprehension_or_a_local_name_takes_no_name() -> None:
    person = "A = [clock for clock in ()]\n\n\ndef f(clock):\n    return clock\n"

    result = put(person, CLOCK)

    assert take(result.text, result.units) == person


def test_a_conditional_import_counts_but_not_one_for_type_checking() -> None:
    guarded = "try:\n    import pytest\nexcept ImportError:\n    pytest = None\n"
    typed = "import typing\n\nif typing.TYPE_CHECKING:\n    import pytest\n"

    assert "import:pytest" not in [unit.name for unit in put(guarded, CLOCK).units]
    assert "import typing\nimport pytest\n" in put(typed, CLOCK).text


def test_another_payload_of_this_plan_that_says_otherwise_is_the_kits_fault() -> None:
    first = put(None, CLOCK)

    with pytest.raises(KitError, match=r"two\.jinja: 'clock' differs from the one"):
        put(first.text, CLOCK.replace("1", "2"), planned=first.units, created=True,
            origin="two.jinja")  # fmt: skip


@pytest.mark.parametrize(
    "payload, message",
    [
        ("def a(:\n", "p.py:1: does not parse as Python"),
        ("import os\nprint(os)\n", "p.py:2: is not an import, constant, class or function"),
        ('"""Doc."""\n', "p.py:1: is not an import"),
        ("a = 1; b = 2\n", "p.py:1: is not an import"),
        ("a, b = 1, 2\n", "p.py:1: is not an import"),
        ("from os import *\n", "names no units"),
        ("a = 1\na = 2\n", "p.py:2: defines 'a' twice"),
        ("import a\nfrom b import a\n", "the name 'a' stands for two things"),
        ("import a\n\na = 1\n", "the name 'a' stands for two things"),
        ("# lost\n\na = 1\n", "p.py:1: this comment belongs to no unit"),
        ("import os  # why\n", "p.py:1: this comment belongs to no unit"),
    ],
)
def test_a_broken_payload_is_named_with_its_line(payload: str, message: str) -> None:
    with pytest.raises(KitError) as caught:
        put(None, payload, origin="p.py")

    assert message in caught.value.fact


@pytest.mark.parametrize("text", ["def f(:\n", "x = 1\0\n", "  x = 1\n"])
def test_a_target_that_does_not_parse_is_named_with_its_line(text: str) -> None:
    with pytest.raises(CheckoutError, match=r"cli/test/conftest.py:\d+: does not parse") as caught:
        put(text)
    assert caught.value.exit_code == 3
    with pytest.raises(CheckoutError):
        take(text, [Unit("a", "b")])


def test_an_unknown_kind_is_the_kits_fault() -> None:
    with pytest.raises(KitError, match="no kind of edit called 'cobol'; there is "):
        edits.apply("cobol", None, "", path=PATH)


def test_bytes_that_are_no_utf8_are_refused() -> None:
    assert edits.decode(b"\xef\xbb\xbfx\r\n", PATH) == "\ufeffx\r\n"
    with pytest.raises(CheckoutError, match=r"conftest.py is not UTF-8 \(byte 1\)"):
        edits.decode(b"x\xff", PATH)


def test_the_engine_has_one_place_for_kinds() -> None:
    assert all(importlib.util.find_spec(module) for module in edits.KINDS.values())
