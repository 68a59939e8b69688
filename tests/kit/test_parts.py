"""`[[parts]]`: what the strict reader refuses, and what a command line may name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scaffold.errors import KitError, UsageError
from scaffold.kit.catalog import Kit, load_kit
from scaffold.kit.parts import names_of, needed, owner_of
from scaffold.kit.selection import select_parts
from scaffold.system import invocation
from support.tinykit import gap_toml, write_kit

EDITS = [{"kind": "python", "path": "tests/conftest.py", "payload": "conftest.py"}]


def part(name: str, **keys: Any) -> dict[str, Any]:
    """A part as it stands in gap.toml."""
    return {"name": name, "title": f"about {name}", "files": [f"tests/test_{name}.py"], **keys}


def kit_of(root: Path, *parts: dict[str, Any], **rows: list[dict[str, Any]]) -> Path:
    """A kit of the row `row` with the files a, b, c, and of other rows."""
    files = {f"row/files/tests/test_{name}.py.jinja": "x = 1\n" for name in "abc"}
    files["row/files/.scaffold-edits/conftest.py"] = "x = 1\n"
    files["row/gap.toml"] = gap_toml(edits=EDITS, parts=list(parts))
    for slug, others in rows.items():
        files[f"{slug}/gap.toml"] = gap_toml(parts=others)
        for other in others:
            files[f"{slug}/files/{other['files'][0]}"] = "x = 1\n"
    return write_kit(root, files)


A, B, C = part("a"), part("b"), part("c")
WRONG: dict[str, tuple[tuple[dict[str, Any], ...], str]] = {
    "a name with a colon": ((part("a:b"), B, C), "'a:b' must be letters, digits, _ and -"),
    "a name twice": ((A, {**B, "name": "a"}, C), "two parts are called 'a'"),
    "without files": ((A, B, C, {"name": "d", "title": "t"}), "the part 'd' has neither files nor"),
    "no title": (({"name": "a"}, B, C), r"the key 'title' is missing in parts\[1\]"),
    "an unknown key": ((part("a", file=[]), B, C), r"unknown key 'parts\[1\]\.file'; .* 'files'"),
    "a file that is not there": (
        (A, B, part("c", files=["tests/test_d.py", "tests/test_c.py"])),
        r"the part 'c' names 'tests/test_d\.py', which is unknown; the closest match is 'tests/te",
    ),
    "a template's own name": (
        (A, B, part("c", files=["tests/test_c.py.jinja"])),
        r"names 'tests/test_c\.py\.jinja', .* the closest match is 'tests/test_c\.py'",
    ),
    "a file in two parts": (
        (A, B, part("c", files=["tests/test_a.py", "tests/test_c.py"])),
        r"tests/test_a\.py is in two parts, 'a' and 'c'",
    ),
    "a file in none": ((A, B), r"tests/test_c\.py is in no part; add it to `files` of one"),
    "an edit that is not there": (
        (part("a", edits=["conftst.py"]), B, C),
        r"the part 'a' names 'conftst\.py', which is unknown; the closest match is 'conftest\.py'",
    ),
    "an edit in two parts": (
        (part("a", edits=["conftest.py"]), part("b", edits=["conftest.py"]), C),
        r"conftest\.py is in two parts, 'a' and 'b'",
    ),
    "a need that is not there": (
        (A, part("b", needs=["aa"]), C),
        r"parts\[2\]\.needs = 'aa', and 'row' has no such part; the closest match is 'a'",
    ),
    "a need of a gap that is not there": (
        (A, part("b", needs=["rwo:a"]), C),
        r"parts\[2\]\.needs = 'rwo:a', and there is no gap 'rwo'; the closest match is 'row'",
    ),
    "a need that comes later": (
        (part("a", needs=["b"]), B, C),
        "the part 'a' needs 'b', which stands after it; put 'b' first",
    ),
    "a circle": (
        (part("a", needs=["b"]), part("b", needs=["a"]), C),
        "parts need each other in a circle: row:a -> row:b -> row:a",
    ),
    "a part that needs itself": (
        (part("a", needs=["a"]), B, C),
        "parts need each other in a circle: row:a -> row:a",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_parts_that_do_not_share_out_a_gap_are_refused_with_their_line(
    tmp_path: Path, wrong: str
) -> None:
    parts, fact = WRONG[wrong]
    with pytest.raises(KitError, match=rf"templates/row/gap\.toml:12: .*{fact}"):
        load_kit(kit_of(tmp_path, *parts))


def test_a_circle_through_another_gap_is_refused(tmp_path: Path) -> None:
    other = part("x", needs=["row:b"])
    with pytest.raises(KitError, match="circle: other:x -> row:b -> other:x"):
        load_kit(kit_of(tmp_path, A, part("b", needs=["other:x"]), C, other=[other]))


@pytest.fixture
def tiny(tmp_path: Path) -> Kit:
    """Needs along three parts of two gaps; `d` is a part of both."""
    parts = (A, part("b", needs=["a", "other:d"]), part("c", needs=["b"], edits=["conftest.py"]))
    return load_kit(kit_of(tmp_path, *parts, other=[part("d"), part("a")]))


def test_what_is_needed_comes_before_what_needs_it(tiny: Kit) -> None:
    row = tiny.gap("row")
    assert needed(tiny, row, "c") == (("row", "a"), ("other", "d"), ("row", "b"))
    assert needed(tiny, row, "a") == ()


def test_a_gap_without_parts_is_one_part(kit: Kit) -> None:
    prices = kit.gap("prices")
    assert names_of(prices) == ("all",)
    assert owner_of(prices, "tests/test_prices.py") == "all"


@pytest.mark.parametrize(
    ("slugs", "names", "wanted"),
    [
        (["row"], ["c", "a"], {"row": ("a", "c")}),
        ([], ["row:b"], {"row": ("b",)}),
        (["row"], ["b", "other:a"], {"row": ("b",), "other": ("a",)}),
        (["row", "other"], ["d", "row:a"], {"row": ("a",), "other": ("d",)}),
        (["row"], [], {}),
    ],
)
def test_parts_are_named_alone_or_with_their_gap(
    tiny: Kit, slugs: list[str], names: list[str], wanted: dict[str, tuple[str, ...]]
) -> None:
    assert select_parts(tiny, slugs, names) == wanted


@pytest.mark.parametrize(
    ("slugs", "names", "fact", "hint"),
    [
        (["row"], ["bb"], "'row' has no part 'bb'; the closest", "scaffold new --part b"),
        (["row"], ["zzz"], "'row' has no part 'zzz'; there is a, b, c", "scaffold show row"),
        ([], ["b"], "--part b does not name its gap", "scaffold new --part row:b"),
        (["row", "other"], ["a"], "--part a does not name its gap: each", "--part row:a"),
        ([], ["row:bb"], "'row' has no part 'bb'; the closest", "scaffold new --part row:b"),
        ([], ["rwo:b"], "there is no gap called 'rwo'", "scaffold new --part row:b"),
    ],
)
def test_a_part_that_there_is_not_is_refused_with_what_there_is(
    tiny: Kit, slugs: list[str], names: list[str], fact: str, hint: str
) -> None:
    invocation.begin(["new", *(word for name in names for word in ("--part", name))])
    with pytest.raises(UsageError) as caught:
        select_parts(tiny, slugs, names)
    assert caught.value.fact.startswith(fact)
    assert hint in caught.value.hint


def test_a_gap_of_one_part_has_no_other(kit: Kit) -> None:
    with pytest.raises(UsageError, match="'prices' is one part, so it has no part 'x'"):
        select_parts(kit, ["prices"], ["x"])


def test_a_part_and_the_next_one_are_not_asked_for_together(tiny: Kit) -> None:
    with pytest.raises(UsageError, match="--next picks the part itself"):
        select_parts(tiny, ["row"], ["a"], next_part=True)


@pytest.mark.parametrize(
    ("tests", "fault"),
    [
        (["test_one"], ""),
        (["test_on"], r"no template has a test 'test_on'; the closest match is 'test_one'"),
        (["test_one", "test_one"], "'test_one' is kept twice"),
    ],
)
def test_a_test_that_is_kept_for_a_reason_is_one_of_the_row(
    tmp_path: Path, tests: list[str], fault: str
) -> None:
    kept = [{"test": test, "reason": "it is the first that a reader tries"} for test in tests]
    files = {
        "row/gap.toml": gap_toml(keep=kept),
        "row/files/test_a.py.jinja": "def test_one():\n    assert 1\n",
    }
    root = write_kit(tmp_path / "kit", files)
    if fault:
        with pytest.raises(KitError, match=fault):
            load_kit(root)
    else:
        assert [one.test for one in load_kit(root).gaps["row"].keep] == tests
