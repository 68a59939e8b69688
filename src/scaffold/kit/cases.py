"""Named answer sets of a gap: `cases.toml`, the rendering matrix."""

from __future__ import annotations

import os
from typing import Any

from scaffold.errors import UsageError
from scaffold.kit.catalog import Gap
from scaffold.kit.questions import check_answers, load_questions
from scaffold.kit.reader import read_toml, unknown


def load_cases(gap: Gap) -> dict[str, dict[str, Any]]:
    """Case name -> answers, "default" first.

    Raises:
        KitError: cases.toml is broken.
    """
    path = gap.folder / "cases.toml"
    if not os.path.lexists(path):
        return {"default": {}}
    page = read_toml(path)
    questions = {question.name: question for question in load_questions(gap)}
    for name, answers in page.data.items():
        if not isinstance(answers, dict):
            page.fail((name,), f"{name} must be a table of answers")
        for key, value in answers.items():
            if key not in questions:
                page.fail((name, key), unknown(f"{name}.{key}", key, questions))
            try:
                questions[key].parse(value)
            except UsageError as error:
                page.fail((name, key), error.fact)
    return {"default": page.data.get("default", {}), **page.data}


def case_answers(gap: Gap, name: str) -> dict[str, Any]:
    """The whole set of answers of a case, defaults filled in.

    Raises:
        UsageError: There is no such case, or one of its answers does not fit.
    """
    cases = load_cases(gap)
    if name not in cases:
        raise UsageError(
            f"'{gap.slug}' has no case '{name}', only {', '.join(cases)}",
            f"scaffold show {gap.slug} --case default",
        )
    return check_answers([gap], cases[name], all_gaps=[gap])[gap.slug]
