"""Taking units out again: what stays because it is used, and the laws for whatever file."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import black
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaffold import edits
from scaffold.edits import Unit
from scaffold.errors import ConflictError
from support.edit_files import payload_of, python_files, python_payloads
from support.edit_samples import EditKind

PATH = "test/conftest.py"
KIND = EditKind("python", PATH)
put, take = KIND.put, KIND.take


@settings(max_examples=40, deadline=None)
@given(python_files(), python_payloads, python_payloads, st.booleans())
def test_two_owners_go_in_any_order(text: str, one: str, two: str, first_goes_first: bool) -> None:
    first = put(text, one)
    second = put(first.text, two, owned=first.units)
    owned = sorted({*first.units, *second.units})
    gone, stays = (first, second) if first_goes_first else (second, first)
    drop = [unit for unit in gone.units if unit not in stays.units]

    left = take(second.text, drop, owned=owned)
    compile(left.lstrip("\ufeff"), PATH, "exec")
    standing = edits.standing("python", left, stays.units, path=PATH)
    assert set(standing.values()) <= {"present"}
    assert take(left, stays.units, owned=stays.units) == text


@settings(max_examples=25, deadline=None)
@given(st.lists(python_payloads, min_size=1, max_size=3), st.data())
def test_a_file_of_ours_does_not_depend_on_the_order_of_its_owners(
    several: list[str], data: st.DataObject
) -> None:
    def build(order: Sequence[int]) -> tuple[str | None, dict[int, tuple[Unit, ...]]]:
        text: str | None = None
        owned: dict[int, tuple[Unit, ...]] = {}
        for number in order:
            known = [unit for units in owned.values() for unit in units]
            result = put(text, several[number], owned=known, created=True)
            text, owned[number] = result.text, result.units
            assert result.wholly_ours
        return text, owned

    orders = list(itertools.permutations(range(len(several))))
    text, owned = build(data.draw(st.sampled_from(orders)))
    assert text == build(orders[0])[0]
    assert black.format_str(text, mode=black.Mode()) == text

    goes = data.draw(st.integers(0, len(several) - 1))
    known = sorted({unit for units in owned.values() for unit in units})
    others = {unit for number, units in owned.items() if number != goes for unit in units}
    left = take(text, [one for one in owned[goes] if one not in others], owned=known, created=True)
    if len(several) == 1:
        assert left is None
    else:
        assert left == build([n for n in orders[0] if n != goes])[0]


def test_an_import_that_a_person_began_to_use_stays() -> None:
    result = put("x = 1\n", payload_of(["clock"]))
    text = result.text.replace("x = 1", "x = time.time()")

    left = take(text, result.units)

    assert left == "import time\n\n\nx = time.time()\n"


def test_an_import_used_in_an_annotation_alone_stays() -> None:
    text = "from __future__ import annotations\n\n\ndef f(x: time.T) -> None:\n    y: int = 1\n"
    result = put(text.replace("time.T", "int"), payload_of(["clock"]))

    left = take(result.text.replace("x: int", "x: time.T"), result.units)

    assert "import time\n" in left
    assert "import pytest" not in left


def test_a_name_that_a_person_added_to_our_import_stays() -> None:
    result = put("x = 1\n", payload_of(["docker"]))
    text = result.text.replace("import Path, PurePath", "import Path, PosixPath, PurePath")
    text = text.replace("x = 1", "x = PosixPath")

    assert take(text, result.units) == "from pathlib import PosixPath\n\n\nx = PosixPath\n"


def test_an_import_with_a_persons_note_on_it_stays_whole() -> None:
    result = put("x = 1\n", payload_of(["docker"]))
    noted = result.text.replace("import Path, PurePath", "import Path, PosixPath, PurePath  # note")

    assert "from pathlib import Path, PosixPath, PurePath  # note" in take(noted, result.units)


@pytest.mark.parametrize(
    "code, name",
    [
        ("@pytest.fixture\ndef mine(clock):\n    return clock\n", "clock"),
        ("def test_mine(*, clock):\n    assert clock\n", "clock"),
        ("def mine():\n    return LIMIT\n", "LIMIT"),
        ("class Mine(Zeta):\n    pass\n", "Zeta"),
    ],
    ids=["fixture", "test", "constant", "base class"],
)
def test_a_unit_that_a_persons_code_uses_is_not_removed_unless_asked(code: str, name: str) -> None:
    result = put(None, payload_of(["clock", "Zeta"]))
    text = f"{result.text}\n\n{code}"

    with pytest.raises(ConflictError, match=rf"test/conftest.py:\d+: '{name}' is used by code"):
        take(text, result.units, created=True)
    kept = take(text, result.units, created=True, on_conflict="skip")
    assert edits.standing("python", kept, result.units, path=PATH)[name] == "present"
    compile(kept, PATH, "exec")
    dropped = take(text, result.units, created=True, on_conflict="overwrite")
    assert dropped.strip().removeprefix("import pytest").strip() == code.strip()


def test_what_a_kept_unit_needs_is_kept_with_it() -> None:
    result = put(None, payload_of(["docker"]))
    text = f"{result.text}\n\nprint(Alpha)\n"

    kept = take(text, result.units, created=True, on_conflict="skip")

    standing = edits.standing("python", kept, result.units, path=PATH)
    assert [name for name, how in standing.items() if how == "present"] == [
        "Alpha",
        "LIMIT",
        "Zeta",
    ]


def test_an_edited_unit_is_kept_or_dropped_as_asked_for() -> None:
    result = put("x = 1\n", "A = 1\n")
    text = result.text.replace("A = 1", "A = 2")

    assert take(text, result.units, on_conflict="skip") == text
    assert take(text, result.units, on_conflict="overwrite") == "x = 1\n"


def test_a_file_of_ours_stays_when_a_person_added_to_it() -> None:
    result = put(None, payload_of(["clock"]))
    text = f"{result.text}\n\ndef mine():\n    return 1\n"

    assert take(text, result.units, created=True) == "def mine():\n    return 1\n"
    again = put(text, payload_of(["LIMIT"]), owned=result.units, created=True)
    assert not again.wholly_ours
    assert again.text.startswith(text)


def test_an_empty_file_of_a_person_is_empty_again_and_stays() -> None:
    result = put("", payload_of(["clock"]))

    assert result.text.startswith("import time\n\nimport pytest\n\n\n@pytest.fixture\n")
    assert take(result.text, result.units) == ""


def test_a_unit_that_a_person_deleted_is_no_reason_to_stop() -> None:
    result = put("x = 1\n", payload_of(["LIMIT"]))

    assert take("x = 1\n", result.units) == "x = 1\n"
    assert edits.standing("python", "x = 1\n", result.units, path=PATH) == {"LIMIT": "absent"}


def test_dropping_nothing_that_is_there_leaves_a_reformatted_file_alone() -> None:
    result = put(None, payload_of(["TABLE"]))
    text = result.text.replace("    1: LIMIT,\n", "    1: LIMIT\n").replace("\n\n", "\n\n\n")
    others = edits.units("python", payload_of(["clock"]))

    assert take(text, others, owned=result.units, created=True) == text


def test_a_constant_below_a_class_that_it_needs_keeps_two_blank_lines() -> None:
    text = put(None, "class Box:\n    pass\n\n\nBOX = Box()\n").text

    assert text == "class Box:\n    pass\n\n\nBOX = Box()\n"
