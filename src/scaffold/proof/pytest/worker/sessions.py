"""Sessions in forks that may end as they like; loaded by `start.py`.

A test or a test file may end the process, the session, or never end. It is then red, and the
session is run again without it, so that all others have the result that they would have had.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
import traceback
from typing import Any, NoReturn, TextIO

from . import record, settings
from .channel import Json, answer, leave

# Each one that ends the process costs a run of all others.
ATTEMPTS = 12
LOOK_EVERY_S = 0.005
GRACE_S = 5.0
USAGE_ERROR = 4
running: set[int] = set()


def serve(request: Json, out: TextIO) -> None:
    """Run each session and send what it found, in the order asked for."""
    sessions = request["sessions"]
    parent = detach_stdin()
    signal.signal(signal.SIGTERM, stop)
    if len(sessions) > 1:
        record.preload(request["preload"], request["tree"])
    tries = [Attempts(session, request, n) for n, session in enumerate(sessions)]
    run_all(tries, len(tries) if request["parallel"] else 1, parent)
    for one in tries:
        answer(out, one.reply or {})


def run_all(tries: list[Attempts], at_once: int, parent: int) -> None:
    """Run attempts until each session has its result."""
    waiting = list(tries)
    begun: dict[int, Attempts] = {}
    while waiting or begun:
        while waiting and len(begun) < at_once:
            one = waiting.pop(0)
            begun[one.start()] = one
        for pid, one in list(begun.items()):
            if one.has_ended(pid):
                del begun[pid]
                waiting[:0] = [] if one.reply else [one]
        if begun and select.select([parent], [], [], LOOK_EVERY_S)[0]:
            stop()  # who asked is gone


def detach_stdin() -> int:
    """A descriptor of our own for stdin, which is at its end when who asked is gone."""
    kept = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    return kept


def stop(*_: Any) -> NoReturn:
    """End with every session."""
    for pid in running:
        kill_group(pid)
    os._exit(1)


def kill_group(pid: int) -> None:
    """End what a session left running."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


class Attempts:
    """One session, run until it comes to its end without what ends it early."""

    def __init__(self, session: Json, request: Json, number: int) -> None:
        """Nothing has run."""
        self.session = dict(session)
        self.limit_s = request["limit_s"]
        self.place = os.path.join(request["private"], f"session{number}")
        self.red: list[Json] = []
        self.reply: Json | None = None
        self.plain = False
        self.count = 0
        self.began = self.replied = 0.0

    def start(self) -> int:
        """Begin the next attempt; its process."""
        self.count += 1
        self.began, self.replied = time.monotonic(), 0.0
        for name in (self.place, self.place + ".now"):
            if os.path.exists(name):
                os.unlink(name)
        pid = os.fork()
        if pid == 0:
            self.run()
        running.add(pid)
        return pid

    def run(self) -> NoReturn:
        """The session, in the child; its result is a file, since a test may close everything."""
        code = 1
        try:
            os.setpgid(0, 0)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            if self.plain:
                settings.honoured[:] = []
            try:
                reply = record.run_session({**self.session, "now": self.place + ".now"})
            except (OSError, MemoryError, RecursionError):
                raise  # a limit that a test or a plugin set
            except Exception:  # a fault of ours: pytest keeps those of tests and plugins
                reply = {"exit": None, "tests": [], "fault": traceback.format_exc()}
            with open(self.place + ".part", "w", encoding="utf-8") as handle:
                handle.write(json.dumps(reply))
            os.replace(self.place + ".part", self.place)
            code = 0
        except Exception:
            sys.excepthook(*sys.exc_info())
        finally:
            leave(code)

    def has_ended(self, pid: int) -> bool:
        """Whether the attempt is over; then `reply` is the result, or there is to be another."""
        found, status = os.waitpid(pid, os.WNOHANG)
        now = time.monotonic()
        late = now - self.began > self.limit_s
        if not found:
            if not self.replied and os.path.exists(self.place):
                self.replied = now
            # What hangs after its result is of no interest.
            if not late and not (self.replied and now - self.replied > GRACE_S):
                return False
            kill_group(pid)
            _, status = os.waitpid(pid, 0)
        kill_group(pid)
        running.discard(pid)
        self.judge(describe(status) if not late else f"did not end within {self.limit_s:.0f} s")
        return True

    def judge(self, how: str) -> None:
        """Take the result, or leave out what ended the process."""
        reply = read_json(self.place)
        if reply is None:
            now = read_json(self.place + ".now") or {}
            reply = {"exit": None, "tests": [], "seconds": 0.0, "culprit": {**now, "why": how}}
        culprit = reply.pop("culprit", None)
        if culprit is None:
            self.finish(reply)
        elif reply["exit"] == USAGE_ERROR and settings.honoured and not self.plain:
            self.plain = True  # an option of the project's that nobody knows here
        elif not culprit.get("id"):
            self.leave_out_alone(culprit)
        else:
            self.leave_out(culprit)
        if self.reply is None and self.count >= ATTEMPTS:
            why = f"was given up after {ATTEMPTS} runs that something ended"
            for suite in self.suites():
                self.leave_out({"id": suite, "file": suite, "why": why})

    def suites(self) -> list[str]:
        """What is still to be collected."""
        return [arg for arg in self.session["args"] if not arg.startswith("-")]

    def finish(self, reply: Json) -> None:
        """The result, with what was left out as red."""
        names = {test["id"] for test in self.red}
        tests = [test for test in reply["tests"] if test["id"] not in names]
        self.reply = {**reply, "event": "session", "tests": [*self.red, *tests]}
        self.reply["plain"] = self.plain

    def leave_out(self, culprit: Json) -> None:
        """Run again without one test or one file."""
        red = record.blank(culprit["id"], culprit["file"])
        self.red.append({**red, "outcome": "error", "message": culprit["why"], "ended": True})
        left_out = self.session.setdefault("without", [])
        if culprit["id"] in left_out:
            self.count = ATTEMPTS  # it cannot be left out
        left_out.append(culprit["id"])
        self.session["args"] = [arg for arg in self.session["args"] if arg != culprit["id"]]
        if not self.suites():
            self.finish({"exit": None, "tests": [], "seconds": 0.0, "coverage": None})

    def leave_out_alone(self, culprit: Json) -> None:
        """Find which suites end it each by itself; where it is none of them, all are red."""
        found: Json = {}
        suites = self.suites()
        if len(suites) > 1:
            for suite in suites:
                red = self.collected_alone(suite)
                if red:
                    found[suite] = red[0]["message"]
        for suite in found or suites:
            why = found.get(suite, culprit["why"])
            self.leave_out({"id": suite, "file": suite, "why": why})

    def collected_alone(self, suite: str) -> list[Json]:
        """What ended the collection of one suite."""
        request = {"limit_s": self.limit_s, "private": os.path.dirname(self.place)}
        session = {**self.session, "args": [suite], "collect_only": True, "cover": None}
        alone = Attempts(session, request, 99)
        alone.plain = self.plain
        alone.finish_first()
        assert alone.reply is not None
        return [test for test in alone.reply["tests"] if test.get("ended")]

    def finish_first(self) -> None:
        """Run to the end while nothing else is looked at."""
        while self.reply is None:
            pid = self.start()
            while not self.has_ended(pid):
                time.sleep(LOOK_EVERY_S)


def describe(status: int) -> str:
    """How a process ended, by its exit status."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        known = {item.value: item.name for item in signal.Signals}  # real-time ones have no name
        return f"ended the process ({known.get(number, f'signal {number}')})"
    return f"ended the process (exit code {os.WEXITSTATUS(status)})"


def read_json(place: str) -> Json | None:
    """What the file holds; None where there is none, or not all of it."""
    try:
        with open(place, encoding="utf-8") as handle:
            found: Json = json.loads(handle.read())
    except (OSError, ValueError):
        return None
    return found
