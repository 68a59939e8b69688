"""The strict reader: every key that is wrong is named, with its file and line."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from scaffold import __version__
from scaffold.commands.options import known_words
from scaffold.errors import KitError
from scaffold.kit import catalog, cuts, defects, questions, reader
from scaffold.kit.cases import load_cases
from scaffold.kit.catalog import Kit, load_kit, load_twins
from scaffold.kit.questions import load_questions
from scaffold.kit.render import render
from support.tinykit import DEMO_KIT, gap_toml, write_kit
from support.tree import write_files

ROOT = Path(__file__).resolve().parent.parent.parent
FORMAT = (ROOT / "docs" / "kit-format.md").read_text(encoding="utf-8")

WRONG: dict[str, tuple[str, str]] = {
    "unknown key": (gap_toml(zzz="red"), "12: unknown key 'zzz'; there is title, kind"),
    "misspelt key": (gap_toml(requries=[]), "12: unknown key 'requries'; .* 'requires'"),
    "misspelt key of a table": (
        gap_toml(run={"runner": "pytest", "root": ".", "basline": []}),
        r"9: unknown key 'run\.basline'; the closest match is 'baseline'",
    ),
    "number for a title": (gap_toml(title=5), "1: title = 5 must be a string"),
    "blank title": (gap_toml(title=" "), "1: title = ' ' must be one line"),
    "escape in a title": (gap_toml(title="a\u001b[2Jb"), "1: title = .* must be one line"),
    "two lines in a title": (gap_toml(title="a\nb"), "1: title = .* must be one line"),
    "no list": (gap_toml(requires="x"), "8: requires = 'x' must be an array"),
    "a number in a list": (gap_toml(requires=[1]), r"8: requires\[1\] = 1 must be a string"),
    "twice in a list": (gap_toml(requires=["x", "x"]), "8: requires names 'x' twice"),
    "the row itself": (gap_toml(requires=["row"]), "8: requires = 'row', which is the gap itself"),
    "unknown runner": (
        gap_toml(run={"runner": "nosuch", "root": "."}),
        r"9: run\.runner = 'nosuch' is none of cargo, pytest",
    ),
    "kind of edit of the engine's own": (
        gap_toml(edits=[{"kind": "rust_items", "path": "a.rs", "payload": "p"}]),
        r"11: edits\[1\]\.kind = 'rust_items' is none of",
    ),
    "unknown language": (gap_toml(language="cobol"), "5: language = 'cobol' is none of python"),
    "unknown priority": (gap_toml(priority="P9"), "4: priority = 'P9' is none of P0"),
    "no paths": (gap_toml(targets=[{"name": "a", "paths": []}]), r"10: targets\[1\]\.paths is em"),
    "two targets of one name": (
        gap_toml(targets=[{"name": "a", "paths": ["a"]}, {"name": "a", "paths": ["b"]}]),
        "10: two targets are called 'a'",
    ),
    "a table for an array": (gap_toml(targets={"name": "a"}), "10: targets must be an array of"),
    "a string for a table": (gap_toml(run="pytest"), "9: run must be a table"),
    "deprecated without a reason": (
        gap_toml(state="deprecated", run=None),
        "1: a deprecated gap needs a `reason`",
    ),
    "text for true": (
        gap_toml(targets=[{"name": "a", "paths": ["a"], "made": "yes"}]),
        r"10: targets\[1\]\.made = 'yes' must be true or false",
    ),
    "a date": (gap_toml() + "reason = 2026-01-01\n", "12: reason = datetime.date"),
    "the same key twice": (gap_toml() + 'title = "b"\n', "12: Cannot overwrite a value"),
    "deep": ("x = " + "[" * 5000 + "]" * 5000, "1: nested too deeply"),
    "a program with a path": (
        gap_toml(needs=[{"name": "x", "program": "../x", "hint": "y"}]),
        r"12: needs\[1\]\.program = '\.\./x' must be the name of a program",
    ),
    "a version that is none": (
        gap_toml(needs=[{"name": "x", "program": "x", "hint": "y", "least": "new"}]),
        r"12: needs\[1\]\.least = 'new' must be a version",
    ),
    "the whole disk": (
        gap_toml(needs=[{"name": "x", "program": "x", "hint": "y", "places": ["/**"]}]),
        r"12: needs\[1\]\.places\[1\] = '/\*\*' must be an absolute folder",
    ),
    **{
        f"{value} percent": (
            gap_toml().replace('["app.py"]', f'["app.py"], line_pct = {value}'),
            rf"10: targets\[1\]\.line_pct = {re.escape(shown)} must be a number from 0 to 100",
        )
        for value, shown in [
            ('"98"', "'98'"), ("inf", "inf"), ("nan", "nan"), ("-1", "-1"), ("100.5", "100.5"),
            ("true", "True"), ("[98]", "[98]"),
        ]
    },
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_in_a_gap_toml_is_named_with_its_line(tmp_path: Path, wrong: str) -> None:
    text, fact = WRONG[wrong]
    kit = write_kit(tmp_path, {"row/gap.toml": text})
    with pytest.raises(KitError, match=rf"templates/row/gap\.toml:{fact}"):
        load_kit(kit, known_words())


def test_the_line_is_that_of_the_statement(tmp_path: Path) -> None:
    text = gap_toml(targets=None) + (
        '\n# a comment\n\n[[targets]]\nname = "a"\npaths = [\n  "a.py",\n]\n\n'
        '[[targets]]\nname = "b"\n# of b\npaths = [\n  "b.py",\n  "../c.py",\n]\n'
    )
    kit = write_kit(tmp_path, {"row/gap.toml": text})
    line = text.splitlines().index("# of b") + 2
    with pytest.raises(KitError, match=rf"gap\.toml:{line}: targets\[2\]\.paths\[2\] = '\.\./c"):
        load_kit(kit)


@pytest.mark.parametrize(
    ("head", "fact"),
    [
        ("", "1: the key 'name' is missing"),
        ('name = "a"\nmarkers = ["x"]\n', "2: unknown key 'markers'"),
        ('name = "a"\n[checkout]\nmarkers = []\n', "3: checkout.markers is empty"),
        ('name = "a"\n[checkout]\nmarker = ["x"]\n', "3: unknown key 'checkout.marker'; .*'marke"),
        ('name = "a"\ncheckout = "x"\n', "2: checkout must be a table"),
        (b'name = "\xff"\n', "1: not UTF-8"),
    ],
)
def test_what_is_wrong_in_kit_toml_is_named(tmp_path: Path, head: str, fact: str) -> None:
    kit = write_kit(tmp_path, {"kit.toml": head})
    with pytest.raises(KitError, match=rf"templates/kit\.toml:{fact}"):
        load_kit(kit)


ASKED = "row_a:\n  type: int\n  help: How many?\n  default: 1\n"
QUESTIONS: dict[str, tuple[str, str]] = {
    "a default of another type": (ASKED.replace("1", "x"), r"4: row_a\.default = 'x' is not of"),
    "a default that is no choice": (
        "row_a:\n  help: Which?\n  choices: [a, b]\n  default: c\n",
        r"4: row_a\.default = 'c' is not of the form a \| b",
    ),
    "a bool that is a text": (
        ASKED.replace("int", "bool").replace("1", '"true"'), r"4: row_a\.default = 'true'"),
    "a number that is a bool": (ASKED.replace("1", "yes"), r"4: row_a\.default = True"),
    "a key of Copier's": (ASKED + "  when: false\n", r"5: unknown key 'row_a\.when'"),
    "a misspelt key": (ASKED.replace("help", "hepl"), r"3: unknown key 'row_a\.hepl'; .*'help'"),
    "another gap's name": (ASKED.replace("row_a", "a"), "1: 'a' must be called row_ and a word"),
    "a key twice": (ASKED + ASKED, "5: the key 'row_a' is there twice"),
    "a key within twice": (ASKED + "  help: Again?\n", "5: the key 'help' is there twice"),
    "an alias": ("row_a: &x {help: h, default: 1}\nrow_b: *x\n", "1: an anchor or an alias"),
    "a bomb": (
        "a: &a [x, x]\n"
        + "".join(
            f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        "1: an anchor",
    ),
    "a tag": ("row_a: !!python/object:os.system {}\n", "1: the tag .* is not allowed"),
    "an include": ("row_a: !include ../../secret.yml\n", "1: row_a must be a table"),
    "a merge key": ("row_a:\n  <<: {help: h}\n  default: 1\n", "2: a key must be a word"),
    "a key that is a list": ("? [a]\n: 1\n", "1: a key must be a word"),
    "a second document": (ASKED + "---\nx: 1\n", "6: a second document"),
    "a list": ("- a\n", "1: must be a mapping"),
    "a template in a default": (
        "row_a:\n  help: h\n  default: '[[ 7 * 7 ]]'\n", r"3: row_a\.default holds a template"),
    "choices of numbers": (
        "row_a:\n  help: h\n  choices: [1, 2]\n  default: 1\n", r"3: row_a\.choices\[1\] = 1 must"),
    "deep": ("row_a: " + "[" * 3000 + "]" * 3000 + "\n", "1: nested too deeply"),
}  # fmt: skip


def kit_asking(root: Path, text: str) -> Kit:
    good = {"good/gap.toml": gap_toml(), "good/files/a.txt": "a", "row/files/b.txt": "b"}
    return load_kit(
        write_kit(root, {**good, "row/gap.toml": gap_toml(), "row/questions.yml": text})
    )


@pytest.mark.slow
@pytest.mark.parametrize("wrong", QUESTIONS)
def test_a_broken_question_is_named_and_not_the_gap_that_is_rendered(
    tmp_path: Path, wrong: str
) -> None:
    text, fact = QUESTIONS[wrong]
    kit = kit_asking(tmp_path, text)
    with pytest.raises(KitError, match=rf"templates/row/questions\.yml:{fact}"):
        render(kit, kit.gap("good"), {}, {}, "1")


def test_two_gaps_may_not_ask_by_one_name(tmp_path: Path) -> None:
    asked = "a_b_c:\n  help: h\n  default: x\n"
    rows = {f"{slug}/{name}": text for slug in ("a", "a_b")
            for name, text in (("gap.toml", gap_toml()), ("questions.yml", asked))}  # fmt: skip
    kit = load_kit(write_kit(tmp_path, {**rows, "a/files/x": ""}))
    with pytest.raises(KitError, match=r"a_b/questions\.yml:1: 'a_b_c' is a question of 'a'"):
        render(kit, kit.gap("a"), {}, {}, "1")


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        (
            "[default]\n[other]\nrow_b = 1\n",
            r"3: unknown key 'other\.row_b'; the closest .* 'row_a'",
        ),
        ("[other]\nrow_a = 'x'\n", r"2: row_a = 'x' is not of the form int"),
        ("other = 1\n", "1: other must be a table of answers"),
    ],
)
def test_a_case_answers_what_is_asked(tmp_path: Path, text: str, fact: str) -> None:
    kit = kit_asking(tmp_path, ASKED)
    write_files(kit.gap("row").folder, {"cases.toml": text})
    with pytest.raises(KitError, match=rf"cases\.toml:{fact}"):
        load_cases(kit.gap("row"))


def test_a_survivor_of_unknown_keys_is_refused(tmp_path: Path) -> None:
    kit = kit_asking(tmp_path, ASKED)
    text = '[[survivor]]\nfile = "a.py"\nchange = "a -> b"\nreson = "none"\n'
    write_files(kit.gap("row").folder, {"survivors.toml": text})
    with pytest.raises(KitError, match=r"survivors\.toml:4: unknown key .*reson'; .* 'reason'"):
        load_twins(kit.gap("row"))


COPIER = (DEMO_KIT / "copier.yml").read_text(encoding="utf-8")
SETTINGS: dict[str, tuple[str, str]] = {
    "empty": ("", "1: the key '_subdirectory' is missing"),
    "no subdirectory": (re.sub(r"_subdirectory.*\n", "", COPIER), "2: the key '_subdirectory' is"),
    "another subdirectory": (COPIER.replace("/files", ""), "3: _subdirectory must be 'templates/"),
    "Jinja's own delimiters": (COPIER.replace('"[["', '"{{"'), "7: _envops.variable_start_string"),
    "lenient": (COPIER.replace("StrictUndefined", "Undefined"), "14: _envops.undefined must be"),
    "no envops": (
        COPIER.partition("_envops")[0] + "gap:\n  type: str\n  help: h\n",
        "2: the key '_envops' is missing",
    ),
    "no include": (COPIER.partition("---")[0], "2: the second document must be `!include"),
    "another include": (
        COPIER.replace("!include templates", "!include ../templates"),
        "30: the second document must be",
    ),
    "a third document": (COPIER + "---\nx: 1\n", "30: the second document must be"),
    "visible facts": (
        COPIER.replace("when: false", "when: true"), "23: kit_version.when must be false"),
    **{
        key: (f"{key}: [x]\n{COPIER}", f"1: unknown key '{key}'")
        for key in ("_tasks", "_migrations", "_jinja_extensions", "_external_data", "_exclude",
                    "_templates_suffix", "_skip_if_exists", "_secret_questions", "_answers_file",
                    "_preserve_symlinks", "_message_after_copy", "extra_question")
    },
}  # fmt: skip


@pytest.mark.parametrize("wrong", SETTINGS)
def test_a_copier_yml_that_is_not_the_one_of_the_format_is_refused(
    tmp_path: Path, wrong: str
) -> None:
    text, fact = SETTINGS[wrong]
    kit = kit_asking(tmp_path, ASKED)
    (tmp_path / "copier.yml").write_text(text)
    with pytest.raises(KitError, match=rf"copier\.yml:{fact}"):
        render(kit, kit.gap("row"), {"row_a": 1}, {}, "1")


@pytest.mark.parametrize(
    "path",
    [
        "sub/.git/hooks/post-checkout", ".git/config", ".GIT/config.jinja", "a/.git /x",
        ".scaffold/state.json", "sub/.SCAFFOLD/x", "git~1/x", "a\\b", "a\nb", "[[ gap ]]/x",
        ".scaffold-edits/.git/x", "a/\u200b.git\u200c/x", "bell\a.txt",
    ],
)  # fmt: skip
def test_a_template_whose_file_would_not_be_a_tests_is_refused(tmp_path: Path, path: str) -> None:
    kit = kit_asking(tmp_path, ASKED)
    write_files(kit.gap("row").files_dir, {path: "#!/bin/sh\n"})
    if path.startswith("a/\u200b"):
        # A zero-width space is a name of its own: nothing takes it for `.git`.
        assert render(kit, kit.gap("row"), {"row_a": 1}, {}, "1").files
        return
    with pytest.raises(KitError, match=r"templates/row/files/") as caught:
        render(kit, kit.gap("row"), {"row_a": 1}, {}, "1")
    assert "\n" not in caught.value.fact


@pytest.mark.parametrize("where", ["row/files", "row", "_shared"])
@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "large"])
def test_what_is_not_a_plain_file_is_refused(tmp_path: Path, where: str, kind: str) -> None:
    kit = kit_asking(tmp_path, ASKED)
    place = tmp_path / "templates" / where / "odd"
    place.parent.mkdir(exist_ok=True)
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "large":
        with place.open("wb") as stream:
            stream.truncate(1 << 40)
    else:
        place.symlink_to("/etc/passwd" if kind == "link" else "/etc")
    with pytest.raises(KitError, match=r"odd: is "):
        render(kit, kit.gap("row"), {"row_a": 1}, {}, "1")


@pytest.mark.parametrize("name", ["gap.toml", "kit.toml", "questions.yml", "cases.toml"])
@pytest.mark.parametrize("kind", ["link", "pipe", "endless", "folder"])
def test_a_file_of_the_kit_is_never_waited_for(tmp_path: Path, name: str, kind: str) -> None:
    kit = kit_asking(tmp_path, ASKED)
    place = tmp_path / "templates" / ("" if name == "kit.toml" else "row") / name
    place.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    else:
        place.symlink_to("/dev/zero" if kind == "endless" else ROOT / "pyproject.toml")
    with pytest.raises(KitError, match=re.escape(name)):
        load_kit(tmp_path)
        load_questions(kit.gap("row"))
        load_cases(kit.gap("row"))


TABLES: dict[str, type[Any]] = {
    "kit.toml": catalog.Head,
    "`[checkout]`": catalog.Markers,
    "gap.toml": catalog.Gap,
    "`[run]`": catalog.RunSpec,
    "`[[needs]]`": catalog.Need,
    "`[[targets]]`": catalog.Target,
    "`[[edits]]`": catalog.EditSpec,
    "`[[removes]]`": cuts.RemovalSpec,
    "`[[moves]]`": cuts.MoveSpec,
    "`[[parts]]`": cuts.Part,
    "questions.yml": questions.Body,
    "survivors.toml, `[[survivor]]`": catalog.Twin,
    "defects.toml, `[[defect]]`": defects.Defect,
    "mends/ID.toml, `[[mend]]`": defects.Mend,
    "`[[mend.change]]`": defects.Change,
}


@pytest.mark.parametrize("table", TABLES)
def test_the_format_describes_every_key_that_is_read(table: str) -> None:
    row = re.search(rf"^\| {re.escape(table)} \| (.*) \|$", FORMAT, re.M)
    assert row is not None, f"docs/kit-format.md has no row for {table}"
    told = re.findall(r"`(\w+)`", row.group(1))
    assert sorted(told) == sorted(reader.keys_of(TABLES[table]))


def test_plain_defaults_render(tmp_path: Path) -> None:
    kit = kit_asking(tmp_path, ASKED)
    assert render(kit, kit.gap("row"), {"row_a": 1}, {}, __version__).files == {"b.txt": b"b"}
