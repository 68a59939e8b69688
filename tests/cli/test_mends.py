"""Known defects on the command line: shown, mended on a copy, and written without the mark."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from support.command import Ran, scaffold
from support.documents import ROOT
from support.tinykit import DEMO_KIT

SCHEMA = json.loads((ROOT / "docs" / "output.schema.json").read_text("utf-8"))
KIT = ("--kit", DEMO_KIT)
ID = "limit-of-a-step"
PRICES = "parcels/prices.py"


def run(tree: Path, *words: str) -> Ran:
    """A command on the demo's kit and a tree."""
    return scaffold(*words, *KIT, "-C", tree)


def verify(tree: Path, *words: str) -> Ran:
    """The mend check of `prices`."""
    return run(tree, "verify", "prices", "--mends", "--python", sys.executable, *words)


@pytest.fixture
def written(tree: Path) -> Path:
    """A tree with the tests of `prices`."""
    done = run(tree, "new", "--gap", "prices")
    assert done.code == 0, done.err
    return tree


def edit(tree: Path, old: str, new: str) -> None:
    """Change the code under test."""
    place = tree / PRICES
    text = place.read_text("utf-8")
    assert old in text
    place.write_text(text.replace(old, new), "utf-8")


@pytest.mark.slow
def test_a_mend_is_checked_in_text_json_and_junit(written: Path, tmp_path: Path) -> None:
    before = (written / PRICES).read_bytes()
    done = verify(written, "--junit", str(tmp_path / "mends.xml"))
    assert done.code == 0, done.err
    assert "mends: 1 of 1 turn exactly the tests of their defect" in done.out
    suite = ElementTree.parse(tmp_path / "mends.xml").find("testsuite[@name='prices mends']")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")
    data = json.loads(verify(written, "--json").out)
    jsonschema.validate(data, SCHEMA)
    (mend,) = data["outcomes"][0]["mends"]
    assert (mend["id"], mend["verdict"], len(mend["tests"])) == (ID, "turned", 3)
    assert (written / PRICES).read_bytes() == before


@pytest.mark.slow
def test_a_mend_that_does_not_apply_ends_with_6_and_the_text(written: Path, tmp_path: Path) -> None:
    edit(written, "if grams < limit:", "if limit > grams:")
    done = verify(written, "--junit", str(tmp_path / "mends.xml"))
    assert done.code == 6
    told = f"mend {ID} does not apply: {PRICES}: 'if grams < limit:' is not there"
    assert done.fact == f"prices: {told}"
    failure = ElementTree.parse(tmp_path / "mends.xml").find(".//failure")
    assert failure is not None and failure.get("message") == told


def test_one_mend_is_checked_by_name(written: Path) -> None:
    done = run(written, "verify", "prices", "--mend", ID, "--python", sys.executable, "--json")
    assert done.code == 0, done.err
    assert [mend["id"] for mend in json.loads(done.out)["outcomes"][0]["mends"]] == [ID]


def test_a_mend_that_a_gap_lacks_is_refused_with_the_closest(written: Path) -> None:
    done = run(written, "verify", "prices", "--mend", ID + "s")
    assert done.code == 2
    assert done.fact.startswith(f"'prices' has no defect '{ID}s'")


def test_a_mend_by_name_needs_one_gap(written: Path) -> None:
    assert run(written, "new", "--gap", "labels").code == 0
    done = run(written, "verify", "--mend", ID)
    assert (done.code, done.fact) == (2, "--mend needs one gap")


def test_show_lists_the_defects_and_one_with_its_mend(tree: Path) -> None:
    assert f"defect: {ID} (wrong result) {PRICES}: base_price: " in run(tree, "show", "prices").out
    shown = run(tree, "show", "prices", "--defect", ID)
    assert shown.code == 0, shown.err
    for line in (
        "expected: a step holds up to and including its limit",
        "source: its docstring",
        "reached from: base_price",
        "test: test_the_limit_belongs_to_its_step in tests/test_prices.py",
        "mend: the smallest change that mends it:",
        "-        if grams < limit:",
        "+        if grams <= limit:",
    ):
        assert f"{line}\n" in shown.out
    data = json.loads(run(tree, "show", "prices", "--defect", ID, "--json").out)
    jsonschema.validate(data, SCHEMA)
    assert (data["mend"]["fit"], data["mend"]["id"]) == ("applies", ID)


@pytest.mark.parametrize("layout", ["as it is", "CRLF", "no newline at the end"])
def test_the_shown_mend_can_be_applied_and_its_test_is_written_without_the_mark(
    tree: Path, layout: str
) -> None:
    text = (tree / PRICES).read_text("utf-8")
    text = text.rstrip("\n") if layout.startswith("no") else text
    with (tree / PRICES).open("w", newline="\r\n" if layout == "CRLF" else "\n") as file:
        file.write(text)
    diff = json.loads(run(tree, "show", "prices", "--defect", ID, "--json").out)["mend"]["diff"]
    subprocess.run(["git", "apply", "-"], cwd=tree, input=diff.encode(), check=True)
    assert "if grams <= limit:" in (tree / PRICES).read_text("utf-8")
    assert "mend: the code has it already" in run(tree, "show", "prices", "--defect", ID).out
    assert run(tree, "new", "--gap", "prices").code == 0
    text = (tree / "tests" / "test_prices.py").read_text("utf-8")
    assert "def test_the_limit_belongs_to_its_step" in text
    assert "xfail" not in text


def test_a_test_loses_its_mark_once_the_code_is_mended(written: Path) -> None:
    place = written / "tests" / "test_prices.py"
    assert "xfail" in place.read_text("utf-8")
    edit(written, "if grams < limit:", "if grams <= limit:")
    assert run(written, "new", "--gap", "prices").code == 0
    assert "xfail" not in place.read_text("utf-8")


def test_a_mend_without_a_checkout_shows_what_it_looks_for(tmp_path: Path) -> None:
    shown = run(tmp_path, "show", "prices", "--defect", ID)
    assert shown.code == 0, shown.err
    assert "- if grams < limit:\n+ if grams <= limit:" in shown.out


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        (["fax", "--defect", "x"], "'fax' has no defect 'x'; there is none"),
        (["labels", "--defect", "x"], "'labels' has no defect 'x'; there is none"),
        (["prices", "--defect", ID, "--file", "a"], "--file and --defect cannot stand together"),
    ],
)
def test_a_defect_that_cannot_be_shown_is_refused(tree: Path, words: list[str], fact: str) -> None:
    done = run(tree, "show", *words)
    assert (done.code, fact in done.fact) == (2, True), done.err


def test_an_unknown_defect_is_refused_with_the_closest(tree: Path) -> None:
    done = run(tree, "show", "prices", "--defect", "limit-of-step")
    assert done.code == 2
    assert done.fact == f"'prices' has no defect 'limit-of-step'; the closest match is '{ID}'"
    assert done.hint.startswith(f"scaffold show prices --defect {ID}")
