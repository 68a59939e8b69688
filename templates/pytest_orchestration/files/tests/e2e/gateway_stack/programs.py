"""Programs that run as long as the tests need them, and end with them in any case."""

import contextlib
import http.client
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

GUARD = Path(__file__).with_name("guard.py")
POLL_S = 0.05
STOP_S = 120
READY = "200"
TAIL_LINES = 40

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(url: str) -> str:
    """The status of the URL, or why there is none."""
    try:
        with _direct.open(url, timeout=2) as answer:
            return str(answer.status)
    except urllib.error.HTTPError as error:
        return str(error.code)
    except (OSError, http.client.HTTPException) as error:
        return str(error)


def ask_all(*urls: str) -> str:
    """READY once all URLs answer 200; else the first one that does not, and why."""
    return next((f"{url}: {answer}" for url in urls if (answer := ask(url)) != READY), READY)


class NotReady(Exception):
    """The gateway did not get ready; the message has its logs."""


@dataclass(frozen=True)
class Command:
    """One program: its words, what its environment has in addition, and its log file."""

    argv: list[str]
    log: str
    env: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """Programs in their order: run to the end first, run along, run at the end."""

    before: list[Command] = field(default_factory=list)
    run: list[Command] = field(default_factory=list)
    after: list[Command] = field(default_factory=list)


@contextlib.contextmanager
def running(
    plan: Plan, url: str, logs: Path, ready_s: float, probe: Callable[[str], str] = ask
) -> Iterator[tuple[int, ...]]:
    """The process ids of the programs, once the URL answers 200, or a probe of it does.

    The programs end with the block, and also when this process is interrupted or killed: a guard
    stops them as soon as its pipe is closed.

    Raises:
        NotReady: A program ended, or the URL did not answer before the deadline.
    """
    with subprocess.Popen(
        [sys.executable, str(GUARD), json.dumps(asdict(plan))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as guard:
        try:
            problem = wait_until_ready(url, ready_s, lambda: guard.poll() is not None, probe)
            if problem:
                raise NotReady(f"{problem}\n{tail(logs)}")
            started = guard.stdout.readline()
            if not started:
                raise NotReady(f"no program runs, although {url} answers\n{tail(logs)}")
            yield tuple(json.loads(started))
        finally:
            guard.stdin.close()
            try:
                guard.wait(STOP_S)
            finally:
                guard.kill()


def wait_until_ready(
    url: str, ready_s: float, ended: Callable[[], bool], probe: Callable[[str], str] = ask
) -> str:
    """Empty once the URL answers 200; else the reason why it does not."""
    deadline = time.monotonic() + ready_s
    while (answer := probe(url)) != READY:
        if ended():
            return f"a program ended before {url} answered {READY}: {answer}"
        if time.monotonic() > deadline:
            return f"{url} did not answer {READY} in {ready_s:g} s: {answer}"
        time.sleep(POLL_S)
    return ""


def tail(logs: Path) -> str:
    """The last lines of every log file in a folder, each after its name."""
    parts = []
    for log in sorted(logs.glob("*.log")):
        lines = log.read_text("utf-8", "replace").splitlines()[-TAIL_LINES:]
        parts += [f"--- {log.name}", *lines]
    return "\n".join(parts)
