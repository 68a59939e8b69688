"""Rows read from gap.toml, and selected."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.errors import KitError, UsageError
from scaffold.kit.catalog import Kit, load_kit
from scaffold.kit.selection import select
from support.tinykit import gap_toml, write_kit


def kit_of(root: Path, **rows: str) -> Kit:
    """A tiny kit of these rows."""
    return load_kit(write_kit(root, {f"{slug}/gap.toml": text for slug, text in rows.items()}))


@pytest.fixture
def tiny(tmp_path: Path) -> Kit:
    """Rows of each priority, kind and state."""
    return kit_of(
        tmp_path,
        late=gap_toml(priority="P3"),
        needy=gap_toml(priority="P0", requires=["late"]),
        rusty=gap_toml(priority="P1", language="rust"),
        plan=gap_toml(priority="P1", state="planned", run=None),
        old=gap_toml(priority="skip", state="deprecated", reason="it is old", run=None),
        idea=gap_toml(priority="1", kind="proposal"),
    )


def names(kit: Kit, **how: object) -> list[str]:
    return [gap.slug for gap in select(kit, **how)]  # type: ignore[arg-type]


def test_rows_stand_by_kind_then_priority_then_name(tiny: Kit) -> None:
    assert list(tiny.gaps) == ["needy", "plan", "rusty", "late", "old", "idea"]


def test_a_row_is_read_whole(kit: Kit) -> None:
    prices = kit.gap("prices")
    assert (prices.kind, prices.priority, prices.state) == ("gap", "P0", "ready")
    assert prices.targets[0].paths == ("parcels/prices.py",)
    assert (prices.targets[0].line_pct, prices.targets[0].kill_pct) == (100, 90)
    assert prices.edits[0].path == "tests/conftest.py"
    assert prices.run is not None and prices.run.baseline == ("tests",)
    assert prices.files_dir == prices.folder / "files"


def test_a_required_row_comes_first_and_once(tiny: Kit) -> None:
    assert names(tiny, slugs=["needy"]) == ["late", "needy"]
    assert names(tiny, slugs=["needy", "late", "needy"]) == ["late", "needy"]


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ({"everything": True}, ["late", "needy", "plan", "rusty"]),
        ({"everything": True, "kind": "proposal"}, ["idea"]),
        ({"everything": True, "language": "rust"}, ["rusty"]),
        ({"priorities": ["p1"]}, ["plan", "rusty"]),
        ({"priorities": ["P1"], "slugs": ["idea"]}, ["plan", "rusty", "idea"]),
        ({}, []),
    ],
)
def test_bulk_takes_what_fits_and_never_the_deprecated(
    tiny: Kit, how: dict[str, object], wanted: list[str]
) -> None:
    assert names(tiny, **how) == wanted


@pytest.mark.parametrize(
    ("how", "fact"),
    [
        ({"slugs": ["old"]}, "'old' is deprecated and gets no tests: it is old"),
        ({"slugs": ["plan"]}, "the template of 'plan' is not built yet"),
        ({"slugs": ["ratsy"]}, "there is no gap called 'ratsy'; the closest match is 'rusty'"),
        ({"priorities": ["P2"]}, "there is no priority 'P2'; the kit has 1, P0, P1, P3"),
    ],
)
def test_what_cannot_be_selected_is_refused(tiny: Kit, how: dict[str, object], fact: str) -> None:
    with pytest.raises(UsageError) as caught:
        names(tiny, **how)
    assert caught.value.fact.startswith(fact)
    assert caught.value.hint


def test_rows_that_require_each_other_are_a_broken_kit(tmp_path: Path) -> None:
    kit = kit_of(tmp_path, one=gap_toml(requires=["two"]), two=gap_toml(requires=["one"]))
    with pytest.raises(KitError, match=r"one.*two|two.*one"):
        names(kit, everything=True)


def test_a_folder_without_kit_toml_is_no_kit(tmp_path: Path) -> None:
    with pytest.raises(KitError, match=r"is no kit: kit\.toml is missing"):
        load_kit(tmp_path)


def test_a_priority_of_another_kind_alone_is_refused_with_the_command_for_it(kit: Kit) -> None:
    with pytest.raises(UsageError, match="no proposal has priority P0") as caught:
        select(kit, priorities=["p0"], kind="proposal")
    assert caught.value.hint == "scaffold new --priority P0 --kind gap"
