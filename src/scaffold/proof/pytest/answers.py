"""A conversation through a named pipe: what else is printed disturbs nothing."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from scaffold.process import Conversation

LOOK_EVERY_S = 0.05


class PipedConversation(Conversation):
    """A program that answers through the named pipe that is its last argument.

    Not through stdout, where an interpreter, a wrapper or a test may print, and not through an
    inherited descriptor, which a wrapper may close.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        log: Path,
        answers: Path,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Make the pipe and start the program; what it prints goes to the log.

        Raises:
            MissingToolError: The program is not there.
        """
        os.mkfifo(answers, 0o600)
        self._answers = os.open(answers, os.O_RDONLY | os.O_NONBLOCK)
        super().__init__([*argv, str(answers)], cwd=cwd, log=log, env=env, to_log=True)

    def _read(self) -> None:
        """Lines from the pipe, which is at its end when the program is."""
        with os.fdopen(self._answers, "rb", buffering=0) as pipe:
            rest = b""
            while True:
                ended = self._process.poll() is not None
                select.select([pipe], [], [], LOOK_EVERY_S)
                chunk = pipe.read(1 << 16)  # None: nothing yet; empty: nobody writes
                if chunk:
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        self._lines.put(line.decode("utf-8", "replace"))
                elif ended:
                    break
                elif chunk is not None:
                    time.sleep(LOOK_EVERY_S / 10)
        self._lines.put(None)
