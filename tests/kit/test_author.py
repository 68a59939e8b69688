"""A new gap passes the check of its kit; each way to break it is a fault with its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.commands.options import known_words
from scaffold.errors import ConflictError, ScaffoldError, UsageError
from scaffold.kit.author import new_gap
from scaffold.kit.catalog import load_kit
from scaffold.kit.contract import find_faults
from scaffold.languages import language_of
from scaffold.languages.formatting import format_source
from support.tinykit import write_kit
from support.tree import snapshot

TEST = "templates/greet/files/tests/test_greet.py.jinja"
GAP = "templates/greet/gap.toml"


def finish(path: str, content: bytes) -> bytes:
    language = language_of(path)
    assert language is not None
    written = format_source(path, content)
    language.check_syntax(path, written)
    return written


def faults(root: Path) -> list[str]:
    kit = load_kit(root, known_words())
    found = [fault for gap in kit.gaps.values() for fault in find_faults(kit, gap, finish)]
    return [fault.replace(f"{root}/", "") for fault in found]


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("greet", "greet.py"),
        ("A-b_2", "a/b-c.py"),
        ("greet", "src/lib.rs"),
        ("x", "some/deep/x.rs"),
    ],
)
def test_a_new_gap_in_a_new_kit_keeps_the_contract(tmp_path: Path, name: str, target: str) -> None:
    written = new_gap(tmp_path, name, target)
    assert all(place.is_file() for place in written)
    assert faults(tmp_path) == []


def test_a_second_gap_leaves_all_that_is_there_as_it_is(tmp_path: Path) -> None:
    new_gap(tmp_path, "greet", "greet.py")
    (tmp_path / "templates" / "kit.toml").write_text('name = "k"\n[checkout]\nmarkers = ["a"]\n')
    before = snapshot(tmp_path)
    written = new_gap(tmp_path, "parting", "parting.py")
    assert {place.relative_to(tmp_path).parts[1] for place in written} == {"parting"}
    assert before.items() <= snapshot(tmp_path).items()


def test_a_kit_of_another_author_gets_what_it_lacks(tmp_path: Path) -> None:
    kit = write_kit(tmp_path, {})
    new_gap(kit, "greet", "greet.py")
    assert faults(kit) == []


@pytest.mark.parametrize(
    ("name", "target"),
    [("../out", "a.py"), ("", "a.py"), ("-x", "a.py"), ("a", "../a.py"), ("a", "/a.py"),
     ("a", ".git/a.py"), ("a", "a.ts"), ("a", "a"), ("a", "a\n.py")],
)  # fmt: skip
def test_a_name_or_target_that_does_not_fit_writes_nothing(
    tmp_path: Path, name: str, target: str
) -> None:
    with pytest.raises(UsageError):
        new_gap(tmp_path, name, target)
    assert list(tmp_path.iterdir()) == []


def test_a_gap_that_is_there_is_left(tmp_path: Path) -> None:
    new_gap(tmp_path, "greet", "greet.py")
    before = snapshot(tmp_path)
    with pytest.raises(ConflictError):
        new_gap(tmp_path, "greet", "greet.py")
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("path", "old", "new", "fault"),
    [
        (TEST, "import pytest\n", "import (\n", f"{TEST}: in the case 'default' "),
        (TEST, "import pytest\n", "[[ nothing ]]\n", "the template of 'greet' is broken: "),
        (TEST, "import pytest\n", '# [% if has(facts, "greet", "wave") %][% endif %]\n',
         f"{TEST}:4: 'wave' is missing in `symbols` of 'greet' in gap.toml"),
        (TEST, "import pytest\n", '# [% if has(facts, "other", "wave") %][% endif %]\n',
         f"{TEST}:4: asks for the target 'other', which gap.toml does not have"),
        (TEST, "TODO: ", "TODO: /Users/mine/ ", f"{TEST}: in the case 'default' line 7 names "),
        (TEST, 'header("greet", kit_version)', 'header("other", kit_version)',
         f"{TEST}: in the case 'default' line 1 is"),
        (GAP, "line_pct", 'symbols = ["wave"]\nline_pct',
         f"{GAP}: no template asks for 'wave' of 'greet'"),
        (GAP, "[[targets]]",
         '[[edits]]\nkind = "python"\npath = "a.py"\npayload = "a.py"\n\n[[targets]]',
         f"{GAP}: no file has its payload 'a.py'"),
        ("templates/greet/cases.toml", "[default]", "[default]\ngreet_x = 1",
         "templates/greet/cases.toml:2: unknown key"),
        ("templates/greet/questions.yml", "#", "greet_x: {help: h, default: 1}\n#",
         "templates/greet/questions.yml:1: "),
    ],
)  # fmt: skip
def test_each_way_to_break_a_gap_is_a_fault(
    tmp_path: Path, path: str, old: str, new: str, fault: str
) -> None:
    new_gap(tmp_path, "greet", "greet.py")
    text = (tmp_path / path).read_text("utf-8")
    assert old in text
    (tmp_path / path).write_text(text.replace(old, new, 1), "utf-8")
    found = faults(tmp_path)
    assert found and fault in found[0]


@pytest.mark.parametrize("path", ["templates/greet/README.md", TEST])
def test_a_file_that_is_missing_is_a_fault(tmp_path: Path, path: str) -> None:
    new_gap(tmp_path, "greet", "greet.py")
    (tmp_path / path).unlink()
    assert faults(tmp_path) != []


def test_a_gap_toml_that_is_broken_is_refused_with_its_line(tmp_path: Path) -> None:
    new_gap(tmp_path, "greet", "greet.py")
    place = tmp_path / GAP
    place.write_text(place.read_text().replace("line_pct", "line_pc"))
    with pytest.raises(ScaffoldError, match=r"gap\.toml:17: unknown key"):
        faults(tmp_path)
