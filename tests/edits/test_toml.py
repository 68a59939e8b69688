"""Entries and array elements put into TOML files and taken out again, layout and comments kept."""

from __future__ import annotations

import tomllib

import pytest

from scaffold import edits
from scaffold.errors import CheckoutError, ConflictError, KitError
from support.edit_samples import EditKind

PATH = "crates/Cargo.toml"
MEMBER = '[workspace]\nmembers = ["testutils"]\n'
DEPENDENCY = '[dev-dependencies]\nproptest = "1"\n'
WORKSPACE = '[workspace]\nresolver = "2"\nmembers = ["gate", "fold"] # in order\n'
LINES = '[workspace]\nmembers = [\n    "gate", # first\n    "fold", # last\n]\n\n[profile.dev]\n'
CRATE = (
    '[package]\nname = "gate" # the filter\n\n[dependencies]\nlog = "0.4"\n\n'
    '[dev-dependencies]\n# For mocks.\nmockito = { version = "1.0", features = [\n  "a",\n] }\n\n'
    "[features]\ndefault = []\n"
)


KIND = EditKind("toml", PATH, MEMBER)
put, take = KIND.put, KIND.take


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (WORKSPACE, WORKSPACE.replace('"fold"]', '"fold", "testutils"]')),
        (LINES, LINES.replace("# last\n", '# last\n    "testutils",\n')),
        (
            '[workspace]\nmembers = [\n  "a"\n]\n',
            '[workspace]\nmembers = [\n  "a",\n  "testutils"\n]\n',
        ),
        ("[workspace]\nmembers = []\n", '[workspace]\nmembers = ["testutils"]\n'),
        ('workspace.members = ["a", ]\n', 'workspace.members = ["a", "testutils", ]\n'),
    ],
    ids=["one-line", "lines", "no-comma", "empty", "dotted-key"],
)
def test_a_member_goes_last_in_the_arrays_own_layout(text: str, expected: str) -> None:
    result = put(text)
    assert result.text == expected
    assert put(result.text, owned=result.units) == result
    assert take(result.text, result.units) == text


def test_a_dependency_goes_last_in_its_table() -> None:
    result = put(CRATE, DEPENDENCY)
    assert result.text == CRATE.replace("] }\n", '] }\nproptest = "1"\n')
    assert [unit.name for unit in result.units] == ["dev-dependencies:proptest"]
    assert take(result.text, result.units) == CRATE


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('mockito = "1"\n', 'tokio = "1"\n'),
        ("", '# Of the runtime.\ntokio = "1"\ntower = "1"\n'),
        ('log = "1"\nmockito = [\n  "a", # last\n] # all\n', ""),
        ('tokio = "1"\nmockito = "1"\n', ""),
    ],
    ids=["between", "first", "last", "no-order"],
)
def test_a_dependency_goes_to_its_place_in_alphabetical_order(before: str, after: str) -> None:
    text = f"[dev-dependencies]\n{before}{after}\n[features]\n"
    result = put(text, DEPENDENCY)
    assert result.text == f'[dev-dependencies]\n{before}proptest = "1"\n{after}\n[features]\n'
    assert put(result.text, DEPENDENCY, owned=result.units) == result
    assert take(result.text, result.units) == text


def test_a_table_that_is_missing_is_made_and_goes_again() -> None:
    text = '[package]\nname = "fold"\n'
    result = put(text, DEPENDENCY)
    assert result.text == text + "\n" + DEPENDENCY
    assert put(result.text, DEPENDENCY, owned=result.units) == result
    assert take(result.text, result.units) == text


def test_a_table_that_we_made_stays_while_a_person_uses_it() -> None:
    text = '[package]\nname = "fold"\n'
    result = put(text, DEPENDENCY)
    mine = result.text + 'insta = "1"\n'
    assert take(mine, result.units) == text + '\n[dev-dependencies]\ninsta = "1"\n'


def test_an_array_that_is_missing_is_made_and_goes_again() -> None:
    text = '[tool.pytest.ini_options]\naddopts = "-q"\n'
    payload = '[tool.pytest.ini_options]\nmarkers = ["slow: takes long", "state"]\n'
    result = put(text, payload)
    assert tomllib.loads(result.text)["tool"]["pytest"]["ini_options"]["markers"] == [
        "slow: takes long",
        "state",
    ]
    assert take(result.text, result.units) == text


def test_two_gaps_share_a_dependency() -> None:
    first = put(CRATE, DEPENDENCY)
    second = put(first.text, DEPENDENCY, owned=first.units)
    assert second.units == first.units


def test_what_a_person_has_already_is_left_alone_and_never_ours() -> None:
    text = CRATE.replace('log = "0.4"', 'log = "0.4"\n\n[dev-dependencies.proptest]\nversion="1"')
    payload = '[dev-dependencies]\nproptest = { version = "1" }\n'
    text = text.replace("[dev-dependencies]\n# For mocks.\n", "[build-dependencies]\n")
    assert put(text, payload) == edits.EditResult(text, ())


def test_another_value_of_a_person_is_a_conflict_with_its_line() -> None:
    text = CRATE.replace("[features]", 'proptest = "0.9"\n[features]')
    with pytest.raises(ConflictError, match=rf"^{PATH}:13: 'dev-dependencies:proptest' is there"):
        put(text, DEPENDENCY)
    assert put(text, DEPENDENCY, on_conflict="skip").text == text
    assert 'proptest = "1"' in put(text, DEPENDENCY, on_conflict="overwrite").text


def test_an_edited_entry_stays() -> None:
    result = put(CRATE, DEPENDENCY)
    edited = result.text.replace('proptest = "1"', 'proptest = "1.4" # newer')
    assert put(edited, DEPENDENCY, owned=result.units).text == edited
    assert edits.standing("toml", edited, result.units, path=PATH) == {
        "dev-dependencies:proptest": "edited"
    }
    with pytest.raises(ConflictError, match="was edited"):
        take(edited, result.units)


def test_a_new_payload_replaces_what_we_wrote() -> None:
    result = put(CRATE, DEPENDENCY)
    new = put(result.text, DEPENDENCY.replace('"1"', '"2"'), owned=result.units)
    assert new.text == result.text.replace('proptest = "1"', 'proptest = "2"')


def test_a_file_that_does_not_parse_is_refused() -> None:
    with pytest.raises(CheckoutError, match=r"does not parse.*line 2"):
        put("[workspace]\nmembers = [,]\n")
    with pytest.raises(CheckoutError, match="is not in this checkout"):
        put(None)


def test_a_broken_payload_is_the_kits_fault() -> None:
    with pytest.raises(KitError, match="gap/x"):
        put(WORKSPACE, "members = ", origin="gap/x")
    with pytest.raises(KitError, match="array of tables"):
        put(WORKSPACE, "[[bin]]\nname = 'x'\n")
