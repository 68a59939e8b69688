"""The process groups that this run started, and their end, whatever ends the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from scaffold.system import interruption, keeper, scratch

GRACE_S = 1.0
SHORT_S = 0.3
"""How long a program may take to end when it is asked, and when the whole run ends."""

_running: dict[int, subprocess.Popen[Any]] = {}
_ending = threading.Event()
_keepers: list[subprocess.Popen[str]] = []
_starting = threading.Lock()


def environment(env: Mapping[str, str] | None) -> dict[str, str]:
    """The environment of a program (ours by default), with the mark of this run.

    Raises:
        Interrupted: The run was asked to end: nothing is started any more.
    """
    if _ending.is_set():
        raise interruption.Interrupted
    interruption.check()
    marked = {**(os.environ if env is None else env)}
    if name := scratch.name():
        marked[keeper.MARK] = name
    return marked


def ending() -> bool:
    """Whether the run was asked to end."""
    return _ending.is_set()


def add(process: subprocess.Popen[Any]) -> None:
    """Remember a program that was started in its own process group."""
    _running[process.pid] = process
    _tell_keeper(f"+{process.pid}")
    if _ending.is_set():  # asked to end meanwhile, by another thread
        _signal_group(process, getattr(signal, "SIGKILL", signal.SIGTERM))


def forget(process: subprocess.Popen[Any]) -> None:
    """Its end was waited for."""
    if _running.pop(process.pid, None) is not None:
        _tell_keeper(f"-{process.pid}")


def end_all() -> None:
    """Ask every program that runs to end, and force it after a moment; does not wait.

    No other is started until `finish`. Called by the handler of a signal.
    """
    _ending.set()
    for process in list(_running.values()):
        _signal_group(process, signal.SIGTERM)
    timer = threading.Timer(SHORT_S, _force_all)
    timer.daemon = True
    timer.start()


def finish() -> None:
    """End what still runs at the end of a run, in other sessions too."""
    if _running or _ending.is_set():
        _force_all()
    elif _keepers:
        keeper.end_marked(scratch.name(), GRACE_S)
    _running.clear()
    _ending.clear()
    while _keepers:
        _tell_keeper("end")
        last = _keepers.pop()
        if last.stdin is not None:
            with suppress(OSError):
                last.stdin.close()
        last.wait()


def _force_all() -> None:
    for process in list(_running.values()):
        _signal_group(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    if scratch.name():
        keeper.end_marked(scratch.name())


def start_keeper() -> None:
    """Somebody who ends all of it should this process be killed; one for each run."""
    # A second one would drop the first, which takes the end of its pipe for the end of the run.
    with _starting:
        if not _keepers or _keepers[0].poll() is not None:
            _keepers[:] = [_new_keeper()]


def _new_keeper() -> subprocess.Popen[str]:
    scratch.drop(scratch.make("run"))
    script = str(Path(keeper.__file__).resolve())
    folders = [str(place) for place in scratch.own_folders()]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", script, scratch.name(), *folders],
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        start_new_session=True,
    )


def _tell_keeper(line: str) -> None:
    for one in _keepers:
        assert one.stdin is not None
        with suppress(OSError, ValueError):
            one.stdin.write(line + "\n")
            one.stdin.flush()


def stop_group(process: subprocess.Popen[Any]) -> None:
    """End the whole process group of a child: asked first, forced after a moment."""
    _signal_group(process, signal.SIGTERM)
    try:
        process.wait(timeout=SHORT_S if _ending.is_set() else GRACE_S)
    except subprocess.TimeoutExpired:
        pass
    _signal_group(process, getattr(signal, "SIGKILL", signal.SIGTERM))


def tidy(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout_s: float) -> None:
    """Run a program that puts something in order, also where this run was asked to end.

    Args:
        argv: Program and arguments.
        cwd: The folder it runs in.
        env: The whole environment.
        timeout_s: After this many seconds it is killed.
    """
    with interruption.held(), suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            list(argv),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            start_new_session=True,
        )


def end_politely(process: subprocess.Popen[Any]) -> None:
    """End a program that has to clean up first: its files, the settings of the terminal."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=3 * GRACE_S)
    process.kill()
    process.wait()


def _signal_group(process: subprocess.Popen[Any], number: int) -> None:
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        else:
            process.kill()
    except (ProcessLookupError, PermissionError):
        pass


def signal_name(number: int) -> str:
    """A signal as a person knows it, such as SIGABRT; a real-time signal has only its number."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
