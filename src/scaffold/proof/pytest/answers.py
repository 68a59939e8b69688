"""A conversation through a named pipe: what else is printed disturbs nothing."""

from __future__ import annotations

import json
import os
import select
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scaffold.proof.pytest.env import Unfit
from scaffold.system.process import Conversation

WORKER = Path(__file__).with_name("worker") / "__main__.py"
"""The program that answers, in the checkout's interpreter."""
LOOK_EVERY_S = 0.05
PROBE_S = 60.0
"""How long an interpreter may take to start and look for what the tests import."""
Json = dict[str, Any]


def read_answer(line: str | None) -> Json:
    """What a line of the pipe holds; nothing where it is no JSON object."""
    try:
        found = json.loads(line) if line else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def is_probe(answer: Json) -> bool:
    """Whether the worker's own first answer stands there, and not what a wrapper wrote."""
    lists = (answer.get("lacks"), answer.get("unfit"))
    texts = (answer.get("python"), answer.get("pytest"))
    names = [name for found in lists if isinstance(found, list) for name in found]
    return all(isinstance(found, list) for found in lists) and all(
        isinstance(text, str) for text in (*texts, *names)
    )


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


def probed(talk: Conversation, timeout_s: float) -> tuple[Json, Unfit | None]:
    """What an interpreter tells of itself, and why it cannot run the tests; None where it can."""
    limit_s = min(PROBE_S, timeout_s)
    try:
        probe = read_answer(talk.receive(limit_s))
    except TimeoutError:
        return {}, Unfit(why=(f"does not answer within {limit_s:.0f} s",))
    if not is_probe(probe):
        return probe, Unfit(why=(f"does not start ({talk.ending})",))
    if not probe["lacks"] and not probe["unfit"]:
        return probe, None
    return probe, Unfit(tuple(probe["lacks"]), tuple(probe["unfit"]))
