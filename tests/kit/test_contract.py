"""What every generated file must be, for each ready row in each of its cases. New rows join."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scaffold import __version__
from scaffold.kit.cases import case_answers
from scaffold.kit.catalog import Gap, Kit
from scaffold.kit.contract import (
    DIRECTIVE,
    MACHINE,
    ORIGIN,
    faults_of_marks,
    faults_of_payloads,
    faults_of_subjects,
    faults_of_symbols,
    faults_of_text,
)
from scaffold.kit.defects import faults_of_defects
from scaffold.kit.render import PAYLOADS, render
from support.rendering import (
    KIT,
    Source,
    each_case,
    each_ready_row,
    formatted,
    is_text,
    rendered,
    sources,
)

REGISTRY = re.compile(r"\b(?:pypi\.org|files\.pythonhosted\.org|registry\.npmjs\.org|crates\.io)\b")
LONGEST_MODULE, LONGEST_FUNCTION = 400, 40
Function = ast.FunctionDef | ast.AsyncFunctionDef


def python(gap: Gap, case: str) -> Iterator[tuple[Source, ast.Module]]:
    """The Python files of a case, parsed."""
    for source in sources(gap.slug, case):
        if source.python:
            yield source, ast.parse(source.text, source.path)


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call, with what is called as source text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


@pytest.mark.slow
@each_case
def test_the_same_answers_give_the_same_bytes(gap: Gap, case: str) -> None:
    again = render(KIT, gap, case_answers(gap, case), {}, __version__)
    assert again == rendered(gap.slug, case)
    assert again.files or again.payloads


@each_case
def test_the_formatter_leaves_what_is_written_as_it_is(gap: Gap, case: str) -> None:
    for source in sources(gap.slug, case):
        if not source.payload:
            content = source.text.encode()
            assert formatted(source.path, content) == content, source.path


@each_case
def test_a_text_has_one_newline_at_the_end_nothing_left_over_and_no_word_about_its_origin(
    gap: Gap, case: str
) -> None:
    for source in sources(gap.slug, case):
        if not source.payload:
            faults = list(faults_of_text(gap, source.path, source.text))
            assert faults == [], source.path


@each_case
def test_nothing_of_this_machine_or_of_the_kit_is_in_it(gap: Gap, case: str) -> None:
    for source in sources(gap.slug, case):
        for pattern in (MACHINE, REGISTRY):
            found = pattern.search(source.text)
            assert found is None, f"{source.path}: {found and found.group()}"
        for sign in ("[[ ", "[% ", "[# "):
            assert sign not in source.text, f"{source.path}: a tag of the template is left"


@each_case
def test_no_generated_file_imports_the_kit(gap: Gap, case: str) -> None:
    for source, tree in python(gap, case):
        names = [
            name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
            )
        ]
        assert "scaffold" not in {name.partition(".")[0] for name in names}, source.path


@each_case
def test_a_known_defect_is_strict_and_has_a_reason(gap: Gap, case: str) -> None:
    for source, tree in python(gap, case):
        bare = [
            node.lineno
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and node.attr == "xfail"
        ]
        marks = [call for name, call in calls(tree) if name == "pytest.mark.xfail"]
        assert len(bare) == len(marks), f"{source.path}: an xfail without arguments"
        for mark in marks:
            words = {word.arg: word.value for word in mark.keywords}
            place = f"{source.path}:{mark.lineno}"
            assert isinstance(words.get("strict"), ast.Constant), place
            assert ast.unparse(words["strict"]) == "True", place
            assert "reason" in words, place
            assert ast.unparse(words["reason"]) not in ("''", '""'), place


@each_case
def test_a_pause_only_asks_again_before_a_deadline(gap: Gap, case: str) -> None:
    for source, tree in python(gap, case):
        functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
        polled = {line for function in functions for line in polls_of(function)}
        paused = {call.lineno for name, call in calls(tree) if is_pause(name, call)}
        assert paused <= polled, f"{source.path}: a pause in place of a wait, {paused - polled}"


def is_pause(name: str, call: ast.Call) -> bool:
    """Whether a call waits for a time; an event that nobody sets is a sleep by another name."""
    return name in ("time.sleep", "sleep") or (name.endswith("Event().wait") and bool(call.args))


def polls_of(function: Function) -> set[int]:
    """Lines of the sleeps in a loop that looks at the clock."""
    return {
        call.lineno
        for loop in ast.walk(function)
        if isinstance(loop, ast.While) and "time.monotonic() " in ast.unparse(loop)
        for name, call in calls(loop)
        if name == "time.sleep"
    }


def test_a_pause_by_itself_is_told_from_a_poll() -> None:
    tree = ast.parse(PAUSES)
    paused = {call.lineno for name, call in calls(tree) if is_pause(name, call)}
    (function,) = (node for node in tree.body if isinstance(node, Function))
    assert (paused, polls_of(function)) == ({2, 3, 5, 8}, {8})


PAUSES = """def settle():
    time.sleep(1)
    threading.Event().wait(1)
    while True:
        time.sleep(1)
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    threading.Event().wait()
"""


@each_case
def test_no_test_is_empty_and_each_asserts_something(gap: Gap, case: str) -> None:
    for source, tree in python(gap, case):
        functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
        checks = {node.name for node in functions if asserts(node, set())}
        for function in functions:
            if function.name.startswith("test"):
                place = f"{source.path}:{function.lineno} {function.name}"
                assert asserts(function, checks), f"{place} asserts nothing"


def asserts(function: Function, checks: set[str]) -> bool:
    """Whether a body can fail by itself, or through a check of its module."""
    if any(isinstance(node, ast.Assert) for node in ast.walk(function)):
        return True
    called = {name.rpartition(".")[2] for name, _ in calls(function)}
    return bool(called & {"raises", "skip", "fail", *checks})


@each_case
def test_modules_and_functions_stay_short(gap: Gap, case: str) -> None:
    for source in sources(gap.slug, case):
        if Path(source.path).suffix in (".py", ".rs", ".ts", ".tsx"):
            lines = source.text.count("\n")
            assert lines <= LONGEST_MODULE, f"{source.path} has {lines} lines"
    for source, tree in python(gap, case):
        for node in ast.walk(tree):
            if isinstance(node, Function):
                lines = (node.end_lineno or 0) - node.body[0].lineno + 1
                assert lines <= LONGEST_FUNCTION, f"{source.path}: {node.name} has {lines} lines"


@each_ready_row
def test_every_symbol_that_a_template_asks_for_is_declared(gap: Gap) -> None:
    assert list(faults_of_symbols(gap)) == []


@each_ready_row
def test_every_known_defect_has_its_test_and_its_mend(gap: Gap) -> None:
    assert [*faults_of_defects(gap), *faults_of_marks(gap)] == []


@each_ready_row
def test_every_payload_has_its_edit(gap: Gap) -> None:
    assert list(faults_of_payloads(gap, rendered(gap.slug, "default"))) == []


@each_ready_row
def test_no_branch_of_a_template_tells_where_a_file_came_from(gap: Gap) -> None:
    told = [
        f"{place}:{number}: {line}"
        for place in sorted(gap.files_dir.rglob("*"))
        if place.is_file() and is_text(place.read_bytes())
        for number, line in enumerate(place.read_text("utf-8").splitlines(), 1)
        if ORIGIN.search(line) and not DIRECTIVE.match(line)
    ]
    assert told == []


@each_ready_row
def test_no_file_of_the_template_names_this_machine(gap: Gap) -> None:
    for place in gap.folder.rglob("*"):
        if place.is_file() and is_text(place.read_bytes()):
            found = MACHINE.search(place.read_text(encoding="utf-8"))
            assert found is None, f"{place}: {found and found.group()}"


@each_ready_row
def test_plain_copier_renders_the_same(gap: Gap, tmp_path: Path) -> None:
    from copier import Settings, run_copy
    from plumbum import local

    with local.env(PATH=""), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run_copy(
            str(KIT.root),
            tmp_path,
            data={"gap": gap.slug, "kit_version": __version__},
            settings=Settings(),
            defaults=True,
            quiet=True,
        )
    plain = {
        place.relative_to(tmp_path).as_posix(): place.read_bytes()
        for place in tmp_path.rglob("*")
        if place.is_file()
    }
    ours = rendered(gap.slug, "default")
    payloads = {f"{PAYLOADS}/{name}": text.encode() for name, text in ours.payloads.items()}
    # What is empty here, or by an answer, is not written; Copier alone leaves an empty file.
    blank = {path for path, content in plain.items() if not content.strip()}
    left_out = blank - ours.files.keys() - payloads.keys()
    written = {path: content for path, content in plain.items() if path not in left_out}
    assert set(ours.empty) <= left_out
    assert written == {**ours.files, **payloads}


@pytest.mark.parametrize(("length", "faults"), [(58, 0), (59, 1)])
def test_the_message_of_a_commit_has_less_than_seventy_characters(
    kit: Kit, length: int, faults: int
) -> None:
    gap = replace(kit.gap("prices"), title="x" * length)
    assert len([*faults_of_subjects(kit, gap)]) == faults
