"""What every part of a row must be, in each case of the row and with the facts of each commit."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import pytest

from scaffold import __version__
from scaffold.kit.cases import case_answers, load_cases
from scaffold.kit.catalog import Gap
from scaffold.kit.parts import needed
from scaffold.kit.render import Rendered, render
from scaffold.languages.rust.symbols import parse
from scaffold.plan.parts import cut
from scaffold.plan.sizes import sizes
from support.rendering import KIT, READY, ROOT

MOST_LINES = 400
"""What one pull request adds at most."""
NEIGHBOUR = re.compile(r"\b(?:super|generated_tests)::(\w+)")
FACTS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in sorted((ROOT / "field" / "facts").glob("*.json"))
}


def facts_of(gap: Gap) -> dict[str, dict[str, Any]]:
    """No facts, and those of the commits that differ: the first commit's name -> facts."""
    found: dict[str, dict[str, Any]] = {"all": {}}
    for commit, facts in FACTS.items():
        if gap.slug in facts and facts[gap.slug] not in found.values():
            found[commit] = facts[gap.slug]
    return found


RENDERINGS = [
    pytest.param(gap, case, facts, id=f"{gap.slug}-{case}-{name}")
    for gap in READY
    if gap.parts
    for case in load_cases(gap)
    for name, facts in facts_of(gap).items()
]


def over_its_needs(gap: Gap, whole: Rendered, name: str) -> Rendered:
    """A part with what it needs of its own gap."""
    return cut(gap, whole, {name, *(part for slug, part in needed(KIT, gap, name))})


def fixtures(sources: Mapping[str, str]) -> dict[str, str]:
    """Name of each fixture -> the source that defines it."""
    return {
        node.name: name
        for name, text in sources.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
        and any("fixture" in ast.unparse(mark) for mark in node.decorator_list)
    }


def parameters(text: str) -> set[str]:
    """The names of all parameters: those of tests ask for fixtures."""
    return {
        argument.arg
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
        for argument in node.args.args
    }


@pytest.mark.slow
@pytest.mark.parametrize(("gap", "case", "facts"), RENDERINGS)
def test_a_part_is_short_and_stands_over_its_needs(
    gap: Gap, case: str, facts: dict[str, Any]
) -> None:
    whole = render(KIT, gap, case_answers(gap, case), facts, __version__)
    long = {name: size for name, size in sizes(KIT, gap, whole).items() if size.lines > MOST_LINES}
    assert long == {}
    shared = {n: text for n, text in whole.payloads.items() if n.endswith(".py") and text.strip()}
    modules = {PurePosixPath(path).stem for path in whole.files if path.endswith(".rs")} - {"mod"}
    for part in gap.parts:
        found = over_its_needs(gap, whole, part.name)
        here = {PurePosixPath(path).stem for path in found.files}
        there = set(
            fixtures({name: found.payloads[name] for name in shared if name in found.payloads})
        )
        for path, content in found.files.items():
            text, place = content.decode(), f"{part.name}: {path}"
            if path.endswith(".py"):
                lacking = (parameters(text) & fixtures(shared).keys()) - there
                assert lacking == set(), f"{place}: fixtures of a part that it does not need"
            elif path.endswith(".rs"):
                parse(path, content)
                lacking = (set(NEIGHBOUR.findall(text)) & modules) - here
                assert lacking == set(), f"{place}: modules of a part that it does not need"


@pytest.mark.slow
def test_parts_together_are_the_row() -> None:
    for gap in READY:
        whole = render(KIT, gap, {**case_answers(gap, "default")}, {}, __version__)
        names = [part.name for part in gap.parts]
        written = [path for part in gap.parts for path in part.files]
        assert sorted(written) == sorted(set(written)), gap.slug
        if names:
            assert cut(gap, whole, names) == whole
            assert set(whole.files) <= set(written)


def test_a_part_that_is_too_long_or_lacks_a_need_would_be_seen() -> None:
    assert NEIGHBOUR.findall("use super::host; use crate::generated_tests::client::x;") == [
        "host",
        "client",
    ]
    assert parameters("def test_a(run_trace, tmp_path):\n    pass\n") == {"run_trace", "tmp_path"}
    text = (
        "import pytest\n\n@pytest.fixture\ndef run_trace():\n    pass\n\n\ndef other():\n    pass\n"
    )
    assert fixtures({"conftest.py": text}) == {"run_trace": "conftest.py"}
