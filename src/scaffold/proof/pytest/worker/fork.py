"""One mutant in a fork, which may end as it likes; used by `warm.py` and `hot.py`."""

from __future__ import annotations

import importlib
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Callable
from typing import Any, NoReturn

from . import copied
from .channel import Json

MEMORY_BYTES = 4 << 30
SPAN = 1 << 16
STOP_S = 0.5
started = {"group": 0, "hot": 0}  # what has to end when this process is asked to end


def stop(number: int, frame: Any) -> NoReturn:
    """End with everything that was started."""
    if started["group"]:
        kill_group(started["group"])
    if started["hot"]:
        os.kill(started["hot"], signal.SIGTERM)
        # It ends the group of its own job first; our end would be the signal to kill it at once.
        until = time.monotonic() + STOP_S
        while time.monotonic() < until and not os.waitpid(started["hot"], os.WNOHANG)[0]:
            time.sleep(0.01)
    os._exit(1)


def kill_group(group: int) -> None:
    """End a group that may be gone already."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def run_forked(work: Callable[[], Json], job: Json) -> Json:
    """What `work` returned in a child with the job's limits; its whole group is gone after it."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        run_child(work, read, write, job)
    os.close(write)
    started["group"] = pid
    began = time.monotonic()
    data = read_line(read, began + job["wall_s"])
    kill_group(pid)
    _, status = os.waitpid(pid, 0)
    started["group"] = 0
    os.close(read)
    shutil.rmtree(job["temp"], ignore_errors=True)
    seconds = time.monotonic() - began
    if data.endswith(b"\n"):
        return {**json.loads(data), "seconds": seconds}
    # Without an answer the mutant ran out of time or brought the interpreter down.
    out_of_cpu = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU
    late = out_of_cpu or seconds >= job["wall_s"]
    return {"verdict": "timeout" if late else "killed", "by": "", "seconds": seconds}


def read_line(pipe: int, deadline: float) -> bytes:
    """What comes through the pipe up to a line's end, its closing or the deadline."""
    data = b""
    while not data.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            return data
        chunk = os.read(pipe, SPAN)
        if not chunk:
            return data
        data += chunk
    return data


def run_child(work: Callable[[], Json], read: int, write: int, job: Json) -> NoReturn:
    """The forked side: limits, then the work, then out without any clean-up."""
    try:
        os.setpgid(0, 0)
        os.close(read)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        started.update(group=0, hot=0)
        limit(job["cpu_s"])
        use_temp(job["temp"])
        os.write(write, json.dumps(work()).encode() + b"\n")
    except BaseException as error:  # a mutant may raise anything, SystemExit included
        reason = {"verdict": "killed", "by": "", "crash": repr(error)[:200]}
        os.write(write, json.dumps(reason).encode() + b"\n")
    finally:
        os._exit(0)


def limit(cpu_s: float) -> None:
    """A mutant that never ends or eats the memory ends itself."""
    import resource

    seconds = max(1, int(cpu_s + 0.999))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    try:
        with open("/proc/self/statm", encoding="ascii") as handle:
            size = int(handle.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY_BYTES, resource.RLIM_INFINITY))
    except (OSError, ValueError):
        return  # no /proc, or a lower limit is set: then we set none


def use_temp(temp: str) -> None:
    """Every job has its own folder for temporary files."""
    import tempfile

    os.makedirs(temp)
    os.environ["TMPDIR"] = os.environ["PYTEST_DEBUG_TEMPROOT"] = temp
    tempfile.tempdir = None


def look_around(job: Json) -> Json:
    """For the unbroken tree: which modules did not come from the copy."""
    return {"elsewhere": copied.elsewhere(job)} if "targets" in job else {}


class Mutated:
    """The file of a job holds the mutant inside the `with` block."""

    def __init__(self, job: Json) -> None:
        """Remember the file."""
        self.path = job["path"]
        self.source = job["source"].encode(job["encoding"])
        self.before = b""

    def __enter__(self) -> None:
        """Write the mutant."""
        with open(self.path, "rb") as handle:
            self.before = handle.read()
        self.write(self.source)

    def __exit__(self, *exc_info: object) -> None:
        """Put the file back."""
        self.write(self.before)

    def write(self, content: bytes) -> None:
        """Exchange the file as a whole."""
        with open(self.path + ".scaffold", "wb") as handle:
            handle.write(content)
        os.chmod(self.path + ".scaffold", os.stat(self.path).st_mode & 0o777)
        os.replace(self.path + ".scaffold", self.path)
        importlib.invalidate_caches()
