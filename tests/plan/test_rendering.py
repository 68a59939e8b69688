"""A rendering is recalled where all that it is made of is as it was, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scaffold.kit.catalog import Kit, load_kit
from scaffold.kit.render import Rendered, render
from scaffold.plan.rendering import rendering_of
from scaffold.system.caching import cache_dir, recall, remember
from support.tinykit import gap_toml, write_kit

FILES: dict[str, str | bytes] = {
    "row/gap.toml": gap_toml(),
    "row/questions.yml": "row_name:\n  type: str\n  help: Who?\n  default: x\n",
    "row/files/a.txt.jinja": (
        '[% from "templates/_shared/m.jinja" import said %]\n[[ said(row_name) ]] [[ facts ]]'
    ),
    "row/files/frame.bin": b"\0\xff\r\n",
    "_shared/m.jinja": "[% macro said(name) %]said [[ name ]][% endmacro %]",
    "other/gap.toml": gap_toml(),
    "other/files/b.txt": "before",
}


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    made = write_kit(tmp_path / "kit", FILES)
    (made / "templates" / "row" / "files" / "frame.bin").chmod(0o755)
    return load_kit(made)


@pytest.fixture(autouse=True)
def fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The gaps that Copier rendered."""
    found: list[str] = []

    def noted(kit: Kit, gap: Any, *rest: Any) -> Rendered:
        found.append(gap.slug)
        return render(kit, gap, *rest)

    monkeypatch.setattr("scaffold.plan.rendering.render", noted)
    return found


def of_row(kit: Kit, name: str = "x", facts: dict[str, Any] | None = None) -> Rendered:
    return rendering_of(kit, kit.gap("row"), {"row_name": name}, facts or {})


def test_a_rendering_is_recalled_as_it_was(kit: Kit, made: list[str]) -> None:
    first = of_row(kit)
    again = of_row(kit)
    assert first == again, f"expected what was rendered, {first}, got {again}"
    assert first.files == {"a.txt": b"said x {}", "frame.bin": b"\0\xff\r\n"}
    assert first.executable == {"frame.bin"}
    assert made == ["row"], f"expected one rendering, got those of {made}"


@pytest.mark.parametrize("path", ["row/files/a.txt.jinja", "_shared/m.jinja", "row/questions.yml"])
def test_an_edit_of_the_kit_is_seen(kit: Kit, made: list[str], path: str) -> None:
    of_row(kit)
    place = kit.root / "templates" / path
    place.write_text(place.read_text("utf-8").replace("x", "y") + "\n", "utf-8")
    of_row(kit)
    assert made == ["row", "row"], f"expected a rendering after the edit, got those of {made}"


def test_other_answers_and_facts_are_rendered(kit: Kit, made: list[str]) -> None:
    texts = [of_row(kit, *given).files["a.txt"] for given in (("x",), ("y",), ("x", {"a": 1}))]
    assert texts == [b"said x {}", b"said y {}", b"said x {'a': 1}"]


def test_what_takes_in_a_file_of_another_gap_is_rendered_each_time(kit: Kit) -> None:
    row = kit.gap("row").files_dir / "a.txt.jinja"
    row.write_text('[% include "templates/other/files/b.txt" %]', "utf-8")
    assert of_row(kit).files["a.txt"] == b"before"
    (kit.gap("other").files_dir / "b.txt").write_text("after", "utf-8")
    assert of_row(kit).files["a.txt"] == b"after"


def spoiled(change: Callable[[Any], Any]) -> None:
    """Write what was kept anew, as nobody but this user could, with this change."""
    entries = {place: recall(place) or b"" for place in cache_dir("parsed").iterdir()}
    [(entry, kept)] = [(place, kept) for place, kept in entries.items() if b"frame.bin" in kept]
    remember(entry, json.dumps(change(json.loads(kept))).encode())


@pytest.mark.parametrize(
    "change",
    [
        lambda kept: kept[:3],
        lambda kept: [{"../a.txt": "YQ=="}, *kept[1:]],
        lambda kept: [{"a.txt": "not base64"}, *kept[1:]],
        lambda kept: [kept[0], {"conftest.py": 1}, *kept[2:]],
        lambda kept: None,
    ],
    ids=["short", "path", "content", "payload", "none"],
)
def test_what_no_rendering_can_be_is_rendered(
    kit: Kit, made: list[str], change: Callable[[Any], Any]
) -> None:
    first = of_row(kit)
    spoiled(change)
    assert of_row(kit) == first
    assert made == ["row", "row"], f"expected a rendering, got those of {made}"
