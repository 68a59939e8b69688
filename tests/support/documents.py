"""The commands that a document shows."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def shown_commands(page: str, *, section: str = "") -> list[list[str]]:
    """Every line after `$ ` in the console blocks of a page, or of one section of it, as words."""
    text = (ROOT / page).read_text("utf-8")
    if section:
        _, heading, text = text.partition(f"\n## {section}\n")
        assert heading, f"{page} has no section '{section}'"
        text = text.partition("\n## ")[0]
    lines = "\n".join(BLOCK.findall(text)).replace("\\\n", " ").splitlines()
    return [shlex.split(line[2:], comments=True) for line in lines if line.startswith("$ ")]


def scaffold_commands(
    page: str, changes: Mapping[str, str], *, section: str = ""
) -> list[list[str]]:
    """The words after `scaffold` of each such command, with some texts in them replaced."""
    found = []
    for command in shown_commands(page, section=section):
        if command[0] == "scaffold":
            words = command[1 : command.index(">")] if ">" in command else command[1:]
            for old, new in changes.items():
                words = [word.replace(old, new) for word in words]
            found.append(words)
    return found
