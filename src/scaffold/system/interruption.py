"""SIGINT, SIGTERM and SIGHUP: one way out of a run, and moments in which they wait."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
AGAIN_S = 3.0


class Interrupted(KeyboardInterrupt):
    """A signal asked the run to end."""


class _State:
    number: int = 0
    since: float = 0.0
    waiting: int = 0


_state = _State()


def exit_code() -> int:
    """What the run ends with: 128 and the number of the signal; 130 for a typed Ctrl-C."""
    return 128 + (_state.number or _state.waiting or signal.SIGINT)


def is_wanted() -> bool:
    """Whether the run was asked to end."""
    return bool(_state.number or _state.waiting)


def check() -> None:
    """A place where a long step can end; also in threads, which no signal reaches.

    Raises:
        Interrupted: The run was asked to end.
    """
    if is_wanted():
        raise Interrupted


@contextlib.contextmanager
def caught(stop: Callable[[], None]) -> Iterator[None]:
    """Each of the signals calls `stop` and raises `Interrupted` in the main thread.

    What is ignored stays so (`nohup`, a shell's background job). Repeated signals do not break the
    clean-up; after some seconds one counts again, in case the first was lost in a callback.
    """
    global _state
    _state = _State()

    def handle(number: int, frame: Any) -> None:
        now = time.monotonic()
        if _state.number and now - _state.since < AGAIN_S:
            return
        _state.number, _state.since = _state.number or number, now
        stop()
        raise Interrupted

    # A run that was asked to end keeps its exit code, whatever comes in its last moment.
    with _handled(handle, last=lambda: bool(_state.number)):
        yield


@contextlib.contextmanager
def held(wake: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Come to the end first: it takes moments, and half of it helps nobody.

    A signal is kept until the next `check`, at the latest where the next program would start.
    What waits for longer is woken by `wake`, and ends by itself.
    """

    def wait(number: int, frame: Any) -> None:
        _state.waiting = number
        wake()

    with _handled(wait):
        yield


@contextlib.contextmanager
def _handled(
    handle: Callable[[int, Any], None], last: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {}
    try:
        for name in NAMES:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, handle)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if last() else handler)
