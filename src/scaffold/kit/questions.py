"""The questions of a gap, and the check of every answer before Copier sees it."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scaffold.errors import UsageError
from scaffold.kit.catalog import Gap
from scaffold.kit.reader import Line, Lines, Page, build, closest
from scaffold.system.invocation import HELP, edit, look, quoted
from scaffold.system.reading import MOST_INT, read_plain

Answers = dict[str, Any]
RESERVED = ("gap", "facts", "kit_version")
"""Questions of copier.yml itself."""
DELIMITERS = ("[[", "[%", "[#")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")

_TRUE = {"true": True, "yes": True, "y": True, "on": True, "1": True}
_FALSE = {"false": False, "no": False, "n": False, "off": False, "0": False}


@dataclass(frozen=True)
class Question:
    """One question of a gap."""

    name: str
    type: str
    default: Any
    help: str
    choices: tuple[str, ...] = ()

    def parse(self, value: Any) -> Any:
        """The answer in the question's type.

        Raises:
            UsageError: The value does not fit.
        """
        result = _PARSERS[self.type](value)
        if result is None or (self.choices and result not in self.choices):
            expected = " | ".join(self.choices) if self.choices else self.type
            raise UsageError(
                f"{self.name} = {value!r} is not of the form {expected}",
                f"--set {self.name}={_example(self)}",
            )
        return result


@dataclass(frozen=True)
class Body:
    """What questions.yml holds of one question."""

    help: Line
    default: Any = field(metadata={"any": True})
    type: str = field(default="str", metadata={"words": ("bool", "int", "str")})
    choices: Lines = ()


def load_questions(gap: Gap) -> list[Question]:
    """The questions of a gap; none where it asks nothing.

    Raises:
        KitError: questions.yml is broken, or a default does not fit its own question.
    """
    path = gap.folder / "questions.yml"
    if not os.path.lexists(path):
        return []
    from scaffold.kit.yaml_page import read_yaml

    pages = read_yaml(path)
    if len(pages) > 1:
        pages[1].fail((), "a second document is not allowed")
    if not pages or pages[0].data is None:
        return []
    page = pages[0]
    if not isinstance(page.data, dict):
        page.fail((), "must be a mapping of questions")
    return [_question(page, gap.slug, name) for name in page.data]


def _question(page: Page, slug: str, name: str) -> Question:
    keys = (name,)
    if not _NAME.fullmatch(name) or not name.startswith(f"{slug}_") or name in RESERVED:
        page.fail(keys, f"'{name}' must be called {slug}_ and a word in small letters")
    body = build(Body, page.data[name], page, keys)
    for key, value in page.data[name].items():
        if any(sign in str(value) for sign in DELIMITERS):
            page.fail((*keys, key), f"{name}.{key} holds a template, which nothing renders")
    if body.choices and body.type != "str":
        page.fail((*keys, "choices"), f"'{name}' has choices, so its type must be str")
    question = Question(name, body.type, body.default, body.help, body.choices)
    fits = type(body.default) is {"bool": bool, "int": int, "str": str}[body.type]
    if not fits or (body.choices and body.default not in body.choices):
        form = " | ".join(body.choices) or body.type
        page.fail(
            (*keys, "default"), f"{name}.default = {body.default!r} is not of the form {form}"
        )
    return question


def check_answers(
    gaps: Sequence[Gap], given: Mapping[str, Any], *, all_gaps: Sequence[Gap]
) -> dict[str, Answers]:
    """Per gap the whole set of its answers: what was given, else the defaults.

    Raises:
        UsageError: An unknown key (with the closest match), a key of a gap that was not picked,
            or a value that does not fit.
    """
    questions = {gap.slug: load_questions(gap) for gap in gaps}
    known = {question.name for items in questions.values() for question in items}
    for key in given:
        if key not in known:
            _refuse_key(key, given[key], known, all_gaps)
    return {
        slug: {
            question.name: question.parse(given[question.name])
            if question.name in given
            else question.default
            for question in items
        }
        for slug, items in questions.items()
    }


def answers_of(gaps: Sequence[Gap], given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the given answers that belong to these gaps."""
    asked = {question.name for gap in gaps for question in load_questions(gap)}
    return {name: answer for name, answer in given.items() if name in asked}


def shown(answer: Any) -> str:
    """An answer as a word behind `--set NAME=`."""
    return quoted(written(answer))


def written(answer: Any) -> str:
    """An answer as text that is read back as it."""
    return str(answer).lower() if isinstance(answer, bool) else str(answer)


def _refuse_key(key: str, given: Any, known: set[str], all_gaps: Sequence[Gap]) -> None:
    for gap in all_gaps:
        if any(question.name == key for question in load_questions(gap)):
            raise UsageError(
                f"'{key}' is a question of '{gap.slug}', which is not picked",
                f"scaffold new --gap {gap.slug} --set {key}={shown(given)}",
            )
    close = closest(key, known, cutoff=0.4)
    lead = f"; the closest match is '{close}'" if close else ""
    hint = f"--set {close}={shown(given)}" if close else "scaffold list"
    raise UsageError(f"no picked gap asks '{key}'{lead}", hint)


def parse_settings(pairs: Sequence[str]) -> dict[str, str]:
    """`--set KEY=VALUE` as a mapping.

    Raises:
        UsageError: A pair has no `=`, or an empty key.
    """
    result: dict[str, str] = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or not key:
            raise UsageError(f"--set {pair!r} is not KEY=VALUE", HELP)
        result[key] = value
    return result


def read_answers(path: Path) -> dict[str, Any]:
    """The answers of a file: YAML, JSON or TOML by its ending.

    Raises:
        UsageError: The file is missing, broken, or no mapping.
    """
    import yaml

    try:
        text = read_plain(path).decode("utf-8")
        match path.suffix:
            case ".toml":
                data: Any = tomllib.loads(text)
            case ".json":
                data = json.loads(text)
            case _:
                data = yaml.safe_load(text)
    except OSError as error:
        raise UsageError(f"--answers {path}: {error.strerror or error}", look(path)) from error
    except (ValueError, yaml.YAMLError, RecursionError, TypeError) as error:
        line = " ".join(str(error).split())
        raise UsageError(f"--answers {path} is broken: {line}", edit(path)) from error
    if not isinstance(data, dict):
        raise UsageError(f"--answers {path} holds no mapping of KEY to VALUE", edit(path))
    return {str(key): value for key, value in data.items()}


def _bool(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return (_TRUE | _FALSE).get(str(value).lower())


def _int(value: Any) -> int | None:
    try:
        number = None if isinstance(value, bool) else int(str(value))
    except ValueError:
        return None
    return number if number is None or abs(number) < MOST_INT else None


def _str(value: Any) -> str | None:
    """The value as one line of text; it is put into sources."""
    text = "\n" if isinstance(value, dict | list) else str(value)
    return text if text.isprintable() else None


def _example(question: Question) -> str:
    if question.choices:
        return question.choices[0]
    return str(question.default).lower() if question.type == "bool" else str(question.default)


_PARSERS = {"bool": _bool, "int": _int, "str": _str}
