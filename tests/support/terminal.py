"""The real command on a real pseudo-terminal."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
UP, DOWN, ENTER, SPACE, CTRL_C = "\x1b[A", "\x1b[B", "\r", " ", "\x03"


class Terminal:
    """A conversation with the command; what is seen is plain text."""

    def __init__(self, arguments: list[str], cwd: Path, rows: int) -> None:
        self.seen = ""
        self._child = pexpect.spawn(
            sys.executable,
            ["-m", "scaffold", *arguments],
            cwd=str(cwd),
            # Without the report of the cursor's place prompt_toolkit waits for none.
            env={**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "PAGER": "cat"},
            dimensions=(rows, 120),
            encoding="utf-8",
            timeout=60,
        )

    def until(self, text: str) -> str:
        """What is shown from where we are up to this text, the text included."""
        self._child.expect_exact(text)
        return self._see(self._child.before + text)

    def type(self, *keys: str) -> None:
        """Press keys."""
        for key in keys:
            self._child.send(key)

    def end(self) -> int:
        """The exit code, after everything that is still shown."""
        self._child.expect(pexpect.EOF)
        self._see(self._child.before)
        self.close()
        assert self._child.exitstatus is not None, self.seen
        return int(self._child.exitstatus)

    def close(self) -> None:
        """End the command where it still runs."""
        self._child.close(force=True)

    def _see(self, raw: str) -> str:
        text = ESCAPE.sub("", raw).replace("\r", "")
        self.seen += text
        return text


@contextmanager
def terminal(*arguments: str | Path, cwd: Path, rows: int = 200) -> Iterator[Terminal]:
    """The command on a terminal of so many rows, ended in any case."""
    opened = Terminal([*map(str, arguments)], cwd, rows)
    try:
        yield opened
    finally:
        opened.close()
