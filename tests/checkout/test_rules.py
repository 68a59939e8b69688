"""The hooks and workflows of a checkout, read as a stranger's files."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from scaffold.checkout.files import HOOKS
from scaffold.checkout.rules.page import MOST_BYTES
from scaffold.checkout.rules.reading import read_hooks, read_rules
from scaffold.languages.rules import OwnRules
from support.tree import write_files

CONFIG = """\
default_stages: [pre-commit]
exclude: ^vendor/
repos:
  - repo: https://github.com/psf/black
    rev: 23.1.0
    hooks:
      - id: black
        args: [--line-length, "100"]
        files: ^lib/
        exclude: generated
  - repo: local
    hooks:
      - id: lint
        language: system
        entry: bash -c "make lint"
        stages: [pre-push]
"""
WORKFLOW = """\
env:
  NEWEST: "3.13"
jobs:
  tests:
    defaults:
      run:
        working-directory: ./lib
    strategy:
      matrix:
        version: [3.10, "3.11"]
        include:
          - version: 3.12
    steps:
      - uses: actions/setup
        with:
          python-version: ${{ matrix.version }}
      - run: pytest
      - uses: actions/setup
        with:
          python-version: ${{ env.NEWEST }}
      - run: pytest
        working-directory: other
      - uses: actions/setup
        with:
          python-version: ${{ fromJSON(needs.x.outputs.y) }}
"""


def test_a_hook_is_read_with_its_version_its_arguments_and_its_patterns(tmp_path: Path) -> None:
    rules = read_rules(write_files(tmp_path, {HOOKS: CONFIG}))
    black, lint = rules.hooks
    assert (black.id, black.rev, black.args) == ("black", "23.1.0", ("--line-length", "100"))
    assert black.place == f"{HOOKS}:7"
    assert (black.files, black.excludes) == (("^lib/",), ("^vendor/", "generated"))
    assert (black.stages, lint.stages) == (("pre-commit",), ("pre-push",))
    assert lint.local and not black.local
    assert (lint.entry, lint.args) == ('bash -c "make lint"', None)
    assert read_hooks(tmp_path).hooks == rules.hooks


def test_values_of_a_workflow_are_those_of_its_matrix_and_its_variables(tmp_path: Path) -> None:
    rules = read_rules(write_files(tmp_path, {".github/workflows/ci.yml": WORKFLOW}))
    [job] = rules.jobs
    # As written: a number of YAML would make 3.1 of 3.10.
    assert job.steps[0].given["python-version"] == ("3.10", "3.11", "3.12")
    assert job.steps[2].given["python-version"] == ("3.13",)
    assert job.steps[4].given["python-version"] == ("${{ fromJSON(needs.x.outputs.y) }}",)
    assert [step.folder for step in job.steps[1:4:2]] == ["./lib", "other"]


def test_a_checkout_without_rules_has_none(tmp_path: Path) -> None:
    assert read_rules(tmp_path) == OwnRules()


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("repos: [\n", f"{HOOKS}:2 does not parse"),
        ("repos: *none\n", f"{HOOKS}:1 does not parse"),
        ("[" * 5000, "is nested too deeply"),
        ("x" * (MOST_BYTES + 1), "is larger than 256 KiB"),
        ("a: &a {hooks: [" + "{}, " * 400 + "]}\nrepos: [" + "*a, " * 400 + "]\n", "entries"),
        ("repos: é\n".encode("latin-1"), "is not UTF-8"),
    ],
    ids=["broken", "no anchor", "deep", "large", "aliases", "encoding"],
)
def test_what_cannot_be_read_is_named_and_ends_nothing(
    tmp_path: Path, text: str | bytes, fault: str
) -> None:
    rules = read_rules(write_files(tmp_path, {HOOKS: text, ".github/workflows/ci.yml": WORKFLOW}))
    assert fault in rules.faults[HOOKS]
    assert [job.name for job in rules.jobs] == ["tests"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "just words\n",
        "repos: 5\n",
        "repos: [5, [6], {hooks: 7}]\n",
        "repos: [{repo: [1], rev: {a: b}, hooks: [{id: [x], args: {y: z}}]}]\n",
        "? [a, b]\n: c\n",
        "&a [*a]\n",
    ],
)
def test_other_shapes_hold_nothing_that_counts(tmp_path: Path, text: str) -> None:
    rules = read_rules(write_files(tmp_path, {HOOKS: text}))
    assert all(hook.id == "" for hook in rules.hooks) and not rules.faults


def test_an_alias_costs_nothing_however_often_it_is_used(tmp_path: Path) -> None:
    write_files(tmp_path, {HOOKS: BOMB + "repos: *i\n"})
    began = time.monotonic()
    read_rules(tmp_path)
    assert time.monotonic() - began < 5


def test_a_pipe_or_a_link_is_never_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / HOOKS)
    write_files(tmp_path / "elsewhere", {"ci.yml": WORKFLOW})
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github/workflows").symlink_to(tmp_path / "elsewhere")
    rules = read_rules(tmp_path)
    assert HOOKS in rules.faults and not rules.jobs
