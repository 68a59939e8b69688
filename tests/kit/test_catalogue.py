"""The catalogue of the analysis: 22 rows that must work, and one that is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.kit.cases import load_cases
from scaffold.kit.catalog import Gap
from scaffold.kit.questions import load_questions
from support.rendering import KIT, ROWS, each_ready_row, each_row

CATALOGUE = {
    "llm_gateway": ("gap", "P0", "rust"),
    "handlers": ("gap", "P0", "rust"),
    "streaming_transforms": ("gap", "P1", "rust"),
    "common_utils": ("gap", "P1", "rust"),
    "cli_main": ("gap", "P1", "python"),
    "targets": ("gap", "P1", "python"),
    "e2e_errors": ("gap", "P1", "e2e"),
    "state_edge_cases": ("gap", "P2", "rust"),
    "docker_cli": ("gap", "P2", "python"),
    "trace_cmd": ("gap", "P2", "python"),
    "bedrock_mock": ("gap", "P2", "e2e"),
    "pg_state": ("gap", "P2", "e2e"),
    "js_vitest": ("gap", "P3", "typescript"),
    "concurrency": ("gap", "P3", "e2e"),
    "config_validation": ("gap", "P3", "e2e"),
    "shared_conftest": ("proposal", "1", "python"),
    "pytest_markers": ("proposal", "1", "python"),
    "pytest_orchestration": ("proposal", "2", "python"),
    "unify_test_deps": ("proposal", "2", "python"),
    "rust_testutils": ("proposal", "3", "rust"),
    "brightstaff_integration": ("proposal", "3", "rust"),
    "ci_jobs": ("proposal", "4", "e2e"),
}
DEPRECATED = "prompt_gateway"


def test_every_row_of_the_analysis_is_there_and_no_other() -> None:
    assert len(CATALOGUE) == 22
    assert set(KIT.gaps) == {*CATALOGUE, DEPRECATED}


@pytest.mark.parametrize("slug", CATALOGUE)
def test_a_row_is_what_the_analysis_says(slug: str) -> None:
    gap = KIT.gaps[slug]
    assert (gap.kind, gap.priority, gap.language) == CATALOGUE[slug]
    assert gap.state in ("ready", "unproven", "planned")


def test_the_deprecated_crate_is_refused_with_the_reason_of_the_analysis() -> None:
    gap = KIT.gaps[DEPRECATED]
    assert gap.state == "deprecated"
    assert "Investing in new tests for this crate is not recommended" in gap.reason


def test_p0_stands_first_and_proposals_after_the_gaps() -> None:
    kinds = [gap.kind for gap in ROWS]
    assert kinds == sorted(kinds)
    priorities = [gap.priority for gap in ROWS if gap.kind == "gap"]
    assert priorities == sorted(priorities)


@each_row
def test_a_row_says_what_it_is(gap: Gap) -> None:
    assert gap.title
    assert gap.source
    assert gap.targets, "a row is about something"
    for target in gap.targets:
        assert all(not Path(path).is_absolute() and ".." not in path for path in target.paths)


@each_ready_row
def test_a_ready_row_says_what_the_analysis_recommends(gap: Gap) -> None:
    assert gap.recommendation


@each_ready_row
def test_a_question_is_named_after_its_row_and_has_a_fitting_default(gap: Gap) -> None:
    for question in load_questions(gap):
        assert question.name.startswith(f"{gap.slug}_")
        assert question.help.endswith("?"), "a question is a question"
        assert question.parse(question.default) == question.default


def test_no_two_rows_ask_the_same_question() -> None:
    names = [question.name for gap in ROWS for question in load_questions(gap)]
    assert len(names) == len(set(names))


@each_ready_row
def test_the_default_case_stands_first_and_answers_nothing(gap: Gap) -> None:
    cases = load_cases(gap)
    text = (gap.folder / "cases.toml").read_text(encoding="utf-8")
    first = next(line for line in text.splitlines() if line.startswith("["))
    assert first == "[default]"
    assert cases["default"] == {}


@each_ready_row
def test_every_answer_of_a_question_is_tried_by_a_case(gap: Gap) -> None:
    answered = {name for case in load_cases(gap).values() for name in case}
    assert answered == {question.name for question in load_questions(gap)}


@each_ready_row
def test_the_readme_says_what_is_proved_what_cannot_be_and_what_is_assumed(gap: Gap) -> None:
    text = (gap.folder / "README.md").read_text(encoding="utf-8").lower()
    assert gap.slug in text
    for word in ("prove", "cannot", "assume"):
        assert word in text, f"the README of {gap.slug} does not say what it {word}s"
