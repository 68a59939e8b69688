"""`scaffold kit`: a kit from nothing, checked, used, and broken."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from scaffold.kit.catalog import Gap
from support.command import scaffold
from support.documents import ROOT
from support.rendering import each_row
from support.tinykit import DEMO_KIT, gap_toml, write_kit
from support.tree import snapshot

SCHEMA = json.loads((ROOT / "docs" / "output.schema.json").read_text("utf-8"))


def test_a_new_gap_is_checked_written_and_undone(tmp_path: Path) -> None:
    kit, app = tmp_path / "my kit", tmp_path / "app"
    app.mkdir()
    (app / "greet.py").write_text("def greet(name):\n    return f'Hello, {name}!'\n")
    made = scaffold("kit", "new", "greet", "my kit", "--target", "greet.py", cwd=tmp_path)
    assert made.code == 0, made.err
    assert made.out.endswith("check it with: scaffold kit check 'my kit'\n")
    checked = scaffold("kit", "check", "my kit", cwd=tmp_path)
    assert (checked.code, checked.out) == (0, "checked: greet; no fault\n")
    before = snapshot(app)
    assert scaffold("new", "--gap", "greet", "--kit", kit, "-C", app).code == 0
    assert "pytest.skip" in (app / "tests" / "test_greet.py").read_text()
    assert scaffold("undo", "--kit", kit, "-C", app).code == 0
    assert snapshot(app) == before


@pytest.mark.slow
@each_row
def test_our_own_kit_keeps_the_contract(gap: Gap) -> None:
    ran = scaffold("kit", "check", ROOT, "--gap", gap.slug)
    assert ran.code == 0, ran.out


def test_the_command_alone_shows_its_help(tmp_path: Path) -> None:
    ran = scaffold("kit", cwd=tmp_path)
    assert (ran.code, ran.err) == (2, "")
    assert "Write and check a kit of your own.\n" in ran.out


def test_rows_that_require_each_other_are_found_by_the_check(tmp_path: Path) -> None:
    rows = {"a/gap.toml": gap_toml(requires=["b"]), "b/gap.toml": gap_toml(requires=["a"])}
    kit = write_kit(tmp_path / "kit", rows)
    ran = scaffold("kit", "check", kit)
    assert ran.code == 9
    assert (
        f"{kit}/templates/a/gap.toml: gaps require each other in a circle: a -> b -> a" in ran.out
    )


def test_rows_with_another_text_for_one_unit_are_found_by_the_check(tmp_path: Path) -> None:
    """One after the other, each would take the other's away."""
    edit = {"kind": "python", "path": "conftest.py", "payload": "c.py"}
    fixture = "import pytest\n\n\n@pytest.fixture\ndef one():\n    return {}\n"
    rows = {
        f"{name}/{path}": text
        for name, number in (("a", 1), ("b", 2), ("c", 1))
        for path, text in {
            "gap.toml": gap_toml(edits=[edit]),
            "README.md": "# A row\n",
            "cases.toml": "[default]\n",
            f"files/test_{name}.py": f"def test_{name}(one):\n    assert one\n",
            "files/.scaffold-edits/c.py": fixture.format(number),
        }.items()
    }
    kit = write_kit(tmp_path / "kit", rows)
    ran = scaffold("kit", "check", kit)
    fault = f"{kit}/templates/b/gap.toml: 'one' in conftest.py is another one than that of 'a'\n"
    assert (ran.code, ran.out) == (9, fault)


def test_the_demo_kit_keeps_the_contract() -> None:
    ran = scaffold("kit", "check", DEMO_KIT)
    assert ran.code == 0, ran.out
    assert "prices" in ran.out


def test_a_broken_kit_ends_with_9_and_the_place(tmp_path: Path) -> None:
    assert scaffold("kit", "new", "greet", "--target", "greet.py", cwd=tmp_path).code == 0
    (tmp_path / "templates" / "greet" / "README.md").unlink()
    template = tmp_path / "templates" / "greet" / "files" / "tests" / "test_greet.py.jinja"
    template.write_text(template.read_text() + "\n    x =\n")
    ran = scaffold("kit", "check", cwd=tmp_path)
    assert (ran.code, ran.hint) == (9, "scaffold kit format")
    assert ran.fact.startswith(f"{tmp_path}/templates/greet/README.md: is missing")
    assert ran.fact.endswith(" (and 1 more, above)")
    assert f"{template}: in the case 'default' " in ran.out
    one = scaffold("kit", "check", "--gap", "greet", "--json", cwd=tmp_path)
    data = json.loads(one.out)
    jsonschema.validate(data, SCHEMA)
    assert one.code == 9
    assert [len(row["faults"]) for row in data["gaps"]] == [2]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["kit", "check"], 9),
        (["kit", "check", "nowhere"], 9),
        (["kit", "check", str(DEMO_KIT), "--gap", "pricse"], 2),
        (["kit", "new", "greet"], 2),
        (["kit", "new", "../out", "--target", "a.py"], 2),
        (["kit", "new", "greet", "file", "--target", "a.py"], 3),
        (["kit", "new", "greet", "/proc/none", "--target", "a.py"], 3),
    ],
)
def test_what_does_not_fit_is_refused_with_a_hint_and_writes_nothing(
    tmp_path: Path, words: list[str], code: int
) -> None:
    (tmp_path / "file").write_text("mine\n")
    before = snapshot(tmp_path)
    ran = scaffold(*words, cwd=tmp_path)
    assert ran.code == code, ran.err
    assert ran.fact and ran.hint
    assert snapshot(tmp_path) == before


def test_each_answer_in_json_is_one_document(tmp_path: Path) -> None:
    for words in (["new", "greet", "--target", "g.py"], ["check"], ["format"]):
        ran = scaffold("kit", *words, "--json", cwd=tmp_path)
        assert ran.code == 0, ran.err
        jsonschema.validate(json.loads(ran.out), SCHEMA)


def test_the_format_is_the_document() -> None:
    assert scaffold("kit", "format").out == (ROOT / "docs" / "kit-format.md").read_text("utf-8")
