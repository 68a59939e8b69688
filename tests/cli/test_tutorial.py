"""docs/tutorial.md: its files are written and its commands are run, from top to bottom."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from support.command import scaffold
from support.documents import ROOT

STEP = re.compile(r"^(?:`([\w./-]+)`[^`\n]*:\n)?```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_tutorial_leads_from_nothing_to_a_proved_row(tmp_path: Path) -> None:
    printed: dict[str, str] = {}
    for path, language, text in STEP.findall((ROOT / "docs" / "tutorial.md").read_text("utf-8")):
        if language != "console":
            assert path, f"a block of {language} without the name of its file"
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text, "utf-8")
            continue
        for line in text.splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            python = ("--python", sys.executable) if words[1] == "verify" else ()
            ran = scaffold(*words[1:], *python, cwd=tmp_path)
            assert ran.code == 0, (line, ran.out, ran.err)
            printed[words[1]] = ran.out
    assert "greet: proved (4 tests: 3 passed, 1 known defect" in printed["verify"]
    assert "100 % of its lines" in printed["verify"]
    assert "test_farewell_names_the_friend" in printed["show"]
    assert "taken back" in printed["undo"]
    assert not (tmp_path / "app" / "tests").exists()
