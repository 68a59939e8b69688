"""The Rust of every row, in each of its cases and for the facts of both ends of the history."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Mapping
from typing import Any

import pytest

from scaffold import __version__
from scaffold.kit.cases import case_answers
from scaffold.kit.catalog import Gap
from scaffold.kit.render import render
from scaffold.languages.rust.symbols import parse
from support.rendering import CASES, KIT, READY, ROOT, formatted

COMMITS = ("baeee56f", "003c36ae")
RUST = [gap for gap in READY if gap.language == "rust"]
EACH = [
    (gap, case, commit)
    for gap, case in CASES
    if gap.language == "rust"
    for commit in ("none", *COMMITS)
]


@functools.cache
def recorded(commit: str) -> Mapping[str, Any]:
    """The facts of a commit as `make field` kept them: row -> facts."""
    text = (ROOT / "field" / "facts" / f"{commit}.json").read_text(encoding="utf-8")
    facts: dict[str, Any] = json.loads(text)
    return facts


def rust_files(gap: Gap, case: str, commit: str) -> dict[str, bytes]:
    """The Rust files of a case, as Copier leaves them."""
    facts = {} if commit == "none" else recorded(commit)[gap.slug]
    done = render(KIT, gap, case_answers(gap, case), facts, __version__)
    return {path: text for path, text in done.files.items() if path.endswith(".rs")}


@pytest.mark.parametrize("commit", COMMITS)
@pytest.mark.parametrize("gap", RUST, ids=lambda gap: gap.slug)
def test_the_facts_of_a_row_are_recorded(gap: Gap, commit: str) -> None:
    facts = recorded(commit).get(gap.slug)
    assert facts, f"make field PLANO={commit}=DIR FIELD='--gap {gap.slug}'"
    targets = {target.name for target in gap.targets}
    assert facts["targets"].keys() <= targets, "recorded before the targets were renamed"


@pytest.mark.parametrize(
    ("gap", "case", "commit"),
    EACH,
    ids=[f"{gap.slug}-{case}-{commit}" for gap, case, commit in EACH],
)
def test_a_template_leaves_rust_that_parses_and_that_rustfmt_does_not_change(
    gap: Gap, case: str, commit: str
) -> None:
    files = rust_files(gap, case, commit)
    assert files, "a row of Rust writes Rust"
    for path, source in files.items():
        assert not parse(path, source).has_error, f"{path} does not parse"
    if shutil.which("rustfmt") is None:
        pytest.skip("rustfmt is not installed")
    # Without rustfmt a file is written as it is rendered, so that must be clean already.
    changed = [path for path, source in files.items() if formatted(path, source) != source]
    assert changed == []
