"""Hooks that look at text, with the verdicts of pre-commit-hooks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scaffold.kit.catalog import RunSpec
from scaffold.languages.rules import Hook, OwnRules
from scaffold.proof.rules.paths import match
from scaffold.proof.rules.result import RuleResult, Ruling, Written, WrittenFile
from scaffold.proof.rules.text import check
from scaffold.proof.runner import Evidence, Session, Subject, VerifyOptions

REPO = "https://github.com/pre-commit/pre-commit-hooks"
NOTHING = Session((), 0.0, "")


def judged(hook: str, *files: WrittenFile, args: tuple[str, ...] | None = None) -> RuleResult:
    """The result of one hook."""
    one = Hook(hook, "config:1", REPO, "v4.6.0", args=args)
    subject = Subject("gap", Path("/nowhere"), RunSpec("pytest", ".", ()), (), ())
    evidence = Evidence(NOTHING, NOTHING)
    written = Written(
        subject, evidence, files, OwnRules((one,)), match([one], []), VerifyOptions(), print
    )
    [result] = check(written)
    return result


def broken(hook: str, content: bytes, path: str = "a.txt", args: tuple[str, ...] = ()) -> list[int]:
    """The lines that break a hook."""
    return [item.line for item in judged(hook, WrittenFile(path, content), args=args).broken]


@pytest.mark.parametrize(
    ("content", "clean"),
    [
        (b"", True),
        (b"a\n", True),
        (b"a\r\n", True),
        (b"a\r", True),
        (b"a", False),
        (b"a\n\n", False),
        (b"a\r\n\r\n", False),
        (b"a\n\r", False),
        (b"\n", False),
        (b"\n\n\n", False),
    ],
)
def test_a_file_ends_with_one_newline(content: bytes, clean: bool) -> None:
    assert (broken("end-of-file-fixer", content) == []) is clean


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"a\nb\n", []),
        (b"a \nb\t\n c\n", [1, 2]),
        (b"a \r\nb\r\n", [1]),
        (b"a\n   ", [2]),
        (b"a\x0c\n", [1]),
        ("a\u00a0\n".encode(), []),
    ],
)
def test_white_space_at_the_end_of_a_line_is_found(content: bytes, lines: list[int]) -> None:
    assert broken("trailing-whitespace", content) == lines


@pytest.mark.parametrize(
    ("args", "lines"),
    [
        ((), [1, 2]),
        (("--markdown-linebreak-ext=md",), [2]),
        (("--markdown-linebreak-ext", "*"), [2]),
        (("--markdown-linebreak-ext=markdown",), [1, 2]),
        (("--chars= ", "--markdown-linebreak-ext=txt"), [1, 2]),
    ],
)
def test_a_line_break_of_markdown_may_stay(args: tuple[str, ...], lines: list[int]) -> None:
    assert broken("trailing-whitespace", b"one  \ntwo   \n", "a.md", args) == lines


@pytest.mark.parametrize(
    ("content", "args", "lines"),
    [
        (b"a: 1\n", (), []),
        (b"a: [\n", (), [2]),
        (b"a: 1\n---\nb: 2\n", (), [3]),
        (b"a: 1\n---\nb: 2\n", ("--allow-multiple-documents",), []),
        (b"a: 1\nb: 2\na: 3\n", (), [1]),
        (b"a: !odd 1\n", (), [1]),
        (b"a: !odd 1\n", ("--unsafe",), []),
        (b"a: &x {b: 1}\nc: {<<: *x}\n", (), []),
        (b"&a [*a]\n", (), []),
    ],
)
def test_a_file_is_yaml(content: bytes, args: tuple[str, ...], lines: list[int]) -> None:
    assert broken("check-yaml", content, "a.yml", args) == lines


def test_only_what_is_new_in_an_edited_file_counts() -> None:
    before = b"old \nsame\n"
    file = WrittenFile("a.txt", b"new \nold \nsame\n", before)
    assert [item.line for item in judged("trailing-whitespace", file).broken] == [1]
    assert judged("end-of-file-fixer", WrittenFile("a", b"b\na", b"a")).ruling is Ruling.PASSED


def test_an_unknown_argument_is_no_verdict() -> None:
    result = judged("trailing-whitespace", WrittenFile("a", b"a \n"), args=("--new-in-6",))
    assert (result.ruling, result.reason) == (
        Ruling.NOT_RUN,
        "its argument '--new-in-6' is not known here",
    )


def test_files_that_are_not_text_or_not_meant_are_left_alone() -> None:
    binary = WrittenFile("a.bin", b"\x00\x01 \n")
    assert judged("trailing-whitespace", binary).ruling is Ruling.NO_FILES
    assert judged("check-yaml", WrittenFile("a.txt", b"a: [")).ruling is Ruling.NO_FILES


def test_a_pattern_decides_which_files_a_hook_is_for() -> None:
    hook = Hook("x", "config:1", files=("^lib/", r"\.py$"), excludes=("made",))
    found = match([hook], ["lib/a.py", "lib/a.txt", "src/lib/a.py", "lib/made/a.py"])
    assert [path for path in ["lib/a.py", "lib/a.txt"] if found.fits(hook, path)] == ["lib/a.py"]
    assert not found.fits(hook, "src/lib/a.py") and not found.fits(hook, "lib/made/a.py")


@pytest.mark.slow
def test_a_pattern_that_is_broken_or_never_ends_is_named() -> None:
    good = Hook("good", "config:1", files=("^a",))
    bad = Hook("bad", "config:2", excludes=("(",))
    slow = replace(good, files=("(a+)+$",))
    found = match([bad, good, slow], ["a" * 60 + "!"])
    assert found.fault(good) == ""
    assert "is not valid" in found.fault(bad)
    assert found.fault(slow) == "its pattern '(a+)+$' takes over 5 s"
