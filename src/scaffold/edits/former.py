"""The line that earlier versions put on top of what they wrote; nothing writes it any more."""

from __future__ import annotations

import re

_LINE = re.compile(
    rb"^(?:#|//) (?:Generated|Moved here) by scaffold [^\r\n]*"
    rb"Edit freely: updates keep what you change\.(?:\r?\n|\Z)",
    re.MULTILINE,
)
_BLANK = re.compile(rb"\r?\n")


def without_header(content: bytes) -> bytes:
    """A file without that line, and without the blank line below it at the top."""
    found = _LINE.search(content)
    if found is None:
        return content
    below = _BLANK.match(content, found.end()) if found.start() == 0 else None
    return content[: found.start()] + content[below.end() if below else found.end() :]
