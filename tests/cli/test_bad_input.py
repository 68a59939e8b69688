"""Wrong input: one clear sentence, a hint, its exit code, and a tree left as it was."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.command import Ran, scaffold
from support.tinykit import DEMO_KIT
from support.tree import snapshot, write_files

NEW = ["new", "--gap", "prices"]


@dataclass(frozen=True)
class Bad:
    """One wrong input.

    Attributes:
        id: What it is, in words.
        arguments: What is typed; `{tree}` stands for the checkout.
        code: The exit code.
        fact: A pattern of the whole sentence.
        hint: What the hint begins with.
        prepare: What happened to the checkout before.
    """

    id: str
    arguments: list[str]
    code: int
    fact: str
    hint: str
    prepare: Callable[[Path], object] = lambda tree: None


def generated(tree: Path) -> None:
    """Write the tests of `prices`."""
    assert scaffold(*NEW, "--kit", DEMO_KIT, "-C", tree).code == 0


def edited(path: str, content: str) -> Callable[[Path], object]:
    """Generate, then write the file anew."""

    def prepare(tree: Path) -> None:
        generated(tree)
        (tree / path).write_text(content, encoding="utf-8")

    return prepare


def changed_head(**changes: object) -> Callable[[Path], object]:
    """Generate, then change state.json."""

    def prepare(tree: Path) -> None:
        generated(tree)
        place = tree / ".scaffold" / "state.json"
        place.write_text(json.dumps({**json.loads(place.read_text()), **changes}))

    return prepare


def writes(path: str, content: str | bytes) -> Callable[[Path], object]:
    """The checkout holds this file."""
    return lambda tree: write_files(tree, {path: content})


def damaged_base(tree: Path) -> None:
    """Generate, then cut the kept bases short."""
    generated(tree)
    base = tree / ".scaffold" / "bases.gz"
    base.write_bytes(base.read_bytes()[:-9])


TYPED = [
    Bad("no selection without a terminal", ["new"], 2,
        r"no gap was picked \(.*\), and without a terminal nobody can be asked",
        "scaffold list"),
    Bad("unknown row", ["new", "--gap", "pricse"], 2,
        "there is no gap called 'pricse'; the closest match is 'prices'",
        "scaffold new --gap prices"),
    Bad("unknown row, nothing like it", ["new", "--gap", "zzz"], 2,
        "there is no gap called 'zzz'", "scaffold list --all-rows"),
    Bad("deprecated row", ["new", "--gap", "fax"], 2,
        "'fax' is deprecated and gets no tests: orders by fax are no longer taken",
        "scaffold list"),
    Bad("planned row", ["new", "--gap", "routes"], 2,
        "the template of 'routes' is not built yet, so there is nothing to write",
        "scaffold show routes"),
    Bad("retired row", ["new", "--gap", "tracking"], 3,
        "'tracking' is retired here: this checkout has none of parcels/tracking.py, "
        "parcels/tracking/__init__.py",
        "scaffold status"),
    Bad("unknown priority", ["new", "--priority", "P9"], 2,
        "there is no priority 'P9'; the kit has P0, P1, P2", "scaffold list"),
    Bad("unknown kind", ["new", "--all", "--kind", "wish"], 2,
        "--kind wish is none of gap, proposal", "scaffold new --all --kind gap"),
    Bad("unknown language", ["new", "--all", "--language", "cobol"], 2,
        "--language cobol is none of python, rust, typescript, e2e",
        "scaffold new --all --language "),
    Bad("unknown option", ["new", "--gpa", "prices"], 2,
        "No such option '--gpa'.*", "scaffold new --help"),
    Bad("unknown command", ["nwe"], 2, "No such command 'nwe'.*", "scaffold --help"),
    Bad("unknown --on-conflict", [*NEW, "--on-conflict", "guess"], 2,
        ".*'guess' is not one of .*refuse.*", "scaffold new --help"),
    Bad("--set without a value", [*NEW, "--set", "prices_heaviest"], 2,
        "--set 'prices_heaviest' is not KEY=VALUE", "scaffold new --help"),
    Bad("unknown --set", [*NEW, "--set", "prices_heavyest=1"], 2,
        "no picked gap asks 'prices_heavyest'; the closest match is 'prices_heaviest'",
        "scaffold new --gap prices --set prices_heaviest=1"),
    Bad("--set of a row that is not picked", [*NEW, "--set", "labels_serials=3"], 2,
        "'labels_serials' is a question of 'labels', which is not picked",
        "scaffold new --gap labels --set labels_serials="),
    Bad("ill-typed int", [*NEW, "--set", "prices_heaviest=heavy"], 2,
        "prices_heaviest = 'heavy' is not of the form int",
        "scaffold new --gap prices --set prices_heaviest=9999"),
    Bad("ill-typed bool", [*NEW, "--set", "prices_known_defects=maybe"], 2,
        "prices_known_defects = 'maybe' is not of the form bool",
        "scaffold new --gap prices --set prices_known_defects=true"),
    Bad("ill-typed choice", [*NEW, "--set", "prices_currency=groats"], 2,
        r"prices_currency = 'groats' is not of the form cents \| pence",
        "scaffold new --gap prices --set prices_currency=cents"),
    Bad("answers file that is not there", [*NEW, "--answers", "{tree}/none.yml"], 2,
        "--answers .*/none.yml: No such file or directory", "ls -ld "),
    Bad("broken answers file", [*NEW, "--answers", "{tree}/answers.yml"], 2,
        "--answers .*/answers.yml is broken: .*line 1.*", "${EDITOR:-vi} ",
        writes("answers.yml", "prices_heaviest: [1")),
    Bad("broken TOML answers", [*NEW, "--answers", "{tree}/answers.toml"], 2,
        "--answers .*/answers.toml is broken: .*line 1.*", "${EDITOR:-vi} ",
        writes("answers.toml", "prices_heaviest = = 1")),
    Bad("answers that are a list", [*NEW, "--answers", "{tree}/answers.json"], 2,
        "--answers .*/answers.json holds no mapping of KEY to VALUE", "${EDITOR:-vi} ",
        writes("answers.json", "[1]")),
    Bad("answers that are not text", [*NEW, "--answers", "{tree}/answers.yml"], 2,
        "--answers .*/answers.yml is broken: .*", "${EDITOR:-vi} ",
        writes("answers.yml", b"a: \xff\xfe")),
]  # fmt: skip

IN_THE_WAY = [
    Bad("file that exists and is not ours", NEW, 4,
        "tests/test_prices.py exists and is not ours; nothing was written",
        "scaffold new", writes("tests/test_prices.py", "def test_mine(): ...\n")),
    Bad("all files that are in the way", ["new", "--all"], 4,
        "tests/test_prices.py exists and is not ours; tests/test_labels.py exists and is not "
        "ours; nothing was written", "scaffold new",
        lambda tree: write_files(tree, {"tests/test_prices.py": "1", "tests/test_labels.py": ""})),
    Bad("a fixture of another's under our name", NEW, 4,
        "tests/conftest.py.*address.*", "",
        writes("tests/conftest.py", "def address():\n    return 1\n")),
    Bad("a folder where a file belongs", NEW, 3,
        "tests/test_prices.py cannot be read: Is a directory", "ls -ld tests/test_prices.py",
        writes("tests/test_prices.py/x", "")),
    Bad("a file where a folder belongs", NEW, 3,
        "tests/test_prices.py cannot be read: Not a directory", "ls -ld ",
        lambda tree: (
            [place.unlink() for place in (tree / "tests").iterdir()],
            (tree / "tests").rmdir(),
            (tree / "tests").write_text(""),
        )),
    Bad("edited since, and the template says otherwise now",
        [*NEW, "--set", "prices_currency=pence"], 4,
        "tests/test_prices.py edited since it was generated; nothing was written",
        "scaffold new", edited("tests/test_prices.py", "# all mine\n")),
    Bad("undo of what was edited since", ["undo"], 4,
        "edited since it was generated: tests/test_prices.py; nothing was undone",
        "scaffold undo --force", edited("tests/test_prices.py", "# all mine\n")),
    Bad("target that does not parse", NEW, 3,
        "parcels/prices.py:2 does not parse: .*", "python3 -m py_compile parcels/prices.py",
        writes("parcels/prices.py", "x = 1\ndef price(:\n")),
    Bad("target that holds a null byte", NEW, 3,
        "parcels/prices.py:1 does not parse: .*null bytes", "python3 -m py_compile",
        writes("parcels/prices.py", "x = '\0'\n")),
    Bad("file to edit that does not parse", NEW, 3,
        "tests/conftest.py.*does not parse.*", "", writes("tests/conftest.py", "def (\n")),
    Bad("file to edit that is not UTF-8", NEW, 3,
        "tests/conftest.py is not UTF-8 .*", "${EDITOR:-vi} tests/conftest.py",
        writes("tests/conftest.py", b"# \xe9\n")),
    Bad("symlink in place of a file", NEW, 3,
        "tests/test_prices.py is a symlink; scaffold writes through none; put .*",
        "ls -ld tests/test_prices.py",
        lambda tree: (tree / "tests" / "test_prices.py").symlink_to("test_package.py")),
    Bad("symlink that points to nothing", NEW, 3,
        "tests/conftest.py is a symlink; .*", "ls -ld tests/conftest.py",
        lambda tree: (tree / "tests" / "conftest.py").symlink_to("/nowhere")),
    Bad("symlink on the way", NEW, 3,
        "tests is a symlink; scaffold writes through none; put .*", "ls -ld tests",
        lambda tree: ((tree / "tests").rename(tree / "suite"),
                      (tree / "tests").symlink_to("suite"))),
    Bad("state that is a symlink", NEW, 3,
        ".scaffold is a symlink; scaffold writes through none; put .*", "ls -ld .scaffold",
        lambda tree: ((tree / "elsewhere").mkdir(),
                      (tree / ".scaffold").symlink_to("elsewhere"))),
]  # fmt: skip

STATE = [
    Bad("state.json that is no JSON", NEW, 3,
        ".scaffold/state.json is damaged: .*line 1.*", "scaffold undo --set-aside",
        edited(".scaffold/state.json", '{"format": ')),
    Bad("state.json that is a list", NEW, 3,
        ".scaffold/state.json is damaged: it holds no object", "scaffold undo --set-aside",
        edited(".scaffold/state.json", "[]")),
    Bad("state.json without a format", ["status"], 3,
        ".scaffold/state.json is damaged: it names no format", "scaffold undo --set-aside",
        changed_head(format=None)),
    Bad("state of a newer version", NEW, 3,
        r".scaffold/ was written by a newer scaffold \(format 99, this one knows 3\)",
        "pip install --upgrade scaffold", changed_head(format=99)),
    Bad("state of another kit", ["status"], 3,
        ".scaffold/ belongs to the kit 'other', not to 'parcels'; --kit names it",
        "scaffold status --help",
        changed_head(kit="other")),
    Bad("record of a gap without its files", ["status"], 3,
        ".scaffold/state.json is damaged: prices: .*files.*",
        "scaffold undo --set-aside",
        changed_head(gaps={"prices": {"kit_version": "1", "digest": "", "mode": "full",
                                      "template": "", "answers": {}, "edits": []}})),
    Bad("base that is cut short", ["new", "--gap", "labels"], 3,
        ".scaffold/bases.gz is damaged: .*", "scaffold undo --set-aside",
        damaged_base),
]  # fmt: skip


def refused(bad: Bad, tree: Path, *more: str) -> Ran:
    bad.prepare(tree)
    before = snapshot(tree)
    words = [word.replace("{tree}", str(tree)) for word in bad.arguments]
    where = ["--kit", str(DEMO_KIT), "-C", str(tree)] if words != ["nwe"] else []
    done = scaffold(*words, *where, *more)
    assert snapshot(tree) == before
    assert done.code == bad.code, done.err
    assert re.fullmatch(bad.fact, done.fact), done.fact
    assert done.hint.startswith(bad.hint), done.hint
    return done


@pytest.mark.parametrize("bad", TYPED, ids=lambda bad: bad.id)
def test_what_was_typed_does_not_fit(tree: Path, bad: Bad) -> None:
    assert refused(bad, tree).out == ""


@pytest.mark.parametrize("bad", IN_THE_WAY, ids=lambda bad: bad.id)
def test_something_of_a_person_is_in_the_way(tree: Path, bad: Bad) -> None:
    assert refused(bad, tree).out == ""


@pytest.mark.parametrize("bad", STATE, ids=lambda bad: bad.id)
def test_the_state_is_damaged_or_not_ours(tree: Path, bad: Bad) -> None:
    assert refused(bad, tree).out == ""


LONG = "a" * 300
BEYOND = [
    *(["verify", "--mutants", text] for text in ("\u00b2", "9" * 5000, "-1", "1_0", "\u0663")),
    *(["verify", "--shard", text] for text in ("\u00b2/4", "1/" + "9" * 5000, "5/4", "1/\u00b2")),
    *(["verify", "--timeout", text] for text in ("nan", "inf", "1e10", "1e400", "0")),
    *(["new", "--gap", "prices", "--set", text] for text in (
        "prices_heaviest=" + "9" * 5000, "prices_currency=\udcff", "prices_currency=a\nb")),
    *([*words, "-C", LONG] for words in (["status"], ["new", "--all"], ["undo"])),
    *([*words, "-C", f"x/{LONG}"] for words in (["status"], ["pr"])),
    *([*words, "--kit", LONG] for words in (["list"], ["status"], ["show", "prices"])),
    ["show", "prices", "--file", LONG],
    ["verify", "--python", LONG],
    ["verify", "--report", f"{LONG}/x"],
    ["new", "--all", "--answers", f"{LONG}.yml"],
]  # fmt: skip


@pytest.mark.parametrize("typed", BEYOND, ids=lambda typed: f"{typed[:-1]} {typed[-1]!r:.20}")
def test_what_no_number_and_no_name_can_be_is_refused(tree: Path, typed: list[str]) -> None:
    assert scaffold("new", "--gap", "labels", "-C", tree, "--kit", DEMO_KIT).code == 0
    where = [] if "-C" in typed or typed[0] in ("list", "show") else ["-C", str(tree)]
    done = scaffold(*typed, *where, *([] if "--kit" in typed else ["--kit", str(DEMO_KIT)]))
    assert done.code in (2, 3, 7, 9), done.err
    assert done.checked().fact


def test_a_report_takes_no_other_files_place(tree: Path) -> None:
    assert scaffold("new", "--gap", "prices", "-C", tree, "--kit", DEMO_KIT).code == 0
    before = snapshot(tree)
    for name in ("README.md", ".scaffold/state.json"):
        typed = ["verify", "prices", "--junit", str(tree / name)]
        done = scaffold(*typed, "-C", tree, "--kit", DEMO_KIT)
        assert (done.code, snapshot(tree)) == (2, before)
        assert "is no report of tests, so it is not replaced" in done.fact
    empty = tree.parent / "report.xml"
    empty.touch()
    for _ in range(2):  # an empty file, and then a report
        done = scaffold("verify", "prices", "--junit", empty, "--python", sys.executable,
                        "-C", tree, "--kit", DEMO_KIT)  # fmt: skip
        assert done.code == 0, done.err


def test_a_folder_that_cannot_be_looked_at_is_named(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    done = scaffold("status", "-C", tmp_path / "loop" / "x", "--kit", DEMO_KIT)
    assert done.code == 3
    assert "cannot be looked at (-C): Too many levels of symbolic links" in done.fact


def test_a_double_dash_before_the_command_says_nothing(tree: Path) -> None:
    write_files(tree, {".scaffold/state.json": "{"})
    where = ("-C", tree, "--kit", DEMO_KIT)
    plain, dashed = scaffold("status", *where), scaffold("--", "status", *where)
    assert (dashed.code, dashed.err) == (plain.code, plain.err)
    assert dashed.hint == "scaffold undo --set-aside --dry-run"


def test_a_refusal_is_one_document_of_json(tree: Path) -> None:
    done = refused(TYPED[1], tree, "--json")
    assert json.loads(done.out) == {
        "schema": 1,
        "error": {"fact": done.fact, "hint": done.pasted, "exit_code": 2},
    }


@pytest.mark.parametrize("command", [NEW, ["status"], ["undo"], ["verify"]], ids=lambda w: w[0])
def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path, command: list[str]) -> None:
    done = scaffold(*command, "--kit", DEMO_KIT, "-C", tmp_path)
    assert done.code == 3
    assert done.fact == (
        f"{tmp_path} is not a checkout of parcels, the miniature code base of `scaffold demo`: "
        "none of parcels/__init__.py is in it or above it; -C names the checkout"
    )
    assert done.hint == f"ls -a {tmp_path}"
    assert snapshot(tmp_path) == {}


def test_a_folder_that_is_not_there_is_refused_and_not_made(tmp_path: Path) -> None:
    done = scaffold(*NEW, "--kit", DEMO_KIT, "-C", tmp_path / "nowhere")
    assert (done.code, done.fact) == (3, f"there is no folder {tmp_path / 'nowhere'} (-C)")
    assert done.hint == f"ls -a {tmp_path}"
    assert snapshot(tmp_path) == {}


def test_a_kit_that_is_not_there_is_refused(tree: Path) -> None:
    done = scaffold(*NEW, "--kit", tree, "-C", tree)
    assert (done.code, done.fact) == (9, f"{tree} is no kit: copier.yml is missing")
