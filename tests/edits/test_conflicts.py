"""Markers of a conflict: each side can be had back whole."""

import re

from hypothesis import given
from hypothesis import strategies as st

from scaffold.edits.conflicts import marked_lines, with_markers

LINES = st.lists(st.sampled_from([b"a\n", b"b\n", b"\n", b"c\n"]), max_size=8)
MARKS = re.compile(rb"<<<<<<< yours\n(.*?)=======\n(.*?)>>>>>>> template\n", re.S)
TEXT = LINES.map(b"".join)


@given(TEXT, TEXT)
def test_either_side_of_the_markers_is_a_whole_text(yours: bytes, template: bytes) -> None:
    text = with_markers(yours, template)
    assert MARKS.sub(rb"\1", text) == yours
    assert MARKS.sub(rb"\2", text) == template
    assert len(marked_lines(text)) == len(MARKS.findall(text))


def test_a_missing_line_end_is_added_before_a_marker() -> None:
    assert with_markers(b"a", b"b") == b"<<<<<<< yours\na\n=======\nb\n>>>>>>> template\n"


def test_markers_have_the_line_ends_of_the_file() -> None:
    text = with_markers(b"a\r\n", b"b\r\n")
    assert text == b"<<<<<<< yours\r\na\r\n=======\r\nb\r\n>>>>>>> template\r\n"
    assert marked_lines(b"x\r\n" + text) == [2]


def test_markers_of_git_or_in_the_middle_of_a_line_are_not_ours() -> None:
    assert marked_lines(b"<<<<<<< HEAD\nx = '<<<<<<< yours'\n") == []
