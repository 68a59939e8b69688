"""A fault of our own: its log, of which the last few are kept."""

from __future__ import annotations

import os
import textwrap
import traceback
from collections.abc import Sequence
from pathlib import Path

from scaffold import __version__
from scaffold.system.caching import cache_dir
from scaffold.system.invocation import AGAIN, quoted

KEPT = 5
MOST_SAID = 500


def report(argv: Sequence[str], error: Exception) -> tuple[str, str]:
    """The fact and the hint of a fault, with its traceback in a log."""
    import platform

    said = textwrap.shorten(str(error), MOST_SAID, placeholder=" …")
    fact = f"a fault of scaffold itself: {type(error).__name__}: {said}"
    text = (
        f"scaffold {__version__}, Python {platform.python_version()}\n"
        f"scaffold {' '.join(argv)}\n\n{''.join(traceback.format_exception(error))}"
    )
    log = _keep(text)
    if log is None:
        return f"{fact} ({_last_place(error)}); report it with this line", AGAIN
    return fact, f"cat {quoted(str(log))}"


def _keep(text: str) -> Path | None:
    """The log; None where the cache cannot be written."""
    try:
        folder = cache_dir("faults")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        numbers = sorted(int(place.stem) for place in folder.glob("[0-9]*.log"))
        log = folder / f"{max(numbers, default=0) + 1:04}.log"
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text)
        for number in numbers[: -(KEPT - 1)]:
            (folder / f"{number:04}.log").unlink(missing_ok=True)
    except (OSError, ValueError, RuntimeError):
        return None
    return log


def _last_place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "no place"
