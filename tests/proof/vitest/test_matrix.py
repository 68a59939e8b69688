"""Which test notices which mutant and runs which line, for the ledger by part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

import kill_matrix
from groups import Matrix
from proof.vitest.conftest import BOX, BOX_TESTS, GREEN, WORDS, Generate
from scaffold.errors import MissingToolError, ProofError
from scaffold.proof.runner import VerifyOptions
from scaffold.proof.vitest.kill import tool
from support.proving import Progress
from support.tree import snapshot

pytestmark = pytest.mark.slow
COUNTS = BOX_TESTS.replace("box.test", "counts.test")
COUNTED = """\
import { describe, expect, it } from "vitest";
import { counted } from "./box";

describe("counted", () => {
  it("has no plural of one", () => expect(counted(1)).toBe("1 box"));

  it.each([0, 2])("has a plural of %d", (count) => {
    expect(counted(count)).toBe(`${count} boxes`);
  });
});
"""


@pytest.fixture(autouse=True)
def mutants(progress: Progress) -> None:
    """What makes mutants is there, or the test is skipped with the reason."""
    try:
        tool.installed(progress)
    except MissingToolError as error:
        pytest.skip(error.fact)


@pytest.fixture
def options(options: VerifyOptions) -> VerifyOptions:
    return replace(options, mutants="all")


def by_group(found: Matrix, of: Mapping[str, frozenset[str]]) -> dict[str, int]:
    """How many each group reaches."""
    return {name: sum(name in names for names in of.values()) for name in found.files}


def test_each_file_has_the_mutants_and_lines_of_its_own(
    generate: Generate, workspace: Path, options: VerifyOptions, progress: Progress
) -> None:
    subject = generate({BOX_TESTS: GREEN, COUNTS: COUNTED})
    before = snapshot(workspace / "apps")

    found = kill_matrix.matrix(subject, options, progress, by_file=True)

    assert found.files == {"": "", BOX_TESTS: BOX_TESTS, COUNTS: COUNTS}
    kills = by_group(found, found.kills)
    assert kills[COUNTS] > 0 < kills[BOX_TESTS], f"expected mutants of each file, got {kills}"
    assert not any({COUNTS, BOX_TESTS} <= names for names in found.kills.values())
    lines = {path: {place for place, names in found.lines.items() if path in names}
             for path in (COUNTS, BOX_TESTS)}  # fmt: skip
    assert lines[COUNTS] and lines[BOX_TESTS] and not lines[COUNTS] & lines[BOX_TESTS]
    assert snapshot(workspace / "apps") == before


def test_each_test_is_named_that_notices_a_mutant(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    subject = generate({COUNTS: COUNTED}, BOX, WORDS)

    found = kill_matrix.matrix(subject, options, progress)

    one, more = (
        f"{COUNTS}::counted::has {what}" for what in ("no plural of one", "a plural of %d")
    )
    assert set(found.files) == {"", one, more}
    assert {names for names in found.kills.values()} >= {frozenset({one}), frozenset({more})}
    assert any({one, more} <= names for names in found.lines.values()), f"got {found.lines}"


def test_a_known_defect_that_a_mutant_mends_notices_it(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    found = kill_matrix.matrix(generate({BOX_TESTS: GREEN}), options, progress)

    assert found.defects == {f"{BOX_TESTS}::box::counts a wide character twice"}


def test_a_red_test_gives_no_matrix(
    generate: Generate, options: VerifyOptions, progress: Progress
) -> None:
    with pytest.raises(ProofError, match="is red"):
        kill_matrix.matrix(
            generate({COUNTS: COUNTED.replace("1 box", "2 box")}), options, progress, by_file=True
        )
