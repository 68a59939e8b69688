"""What a formatter turns in a TypeScript file is no edit; all else is one."""

from __future__ import annotations

import pytest

from scaffold.languages import same_text

SOURCE = b"""\
import { a } from "./a";
const one = { "key": [1, 2,], 'b-c': `x ${a("y")} \\` z` };
for (let n = 0; n < 2; n++) a((m) => m);
it("takes it's %s", async () => {
  // why
  expect(render(<b title="t">two words{" "}<i /></b>)).toBe([,]);
});
"""
# As Biome lays it out with tabs, single quotes, no semicolons and no commas at the end.
LAID_OUT = b"""\
import {a} from './a'
const one = {key: [1, 2], 'b-c': `x ${a('y')} \\` z`}
for (let n = 0; n < 2; n++) a(m => m)
it("takes it\'s %s", async () => {
\t// why
\texpect(
\t\trender(
\t\t\t(<b title='t'>
\t\t\t\ttwo words <i />
\t\t\t</b>)
\t\t)
\t).toBe([,])
})
"""
EDITS = {
    "a word": (b"toBe", b"toEqual"),
    "a string": (b'"y"', b'"z"'),
    "a blank in a string": (b"it's %s", b"it's  %s"),
    "a blank in a template": (b"`x ", b"`x  "),
    "a hole in an array": (b"[,]", b"[]"),
    "a comment": (b"// why", b"// why not"),
    "a comment less": (b"  // why\n", b""),
    "a word of JSX": (b"two words", b"three words"),
    "a semicolon of a loop": (b"n < 2; n++", b"n < 2;"),
    "not TypeScript": (b"import { a }", b"import import"),
}


def test_what_biome_turns_is_no_edit() -> None:
    assert same_text("a.test.tsx", SOURCE, LAID_OUT)


@pytest.mark.parametrize("edit", EDITS)
def test_all_else_is_an_edit(edit: str) -> None:
    old, new = EDITS[edit]
    assert old in SOURCE
    assert not same_text("a.test.tsx", SOURCE, SOURCE.replace(old, new))
