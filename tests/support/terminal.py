"""The real command on a real pseudo-terminal."""

from __future__ import annotations

import os
import re
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
UP, DOWN, ENTER, SPACE, CTRL_C = "\x1b[A", "\x1b[B", "\r", " ", "\x03"


def _heed_signals() -> None:
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Terminal:
    """A conversation with the command; what is seen is plain text, and `raw` has its colours."""

    def __init__(self, arguments: list[str], cwd: Path, rows: int, pager: str) -> None:
        self.seen = self.raw = ""
        self._child = pexpect.spawn(
            sys.executable,
            ["-m", "scaffold", *arguments],
            cwd=str(cwd),
            # Without the report of the cursor's place prompt_toolkit waits for none.
            env={**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "PAGER": pager},
            dimensions=(rows, 120),
            encoding="utf-8",
            timeout=60,
            # A shell lets what it starts in the background ignore Ctrl-C, `nohup` also SIGHUP.
            preexec_fn=_heed_signals,
        )
        self.settings_at_start = self.settings_at_end = self.settings()

    def until(self, text: str) -> str:
        """What is shown from where we are up to this text, the text included."""
        self._child.expect_exact(text)
        return self._see(self._child.before + text)

    def type(self, *keys: str) -> None:
        """Press keys."""
        for key in keys:
            self._child.send(key)

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the command alone, as `kill` does."""
        self._child.kill(number)

    def settings(self) -> list[Any]:
        """The settings of the terminal, as `stty -a` shows them."""
        return termios.tcgetattr(self._child.child_fd)

    def end(self) -> int:
        """The exit code, after everything that is still shown."""
        self._child.expect(pexpect.EOF)
        self._see(self._child.before)
        self.settings_at_end = self.settings()
        self.close()
        assert self._child.exitstatus is not None, self.seen
        return int(self._child.exitstatus)

    def close(self) -> None:
        """End the command where it still runs."""
        self._child.close(force=True)

    def _see(self, raw: str) -> str:
        self.raw += raw
        text = ESCAPE.sub("", raw).replace("\r", "")
        self.seen += text
        return text


@contextmanager
def terminal(
    *arguments: str | Path, cwd: Path, rows: int = 200, pager: str = "cat"
) -> Iterator[Terminal]:
    """The command on a terminal of so many rows, ended in any case."""
    opened = Terminal([*map(str, arguments)], cwd, rows, pager)
    try:
        yield opened
    finally:
        opened.close()
