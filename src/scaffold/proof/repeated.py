"""A step that is silent for long: its last line comes again, with the seconds since."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from scaffold.proof.runner import Progress

EVERY_S = 30.0


@contextmanager
def repeated(progress: Progress, every_s: float = EVERY_S) -> Iterator[Progress]:
    """A progress that repeats its last line while nothing else comes.

    Args:
        progress: Where the lines go.
        every_s: How long nothing has come when the last line is repeated.
    """
    ended, lock = threading.Event(), threading.Lock()
    last, said, told = "", time.monotonic(), time.monotonic()

    def say(line: str) -> None:
        nonlocal last, said, told
        with lock:
            last, said = line, time.monotonic()
            told = said
            progress(line)

    def repeat() -> None:
        nonlocal told
        while not ended.wait(min(1.0, every_s)):
            with lock:
                now = time.monotonic()
                if last and now - told >= every_s and not ended.is_set():
                    told = now
                    progress(f"{last}: {now - said:.0f} s so far")

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield say
    finally:
        ended.set()
        thread.join()
