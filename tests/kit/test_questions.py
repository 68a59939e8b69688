"""Questions, and the check of every answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scaffold.errors import KitError, UsageError
from scaffold.kit.cases import case_answers, load_cases
from scaffold.kit.catalog import Kit
from scaffold.kit.questions import (
    Question,
    check_answers,
    load_questions,
    parse_settings,
    read_answers,
)

BOOL = Question("q", "bool", True, "Really?")
INT = Question("q", "int", 3, "How many?")
STR = Question("q", "str", "x", "Which?")
CHOICE = Question("q", "str", "red", "Which?", ("red", "blue"))


@pytest.mark.parametrize(
    ("question", "given", "wanted"),
    [
        (BOOL, "true", True),
        (BOOL, "No", False),
        (BOOL, "ON", True),
        (BOOL, "0", False),
        (BOOL, False, False),
        (INT, "12", 12),
        (INT, "-1", -1),
        (INT, 7, 7),
        (STR, "a=b", "a=b"),
        (STR, "", ""),
        (STR, 5, "5"),
        (CHOICE, "blue", "blue"),
    ],
)
def test_an_answer_gets_the_type_of_its_question(
    question: Question, given: Any, wanted: object
) -> None:
    assert question.parse(given) == wanted
    assert type(question.parse(given)) is type(wanted)


@pytest.mark.parametrize(
    ("question", "given", "form"),
    [
        (BOOL, "maybe", "bool"),
        (BOOL, 2, "bool"),
        (INT, "1.5", "int"),
        (INT, "", "int"),
        (INT, True, "int"),
        (STR, ["x"], "str"),
        (STR, {"a": 1}, "str"),
        (CHOICE, "green", "red | blue"),
        (CHOICE, "Red", "red | blue"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(question: Question, given: Any, form: str) -> None:
    with pytest.raises(UsageError) as caught:
        question.parse(given)
    assert caught.value.fact == f"q = {given!r} is not of the form {form}"
    assert caught.value.hint.startswith("--set q=")


def test_what_was_not_given_gets_its_default(kit: Kit) -> None:
    gaps = list(kit.gaps.values())
    answers = check_answers([kit.gap("prices")], {"prices_heaviest": "5"}, all_gaps=gaps)
    assert answers == {
        "prices": {
            "prices_known_defects": True,
            "prices_currency": "cents",
            "prices_heaviest": 5,
        }
    }


def test_a_row_without_questions_asks_nothing(kit: Kit) -> None:
    assert load_questions(kit.gap("tracking")) == []


def test_the_choices_of_a_question_are_kept_in_order(kit: Kit) -> None:
    question = load_questions(kit.gap("prices"))[1]
    assert (question.name, question.choices) == ("prices_currency", ("cents", "pence"))


@pytest.mark.parametrize(
    ("pairs", "wanted"),
    [
        ([], {}),
        (["a=1", "b="], {"a": "1", "b": ""}),
        (["a=b=c"], {"a": "b=c"}),
        (["a=1", "a=2"], {"a": "2"}),
    ],
)
def test_settings_are_split_at_the_first_sign(pairs: list[str], wanted: dict[str, str]) -> None:
    assert parse_settings(pairs) == wanted


@pytest.mark.parametrize("pair", ["a", "=1", ""])
def test_a_setting_without_key_or_sign_is_refused(pair: str) -> None:
    with pytest.raises(UsageError, match="is not KEY=VALUE"):
        parse_settings([pair])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yml", "x: 1\ny: two\n"),
        ("a.yaml", "x: 1\ny: two\n"),
        ("a.json", '{"x": 1, "y": "two"}'),
        ("a.toml", 'x = 1\ny = "two"\n'),
    ],
)
def test_answers_are_read_by_the_ending_of_their_file(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert read_answers(tmp_path / name) == {"x": 1, "y": "two"}


def test_cases_are_named_answer_sets(kit: Kit) -> None:
    prices = kit.gap("prices")
    assert list(load_cases(prices)) == ["default", "without_known_defects", "in_pence"]
    assert case_answers(prices, "in_pence")["prices_heaviest"] == 9500
    assert list(load_cases(kit.gap("tracking"))) == ["default"]
    with pytest.raises(UsageError, match="'prices' has no case 'none', only default"):
        case_answers(prices, "none")


def test_broken_cases_are_a_broken_kit(tmp_path: Path, kit: Kit) -> None:
    from dataclasses import replace

    (tmp_path / "cases.toml").write_text("[default\n")
    with pytest.raises(KitError, match=r"cases\.toml:1: .*line 1"):
        load_cases(replace(kit.gap("prices"), folder=tmp_path))
