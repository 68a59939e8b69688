"""Facts of TypeScript files: what they export, and what components take."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.errors import CheckoutError
from scaffold.languages import Symbols, language_of
from scaffold.languages.typescript.symbols import check_syntax, find_symbols
from scaffold.languages.typescript.tests import summary

BUTTON = b"""\
import * as React from "react";
import { type Props, cn as join } from "../lib";
import Logo from "./Logo";

interface CardProps { title: string; "data-id"?: string }

export const Card = React.forwardRef<HTMLDivElement, CardProps>(
  ({ title, size: width = 1, ...rest }, ref) => <div ref={ref} {...rest}>{title}</div>,
);

function Button({ asChild = false }: CardProps & { tone?: string }) {
  return <button />;
}

const Plain = memo(function Plain(props: CardProps) { return <p />; });
const helper = () => <i />;

export default function Page() { return <Card title="a" />; }
export { Button, helper as icon };
export * from "./dialog";
"""
BUILDER = b"""\
export type Side = { label: string; at?: number };
export enum Kind { Box = "box", Line }
export class Drawing { width = 1; draw(at: number, ...more: string[]): string { return ""; } }
export async function build(label: string, { shadow }: Side = {}): Promise<string[]> { return []; }
export const { left, right } = sides;
export const LIMIT = 3, twice = async (n: number) => n * 2;
declare function outside(n: number): void;
let hidden = 1;
"""


def of(path: str, source: bytes, kind: str) -> set[str]:
    return {name for name, facts in find_symbols(path, source).items() if facts["kind"] == kind}


def test_functions_constants_classes_and_types_are_found() -> None:
    found = find_symbols("a.ts", BUILDER)
    assert of("a.ts", BUILDER, "function") == {"build", "twice", "outside", "Drawing.draw"}
    assert of("a.ts", BUILDER, "constant") == {"LIMIT", "left", "right", "hidden"}
    assert of("a.ts", BUILDER, "field") == {"Side.label", "Side.at", "Drawing.width"}
    assert {"Kind.Box", "Kind.Line"} == of("a.ts", BUILDER, "variant")
    assert found["build"]["params"] == ["label", "{ shadow }"]
    assert found["build"]["async"] and found["twice"]["async"] and not found["outside"]["async"]
    assert found["build"]["returns"] == "Promise<string[]>"
    assert [name for name, facts in found.items() if not facts["public"]] == ["outside", "hidden"]


def components(found: Symbols) -> dict[str, list[str]]:
    return {name: facts["props"] for name, facts in found.items() if facts.get("component")}


def test_components_are_functions_with_their_props() -> None:
    found = find_symbols("a.tsx", BUTTON)
    own = ["data-id", "title"]
    assert components(found) == {
        "Card": ["size", "title"],
        "Button": sorted([*own, "asChild", "tone"]),
        "Plain": own,
        "Page": [],
    }
    assert found["Button"]["public"] and found["Card"]["public"] and not found["Plain"]["public"]
    assert found["Page"]["exported_as"] == "default" and found["helper"]["exported_as"] == "icon"
    assert of("a.tsx", BUTTON, "import") == {"React", "Props", "join", "Logo"}


def test_angle_brackets_are_a_cast_in_ts_and_jsx_in_tsx() -> None:
    cast = b"const one = <number>other;\nexport const two = 2;\n"
    assert find_symbols("a.ts", cast)["two"]["public"]
    assert components(find_symbols("a.tsx", b"export const A = () => <b>x</b>;\n")) == {"A": []}


@pytest.mark.parametrize("source", [b"const = ;\n", b"<<<<<<< ours\nlet a;\n", b"\xff\n"])
def test_a_broken_file_is_refused_with_its_line(source: bytes) -> None:
    with pytest.raises(CheckoutError, match=r"^a\.ts:1 "):
        check_syntax("a.ts", source)


def test_a_body_that_is_broken_is_the_compilers_business() -> None:
    assert "after" in find_symbols("a.ts", b"function a() { return 1 +; }\nfunction after() {}\n")


def test_a_source_as_deep_as_it_likes_does_not_end_the_run() -> None:
    with_depth = b"const a = " + b"(" * 9000 + b"1" + b")" * 9000 + b";\n"
    assert "a" in find_symbols("a.ts", with_depth)


TEST = b"""\
/**
 * Boxes. With more words.
 */
import { buildBox, createArrow as arrow } from "./asciiBuilder";
import * as all from "@/utils/asciiBuilder.js";
import drawing from "../other";
it("draws", () => { buildBox("a"); all.fixDiagramSpacing(""); drawing(); });
"""


def test_what_a_test_uses_of_a_module_is_found_by_its_imports() -> None:
    language = language_of("a.ts")
    module = "apps/www/src/utils/asciiBuilder"
    used = language.uses("apps/www/src/utils/asciiBuilder.test.ts", TEST, [module])
    assert used == {f"{module}.buildBox", f"{module}.fixDiagramSpacing"}
    assert language.uses("apps/www/src/x.test.ts", TEST, [module]) == {
        f"{module}.fixDiagramSpacing"
    }


def test_test_files_are_known_by_name_and_folder(tmp_path: Path) -> None:
    for path in ("a.test.ts", "b.spec.tsx", "c.ts", "__tests__/d.ts", "__tests__/e.snap",
                 "node_modules/x/f.test.js", ".next/g.test.ts", "sub/h.test.mts"):  # fmt: skip
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    found = language_of("a.ts").suite_files(tmp_path, lambda error: None)
    names = {place.relative_to(tmp_path).as_posix() for place in found}
    assert names == {"a.test.ts", "b.spec.tsx", "__tests__/d.ts", "sub/h.test.mts"}


def test_a_summary_is_the_first_sentence_of_the_doc_comment() -> None:
    assert summary("a.test.ts", TEST) == "Boxes"
    assert summary("a.test.ts", b"// x\nit('a');\n") == ""


def test_what_a_file_imports_for_its_effect_goes_with_a_file_that_is_not_written() -> None:
    source = b'import "./setup";\n// Why.\nexport * from "./gone";\nimport { a } from "./gone";\n'
    left = language_of("a.ts").without_files("src/x.ts", source, {"src/gone.ts"})
    assert left == b'import "./setup";\nimport { a } from "./gone";\n'
