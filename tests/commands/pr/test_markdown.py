"""Text of anybody's in the Markdown of a pull request."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from scaffold.commands.pr.markdown import code, plain
from scaffold.system.output import visible

TABLES = MarkdownIt("commonmark").enable("table").enable("strikethrough")


def inner(markdown: str) -> list[tuple[str, str]]:
    """What a line of Markdown is made of, as GitHub reads it in a cell of a table."""
    tokens = TABLES.parse(f"| a | b |\n|---|---|\n| {markdown} | end |")
    cells = [one for one in tokens if one.type == "inline"]
    assert [one.content for one in cells[:2]] == ["a", "b"]
    assert len(cells) == 4 and cells[3].content == "end"
    return [(one.type, one.content) for one in cells[2].children or []]


@pytest.mark.slow
@given(st.text(min_size=1))
@example("a|b")
@example("__0__")
@example("**bold** [link](x) <b> &amp; ~~no~~ _so_ ![x](y)")
@example("@somebody, #12, a\\|b")
@example("`code` and ``more` of it")
def test_no_mark_of_a_text_is_heeded_but_code(text: str) -> None:
    found = inner(plain(text))
    assert {kind for kind, _ in found} <= {"text", "code_inline", "html_inline", "text_special"}
    assert {content for kind, content in found if kind == "html_inline"} <= {"<!-- -->"}
    shown = "".join(content for kind, content in found if kind != "html_inline")
    assert re.sub(r"[`\s]", "", shown) == re.sub(r"[`\s]", "", visible(text))


@given(st.text(alphabet="@#abc1 .", min_size=1))
def test_nobody_is_notified_and_no_issue_is_linked(text: str) -> None:
    assert not re.search(r"[@#]\w", plain(text))


@pytest.mark.slow
@given(st.text(min_size=1))
@example("`")
@example("``a`")
@example("a|b")
@example("__0__")
@example(" ")
def test_code_is_shown_as_it_is(text: str) -> None:
    found = inner(code(text))
    assert [kind for kind, _ in found] == ["code_inline"]
    assert found[0][1].strip() == visible(text).strip()


@pytest.mark.parametrize("text", ["- a", "+ a", "# a", "> a", "1. a", "12) a", "= a"])
def test_the_first_word_makes_no_block(text: str) -> None:
    tokens = TABLES.parse(plain(text))
    assert [one.type for one in tokens] == ["paragraph_open", "inline", "paragraph_close"]
