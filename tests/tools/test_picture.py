"""The picture of the rooms is that of the imports."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import picture

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = ROOT / "src" / "scaffold"


def test_the_picture_in_the_document_is_that_of_the_imports() -> None:
    text = picture.PAGE.read_text("utf-8")
    assert picture.draw() in text, "make picture"


def test_every_room_is_in_the_picture() -> None:
    rooms = {place.stem for place in SOURCES.iterdir() if not place.name.startswith("_")}
    drawn = set(re.findall(r"[\w/]+", picture.draw()))
    assert rooms - drawn == set()
    assert {"languages/python", "languages/rust", "proof/pytest", "proof/cargo"} <= drawn


def test_an_arrow_that_a_longer_way_shows_is_left_out() -> None:
    arrows = {("a", "b"), ("b", "c"), ("a", "c"), ("a", "d")}
    assert picture.without_shown(arrows) == {("a", "b"), ("b", "c"), ("a", "d")}


def test_rooms_that_import_each_other_have_no_picture() -> None:
    with pytest.raises(ValueError, match="circle"):
        picture.heights({("a", "b"), ("b", "a")})
