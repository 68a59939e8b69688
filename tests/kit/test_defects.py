"""`defects.toml` and `mends/`: what the reader refuses, what a mend finds, what a row keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.checkout.find import Checkout
from scaffold.errors import KitError, UsageError
from scaffold.kit.catalog import Gap, load_kit
from scaffold.kit.contract import faults_of_marks
from scaffold.kit.defects import (
    Change,
    Fit,
    Mend,
    defect_named,
    faults_of_defects,
    load_defects,
)
from scaffold.kit.render import render
from support.tinykit import DEMO_KIT, gap_toml, write_kit
from support.tree import write_files

DEFECT = """\
[[defect]]
id = "halves"
severity = "wrong result"
file = "app.py"
function = "price"
today = "half a coin is lost"
expected = "it is kept"
source = "its docstring"
reached_from = "price"
tests = ["test_price_keeps_halves"]
"""
MEND = """\
[[mend]]
[[mend.change]]
file = "app.py"
find = "return coins // 2"
leave = "return coins / 2"
"""
TEMPLATE = """\
[% from "templates/_shared/facts.jinja" import mended %]
import app
import pytest


[% if not mended(facts, "halves") %]
@pytest.mark.xfail(strict=True, raises=AssertionError, reason="app.py: price: halves are lost")
[% endif %]
def test_price_keeps_halves():
    assert app.price(3) == 1.5
"""
APP = "def price(coins):\n    return coins // 2\n"


def row(root: Path, files: dict[str, str] | None = None, **changes: str) -> Gap:
    """The row `row`, whose template and defects are these but for the changes."""
    whole = {
        "row/gap.toml": gap_toml(),
        "row/defects.toml": DEFECT,
        "row/mends/halves.toml": MEND,
        "row/files/test_app.py.jinja": TEMPLATE,
        "_shared/facts.jinja": (DEMO_KIT / "templates/_shared/facts.jinja").read_text("utf-8"),
        **{f"row/{name}": text for name, text in (files or {}).items()},
    }
    return load_kit(write_kit(root, {k: v for k, v in whole.items() if v != "-"})).gap("row")


WRONG: dict[str, tuple[dict[str, str], str]] = {
    "an unknown key": (
        {"defects.toml": DEFECT.replace("today", "tody")},
        r"defects\.toml:6: unknown key 'defect\[1\]\.tody'; the closest match is 'today'",
    ),
    "a severity that is none": (
        {"defects.toml": DEFECT.replace("wrong result", "bad")},
        r"defects\.toml:3: defect\[1\]\.severity = 'bad' is none of crash, lost data, ",
    ),
    "no source": (
        {"defects.toml": DEFECT.replace('source = "its docstring"\n', "")},
        r"defects\.toml:1: the key 'source' is missing in defect\[1\]",
    ),
    "no test": (
        {"defects.toml": DEFECT.replace('["test_price_keeps_halves"]', "[]")},
        r"defects\.toml:10: the defect 'halves' has no test",
    ),
    "two of one name": (
        {"defects.toml": DEFECT + DEFECT},
        r"defects\.toml:12: two defects are called 'halves'",
    ),
    "a mend without a defect": (
        {"mends/halvs.toml": MEND},
        r"mends/halvs\.toml:1: defects\.toml has no defect 'halvs'; .* 'halves'",
    ),
    "a mend without any defect": (
        {"defects.toml": "-"},
        r"mends/halves\.toml:1: there is no defects\.toml for it",
    ),
    "an unknown key of a mend": (
        {"mends/halves.toml": MEND.replace("leave", "leaves")},
        r"halves\.toml:5: unknown key 'mend\[1\]\.change\[1\]\.leaves'; .* 'leave'",
    ),
    "nothing to find": (
        {"mends/halves.toml": MEND.replace("return coins // 2", " ")},
        r"halves\.toml:4: find is empty",
    ),
    "a mend that changes nothing": (
        {"mends/halves.toml": MEND.replace("coins / 2", "coins // 2")},
        r"halves\.toml:5: leave is equal to find",
    ),
    "a file outside of the checkout": (
        {"mends/halves.toml": MEND.replace("app.py", "../app.py")},
        r"halves\.toml:3: mend\[1\]\.change\[1\]\.file = '\.\./app\.py' is not a place inside",
    ),
    "no alternative": ({"mends/halves.toml": "mend = []\n"}, r"halves\.toml:1: there is no \[\[me"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path, kind: str) -> None:
    files, fact = WRONG[kind]
    with pytest.raises(KitError, match=fact):
        load_defects(row(tmp_path, files))


def test_an_unknown_defect_is_refused_with_the_closest(tmp_path: Path) -> None:
    gap = row(tmp_path)
    with pytest.raises(
        UsageError, match=r"'row' has no defect 'halfs'; the closest .* 'halves'"
    ) as e:
        defect_named(gap, "halfs")
    assert e.value.hint == "scaffold show row --defect halves"


UNMENDED = DEFECT.replace("halves", "other").replace("price_keeps", "keeps")
BROKEN: dict[str, tuple[dict[str, str], str]] = {
    "neither mend nor reason": (
        {"mends/halves.toml": "-"},
        "'halves' (wrong result) has neither mends/halves.toml nor no_mend",
    ),
    "a mend and a reason": (
        {"defects.toml": DEFECT + 'no_mend = "too large"\n'},
        "'halves' has a mend, and a reason why it has none",
    ),
    "too few mends": (
        {"defects.toml": DEFECT + UNMENDED + 'no_mend = "too large"\n'},
        "1 of 2 defects have a mend; 4 in 5 must have one",
    ),
    "a test of two defects": (
        {"defects.toml": DEFECT + DEFECT.replace('"halves"', '"two"') + 'no_mend = "large"\n'},
        "the test test_price_keeps_halves is of 'halves' as well",
    ),
    "no marked test": (
        {"defects.toml": DEFECT.replace("test_price_keeps", "test_price_holds")},
        "no template has test_price_holds_halves marked as a known defect",
    ),
    "a mark without a defect": (
        {"defects.toml": DEFECT.replace("test_price_keeps", "test_price_holds")},
        "test_app.py.jinja:9: the known defect test_price_keeps_halves is not in defects.toml",
    ),
    "a mark that stays when it is mended": (
        {"files/test_app.py.jinja": TEMPLATE.replace("mended(facts", "has(facts")},
        'no template asks mended(facts, "halves")',
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_row_that_breaks_a_promise_about_its_defects_is_seen(tmp_path: Path, kind: str) -> None:
    files, fact = BROKEN[kind]
    gap = row(tmp_path, files)
    found = [*faults_of_defects(gap), *faults_of_marks(gap)]
    assert [one for one in found if fact in one], found


def test_a_row_that_keeps_its_promises_has_no_fault(tmp_path: Path) -> None:
    gap = row(tmp_path)
    assert [*faults_of_defects(gap), *faults_of_marks(gap)] == []


VITEST = """\
[% from "templates/_shared/facts.jinja" import mended %]
describe("price", () => {
[% if not mended(facts, "halves") %]
  // Known defect: app.ts, price: today halves are lost; expected 1.5.
  it.fails("keeps halves", () => {
[% else %]
  it("keeps halves", () => {
[% endif %]
    expect(price(3)).toBe(1.5);
  });
});
"""
"""A known defect in TypeScript: the mark is a part of the call, the name is a title in a group."""


@pytest.mark.parametrize(
    ("name", "template", "faults"),
    [
        ("keeps halves", VITEST, 0),
        ("keeps wholes", VITEST, 2),
        ("keeps halves", VITEST.replace("it.fails", "it"), 1),
    ],
    ids=["listed", "another name", "without the mark"],
)
def test_a_known_defect_of_vitest_is_found_by_its_title(
    tmp_path: Path, name: str, template: str, faults: int
) -> None:
    defect = DEFECT.replace("test_price_keeps_halves", name)
    gap = row(tmp_path, {"files/test_app.py.jinja": template, "defects.toml": defect})

    found = list(faults_of_marks(gap))

    assert len(found) == faults, found


def change(find: str, leave: str, after: str = "") -> Change:
    """A change of `app.py`."""
    return Change("app.py", find, leave, after)


CODE = """\
def first():
    log.info("start")
    return run()


def second():
    log.info("start")
    if True:
        return run()
"""
LOOKS: dict[str, tuple[Change, Fit, str]] = {
    "a text that stands once": (change("def first", "def one"), Fit.APPLIES, "def one():"),
    "a text that stands twice": (change("run()", "walk()"), Fit.GONE, "'run()' is there 2 times"),
    "the first place after another text": (
        change("run()", "walk()", after="def second"),
        Fit.APPLIES,
        "        return walk()\n",
    ),
    "after a text that stands twice": (
        change("run()", "walk()", after="log.info"),
        Fit.GONE,
        "'log.info' is there 2 times",
    ),
    "several lines, indented as the place": (
        change("if True:\n    return run()", "try:\n    return run()\nfinally:\n    stop()"),
        Fit.APPLIES,
        "    try:\n        return run()\n    finally:\n        stop()\n",
    ),
    "what is left holds what is found": (
        change("return run()", "wait()\nreturn run()", after="second"),
        Fit.APPLIES,
        "        wait()\n        return run()\n",
    ),
    "not there": (change("stop()", "halt()"), Fit.GONE, "app.py: 'stop()' is not there"),
    "the second line is not there": (
        change("if True:\n    return walk()", "stop()"),
        Fit.GONE,
        "app.py: 'return walk()' is not there",
    ),
    "mended": (change("stop()", "if True:"), Fit.MENDED, ""),
    "what is left stands elsewhere": (
        change("if True:", "return run()"),
        Fit.GONE,
        "would look like this one",
    ),
}


@pytest.mark.parametrize("kind", LOOKS)
def test_what_a_change_finds(kind: str) -> None:
    one, fit, text = LOOKS[kind]
    looked = one.look(CODE)
    assert looked.fit is fit, looked.why
    assert text in (looked.texts["app.py"] if fit is Fit.APPLIES else looked.why)


@pytest.mark.parametrize(
    "kind", [kind for kind, (_, fit, _) in LOOKS.items() if fit is Fit.APPLIES]
)
def test_a_change_that_was_done_is_mended_and_not_done_again(kind: str) -> None:
    one = LOOKS[kind][0]
    assert one.look(one.look(CODE).texts["app.py"]).fit is Fit.MENDED


def test_a_mend_is_done_whole_or_not_at_all() -> None:
    whole = Mend((change("first", "one"), change("second", "two")))
    done = whole.look({"app.py": CODE}.get)
    assert done.fit is Fit.APPLIES
    assert "def one()" in done.texts["app.py"] and "def two()" in done.texts["app.py"]
    assert whole.look({"app.py": CODE.replace("first", "one")}.get).fit is Fit.GONE
    assert whole.look(dict(done.texts).get).fit is Fit.MENDED
    nothing: dict[str, str] = {}
    assert whole.look(nothing.get).why == "app.py is not there"


def test_the_alternative_that_fits_is_taken(tmp_path: Path) -> None:
    other = MEND.replace("//", ">>").replace(" / ", " * ")
    (defect,) = load_defects(row(tmp_path, {"mends/halves.toml": MEND + other}))
    assert defect.look({"app.py": APP.replace("//", ">>")}.get).texts["app.py"].endswith("* 2\n")
    assert defect.look({"app.py": APP}.get).texts["app.py"].endswith("/ 2\n")
    assert defect.look({"app.py": APP.replace("//", "/")}.get).fit is Fit.MENDED


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_mended_checkout_gets_the_test_without_the_mark(tmp_path: Path, newline: str) -> None:
    gap = row(tmp_path / "kit")
    kit = load_kit(tmp_path / "kit")
    texts = {}
    for sign in ("//", "/"):
        app = write_files(
            tmp_path / "app", {"app.py": APP.replace("//", sign).replace("\n", newline)}
        )
        findings = Checkout(app).find(gap)
        texts[sign] = render(kit, gap, {}, findings.facts(), "0").files["test_app.py"].decode()
    assert "xfail" in texts["//"]
    assert "xfail" not in texts["/"] and "def test_price_keeps_halves" in texts["/"]
