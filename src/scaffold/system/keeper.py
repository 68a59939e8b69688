"""Ends what a run started, should the run itself be killed; a script, and the search that it uses.

It reads lines on stdin: `+GROUP` and `-GROUP` for each process group that starts and ends, `end`
where the run ends by itself. If stdin ends without that, the run was killed: its groups and every
process with its mark in the environment are killed, and its temporary folder is removed.
"""

from __future__ import annotations

import os
import signal
import sys
import time

MARK = "SCAFFOLD_RUN"
ROUNDS = 5


def end_marked(name: str, grace_s: float = 0.0) -> None:
    """Kill every process of that run, in other sessions too (Linux).

    Those that clean up behind the tests, as the shell that removes a server does, may end by
    themselves before, within that many seconds.
    """
    mark = f"{MARK}={name}".encode()
    end_of_grace = time.monotonic() + grace_s
    rounds = 0
    while rounds < ROUNDS:
        found = [pid for pid in _pids() if mark in _environment(pid)]
        if not found:
            return
        if time.monotonic() >= end_of_grace:
            rounds += 1
            for pid in found:
                end(pid)
        time.sleep(0.02)


def end(pid: int, *, group: bool = False) -> None:
    """Kill a process or a group that may be gone already."""
    try:
        if group:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def remove(folder: str) -> bool:
    """Whether the folder is gone, read-only ones below it included; no link is followed."""
    # It costs a quick command more than the rest of this module.
    import shutil

    for _ in range(3):
        shutil.rmtree(folder, onerror=_make_writable)
        if not os.path.lexists(folder):
            return True
        time.sleep(0.05)
    return False


def _make_writable(function: object, path: str, info: object) -> None:
    try:
        os.chmod(os.path.dirname(path), 0o700)
        if os.path.isdir(path) and not os.path.islink(path):
            os.chmod(path, 0o700)
        else:
            os.unlink(path)
    except OSError:
        pass


def _pids() -> list[int]:
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    return [int(name) for name in names if name.isdigit() and int(name) != os.getpid()]


def _environment(pid: int) -> list[bytes]:
    try:
        if os.stat(f"/proc/{pid}").st_uid != os.geteuid():
            return []
        with open(f"/proc/{pid}/environ", "rb") as stream:
            return stream.read().split(b"\0")
    except OSError:
        return []


def keep(name: str, folders: list[str]) -> None:
    """Wait for the end of the run, and clean up after one that was killed."""
    groups: set[int] = set()
    for line in sys.stdin:
        word = line.strip()
        if word == "end":
            return
        if word[:1] == "+":
            groups.add(int(word))
        else:
            groups.discard(-int(word))
    for group in groups:
        end(group, group=True)
    end_marked(name)
    for folder in folders:
        remove(folder)


if __name__ == "__main__":
    keep(sys.argv[1], sys.argv[2:])
