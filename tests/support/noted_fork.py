"""Work in a fork, whose output goes into a file."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

TIME_LIMIT_S = 60


def child(work: Callable[[], int], note: Path) -> int:
    """The exit code of work in a fork (negative: the signal); what it printed goes to the note."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(TIME_LIMIT_S)
        code = 99
        with note.open("a", encoding="utf-8") as said:
            try:
                with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                    code = work()
            finally:
                said.flush()
                os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
