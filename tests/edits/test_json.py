"""Entries and array elements put into JSON files and taken out again, layout and comments kept."""

from __future__ import annotations

import json

import pytest

from scaffold.errors import CheckoutError, KitError
from support.edit_samples import EditKind

SCRIPT = '{"scripts": {"test": "vitest run"}}'
KIND = EditKind("json", "package.json", SCRIPT)
TURBO = EditKind("json", "turbo.json", '{"tasks": {"test": {"outputs": ["coverage/**"]}}}')
TASKS = """\
{
  // What each package does.
  "tasks": {
    "lint": {}, // quick
    "build": { "dependsOn": ["^build"] } // slow, cached
  }
}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{\n  "scripts": {\n    "dev": "x",\n    "build": "y"\n  }\n}\n',
            '{\n  "scripts": {\n    "dev": "x",\n    "build": "y",\n'
            '    "test": "vitest run"\n  }\n}\n',
        ),
        (
            '{\n\t"scripts": {\n\t\t"a": "x",\n\t\t"z": "y"\n\t}\n}\n',
            '{\n\t"scripts": {\n\t\t"a": "x",\n\t\t"test": "vitest run",\n\t\t"z": "y"\n\t}\n}\n',
        ),
        ('{"scripts": {"dev": "x"}}', '{"scripts": {"dev": "x", "test": "vitest run"}}'),
        ("{}", '{\n  "scripts": {\n    "test": "vitest run"\n  }\n}'),
        (
            '{\n  "name": "a"\n}\n',
            '{\n  "name": "a",\n  "scripts": {\n    "test": "vitest run"\n  }\n}\n',
        ),
    ],
    ids=["last", "sorted", "one-line", "empty", "made"],
)
def test_an_entry_goes_where_its_object_asks_for_it(text: str, expected: str) -> None:
    result = KIND.put(text)
    assert result.text == expected
    assert KIND.put(result.text, owned=result.units) == result
    assert KIND.take(result.text, result.units) == text


def test_comments_stay_with_the_entries_that_they_are_of() -> None:
    result = TURBO.put(TASKS)
    made = '    "test": {\n      "outputs": ["coverage/**"]\n    }\n'
    assert f'["^build"] }}, // slow, cached\n{made}' in result.text
    assert TURBO.take(result.text, result.units) == TASKS


def test_elements_go_last_and_are_counted_one_by_one() -> None:
    text = '{\n  "workspaces": [\n    "apps/*"\n  ]\n}\n'
    first = KIND.put(text, '{"workspaces": ["a"]}')
    second = KIND.put(first.text, '{"workspaces": ["a", "b"]}', owned=first.units)
    assert json.loads(second.text) == {"workspaces": ["apps/*", "a", "b"]}
    assert [unit.name for unit in second.units] == ["workspaces:a", "workspaces:b"]
    both = tuple(sorted({*first.units, *second.units}))
    left = KIND.take(second.text, [unit for unit in second.units if unit.name.endswith("b")],
                     owned=both)  # fmt: skip
    assert left == first.text
    assert KIND.take(left, first.units) == text


def test_what_a_person_put_in_beside_ours_stays() -> None:
    made = KIND.put('{\n  "name": "a"\n}\n')
    theirs = made.text.replace('"vitest run"', '"vitest run",\n    "dev": "x" // y')
    left = KIND.take(theirs.replace(" // y", ""), made.units)
    assert left == '{\n  "name": "a",\n  "scripts": {\n    "dev": "x"\n  }\n}\n'


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ('{\n  "a": 1,\n}\n', 2, "a comma with no value after it"),
        ('{\n  "a": [\n    1,\n  ]\n}\n', 3, "a comma with no value after it"),
        ('{"a": 1,, "b": 2}', 1, "a comma with no value after it"),
        ('{\n  "a": 1,\n  "b": {},\n  "a": 2\n}', 4, 'the key "a" is there twice'),
        ('{\n  "b": {"a": 1,\n  "a": 1}\n}', 3, 'the key "a" is there twice'),
        ('// why\n{"a": 1}', 1, "a comment, which its tool does not read"),
        ('{"a": 1 /* why */}', 1, "a comment, which its tool does not read"),
        ("", 1, "0 values, not one"),
        ('{"a": 1}\n{"b": 1}', 1, "2 values, not one"),
        ("{'a': 1}", 1, ""),
        ('{"a": 01}', 1, ""),
        ('{"a": 1', 1, ""),
        ('{"a": "\\ud800"}', 1, ""),
    ],
)
def test_what_is_not_json_is_refused_with_its_line(text: str, line: int, why: str) -> None:
    with pytest.raises(CheckoutError) as caught:
        KIND.put(text)
    assert caught.value.fact.startswith(f"package.json:{line} does not parse")
    assert why in caught.value.fact


@pytest.mark.parametrize("name", ["turbo.json", "tsconfig.test.json", "biome.jsonc"])
def test_a_comma_before_a_bracket_is_refused_where_comments_are_read_too(name: str) -> None:
    kind = EditKind("json", name, SCRIPT)
    assert kind.put('// why\n{"a": 1}').text.startswith("// why\n{")
    with pytest.raises(CheckoutError, match=f"{name}:2 does not parse: a comma with no value"):
        kind.put('// why\n{"a": 1, // more\n}')


def test_a_place_of_another_shape_is_named_with_its_line() -> None:
    with pytest.raises(CheckoutError, match=r"package.json:2: 'scripts' is not an object"):
        KIND.put('{\n  "scripts": []\n}')
    with pytest.raises(CheckoutError, match=r"package.json:1: 'files' is not an array"):
        KIND.put('{"files": {"a": 1}}', '{"files": ["b"]}')


@pytest.mark.parametrize(
    ("payload", "why"),
    [('["a"]', "is not an object"), ('{"a": ["b", "b"]}', "has the same element twice")],
)
def test_a_payload_that_names_no_units_is_the_kits_fault(payload: str, why: str) -> None:
    with pytest.raises(KitError, match=why):
        KIND.put("{}", payload, origin="gap/package.json")
