"""A template is rendered in a child process that may use so much time, memory and room, no more."""

from __future__ import annotations

import contextlib
import os
import pickle
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scaffold.system.reading import MOST_BYTES, walk

CPU_S = 20
"""Processor time of one rendering; real ones take a tenth of a second."""
WALL_S = 120.0
MEMORY_BYTES = 1 << 30
"""What it may take beside what this process has already."""
ALL_BYTES = 64 << 20
"""All that one gap may render."""
LOOK_S = 0.25


class OverLimitError(Exception):
    """The work was stopped; the text names the limit."""


def bounded(work: Callable[[], Any], room: Path) -> Any:
    """What the work returns, done in a child process under limits.

    Args:
        work: What is done; its result, or the exception that it raises, is pickled.
        room: The folder that it writes into; its size is limited.

    Raises:
        OverLimitError: It took too long, or too much memory or room.
        Exception: Whatever the work raised.
    """
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        _work_in_child(work, reader, writer)
    os.close(writer)
    try:
        answer = _answer(reader, room)
        status = os.waitpid(child, 0)[1]
        child = 0
    finally:
        os.close(reader)
        if child:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    if not answer:
        raise OverLimitError(_ending(status))
    good, value = pickle.loads(answer)
    if not good:
        raise value
    return value


def _work_in_child(work: Callable[[], Any], reader: int, writer: int) -> None:
    # Nothing of the parent's may run here: no handler, no exit hook, no buffered output.
    try:
        os.close(reader)
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_DFL)
        _limit()
        try:
            answer = pickle.dumps((True, work()))
        except MemoryError:
            answer = pickle.dumps((False, OverLimitError(_MEMORY)))
        except Exception as error:
            answer = pickle.dumps((False, _portable(error)))
        with os.fdopen(writer, "wb") as stream:
            stream.write(answer)
    finally:
        os._exit(0)


def _limit() -> None:
    _lower(resource.RLIMIT_CPU, CPU_S)
    _lower(resource.RLIMIT_CORE, 0)
    with contextlib.suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        _lower(resource.RLIMIT_AS, pages * resource.getpagesize() + MEMORY_BYTES)


def _lower(limit: int, wanted: int) -> None:
    hard = resource.getrlimit(limit)[1]
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(limit, (most, most))


def _portable(error: Exception) -> Exception:
    """The error itself where it can be sent, else one with its words."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(str(error) or type(error).__name__)
    return error


def _answer(reader: int, room: Path) -> bytes:
    """All that the child sends; empty where it ended without a word.

    Raises:
        OverLimitError: It wrote too much, or takes too long by the clock.
    """
    received = bytearray()
    end = time.monotonic() + WALL_S
    while True:
        if select.select([reader], [], [], LOOK_S)[0]:
            chunk = os.read(reader, 1 << 16)
            if not chunk:
                break
            received += chunk
        elif time.monotonic() > end:
            raise OverLimitError(f"it takes longer than {WALL_S:.0f} s")
        else:
            check_size(room)
    check_size(room)
    return bytes(received)


def check_size(room: Path) -> None:
    """Whether what was rendered is within its limits.

    Raises:
        OverLimitError: A file, or all together, is too large.
    """
    total = 0
    with contextlib.suppress(FileNotFoundError):
        for place in walk(room):
            size = place.lstat().st_size
            total += size
            if size > MOST_BYTES:
                name = place.relative_to(room).as_posix()
                raise OverLimitError(f"{name} is larger than {MOST_BYTES >> 20} MiB")
    if total > ALL_BYTES:
        raise OverLimitError(f"all its files are larger than {ALL_BYTES >> 20} MiB")


_MEMORY = f"it takes more than {MEMORY_BYTES >> 20} MiB of memory"


def _ending(status: int) -> str:
    from scaffold.system.groups import signal_name

    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if number in (signal.SIGXCPU, signal.SIGKILL):
        return f"it takes more than {CPU_S} s"
    return f"it ended with {signal_name(number)}" if number else "it ended without a result"
