"""Stubs of Vitest files, and how a later full run fills them."""

from __future__ import annotations

import pytest

from scaffold.errors import CheckoutError, KitError
from scaffold.languages import stubs
from scaffold.languages.typescript import tests
from scaffold.languages.typescript.stub import ALLOWED, find_todos, known_defects, make_stub

FULL = """\
/** Boxes. */
import { describe, expect, it } from "vitest";
import { buildBox } from "./asciiBuilder";

const LABELS = ["a", "b"];

function drawn(label: string): string {
  return buildBox(label).join("\\n");
}

describe("buildBox", () => {
  it("draws one box", () => {
    expect(drawn("a")).toMatchInlineSnapshot(`
      "┌─┐"
    `);
  });

  // Known defect: an emoji is counted
  // as one column.
  it.fails("keeps its width with wide characters", () => {
    expect(drawn("🙂")).toBe("x");
  });

  it.each(LABELS)("takes %s", (label) => {
    expect(drawn(label)).toContain(label);
  });

  for (const label of LABELS) {
    it(`repeats ${label}`, () => expect(drawn(label)).toBe(drawn(label)));
  }
});

test.todo("what a tab is worth");
"""
STUB = f"""\
{ALLOWED}/** Boxes. */
import {{ describe, expect, it }} from "vitest";
import {{ buildBox }} from "./asciiBuilder";

const LABELS = ["a", "b"];

function drawn(label: string): string {{
  return buildBox(label).join("\\n");
}}

describe("buildBox", () => {{
  it.todo("draws one box");

  // Known defect: an emoji is counted
  // as one column.
  it.todo("keeps its width with wide characters");

  it.todo("takes %s");

  for (const label of LABELS) {{
    it.todo(`repeats ${{label}}`);
  }}
}});

test.todo("what a tab is worth");
"""
PATH = "src/box.test.ts"


def test_each_test_is_a_todo_with_its_sentence() -> None:
    text, todos = make_stub(PATH, FULL)
    assert text == STUB
    assert [todo.name for todo in todos][:2] == [
        "buildBox::draws one box",
        "buildBox::keeps its width with wide characters",
    ]
    assert todos[1].sentence == (
        "keeps its width with wide characters (known defect: an emoji is counted as one column.)"
    )
    lines = text.splitlines()
    assert all(".todo(" in lines[todo.line - 1] for todo in todos)
    assert find_todos(PATH, text.encode()) == [True] * 5
    assert find_todos(PATH, FULL.encode()) == [False, False, False, False, True]


def test_a_file_without_tests_is_its_own_stub() -> None:
    source = "export default { test: { environment: 'jsdom' } };\n"
    assert make_stub("vitest.config.ts", source) == (source, ())


def test_known_defects_are_the_tests_that_must_fail_with_their_reasons() -> None:
    (found,) = known_defects(PATH, FULL.encode())
    assert found.test == "buildBox::keeps its width with wide characters"
    assert found.reason == "an emoji is counted as one column."


@pytest.mark.parametrize(
    ("title", "ran"),
    [
        ('"takes %s"', "takes a"),
        ('"takes $name.first"', "takes Ada"),
        ("`takes ${name}`", "takes Ada"),
        ("name", "anything"),
        (r'"a \"b\" \u0041 (c)"', 'a "b" A (c)'),
        ("'it\\'s'", "it's"),
    ],
)
def test_a_title_fits_the_tests_that_ran_under_it(title: str, ran: str) -> None:
    (test,) = tests.tests_in(PATH, f"it.each(x)({title}, () => {{}});\n".encode())
    assert test.fits(ran)


def test_a_title_without_values_fits_itself_alone() -> None:
    (test,) = tests.tests_in(PATH, b'describe("box", () => { it("takes a (b)", () => {}); });\n')
    assert test.fits("box::takes a (b)")
    assert not test.fits("takes a (b)") and not test.fits("box::takes a (b)!")


def test_a_stub_that_nobody_touched_is_filled_whole() -> None:
    assert stubs.fill(STUB, STUB, FULL, path=PATH) == (FULL, ())


def test_what_a_person_wrote_stays_and_the_rest_is_filled() -> None:
    mine = STUB.replace('it.todo("draws one box");', 'it("draws one box", () => mine());')
    mine = mine.replace('  it.todo("takes %s");\n\n', "")
    text, kept = stubs.fill(mine, STUB, FULL, path=PATH)
    expected = FULL.replace(FULL[FULL.index('it("draws'):FULL.index("  // Known")],
                            'it("draws one box", () => mine());\n\n')  # fmt: skip
    start = expected.index("  it.each(")
    expected = expected[:start] + expected[expected.index("  for (", start) :]
    assert (text, kept) == (expected, ("buildBox::draws one box",))


def test_a_formatter_is_no_edit_of_a_stub() -> None:
    mine = STUB.replace('"vitest";', "'vitest'").replace("label: string)", "label: string,\n)")
    text, kept = stubs.fill(mine, STUB, FULL, path=PATH)
    assert kept == ()
    assert 'it("draws one box"' in text and "it.fails(" in text


def test_a_deleted_helper_comes_back_where_a_test_needs_it() -> None:
    start = STUB.index("function drawn")
    mine = STUB[:start] + STUB[STUB.index("describe(") :]
    assert "function drawn" in stubs.fill(mine, STUB, FULL, path=PATH)[0]


def test_a_stub_with_crlf_is_filled_with_crlf() -> None:
    mine = STUB.replace("\n", "\r\n")
    text, _ = stubs.fill(mine, STUB, FULL, path=PATH)
    assert text == FULL.replace("\n", "\r\n")


def test_what_does_not_parse_is_named() -> None:
    with pytest.raises(CheckoutError, match=r"src/box\.test\.ts:1 does not parse"):
        stubs.fill("const = ;\n", STUB, FULL, path=PATH)
    with pytest.raises(KitError, match=r"src/box\.test\.ts:1 does not parse"):
        make_stub(PATH, "const = ;\n")
