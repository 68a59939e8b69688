"""What other processes do: whether one runs, and a wait for something that comes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable


def is_running(pid: int) -> bool:
    """Whether a process is there and has not ended; one that nobody waited for has."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return bool(done.stdout.strip()) and not done.stdout.startswith("Z")


def until(condition: Callable[[], object], seconds: float = 120) -> None:
    """Return once the condition holds, and fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)
