"""Parts of a document that a command makes: each stands between two comments with its name."""

from __future__ import annotations

import re
import sys
from pathlib import Path


def with_part(text: str, name: str, content: str) -> str:
    """The document with what stands between `<!-- NAME: … -->` and `<!-- end of NAME -->` new."""
    part = re.compile(rf"(<!-- {name}: [^\n]*-->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    return part.sub(lambda found: f"{found[1]}{content}\n{found[2]}", text)


def write_or_compare(page: Path, text: str, old: str) -> int:
    """Write the page; with `--check` print `old` and give 1 where another text is there."""
    if "--check" not in sys.argv:
        page.write_text(text, "utf-8")
        return 0
    differs = page.read_text("utf-8") != text
    if differs:
        print(old)
    return int(differs)
