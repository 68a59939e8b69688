"""Tries mutants in forks; loaded by `start.py` in the checkout's interpreter.

Two processes wait with everything imported. The *warm* one has pytest and all third-party
modules: a mutant of a line that runs at import starts from there, with a whole pytest session.
The *hot* one has collected the tests as well: a mutant inside a function that nothing has called
yet starts from there, with the function's code exchanged, so that only the tests themselves run.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import sys
from typing import Any, TextIO

from . import fork, hot, record, settings
from .channel import Json, answer


def serve(request: Json, out: TextIO) -> None:
    """Answer jobs until stdin ends."""
    signal.signal(signal.SIGTERM, fork.stop)
    warm_up(request)
    collected = None
    answer(out, {"event": "ready"})
    for line in sys.stdin:
        job = json.loads(line)
        if job["kind"] == "hot":
            collected = collected or Hot(request)
            answer(out, collected.ask(line, job["id"]))
        else:
            answer(out, run_warm(request, job))


def warm_up(request: Json) -> None:
    """Import what the tests import, in a session without conftest.

    In a session, so that pytest's import hook sees the modules that it wants to rewrite.
    """
    import pytest

    class Importer:
        def pytest_sessionstart(self, session: Any) -> None:
            record.preload(request["preload"])
            pytest.exit("warm", returncode=0)

    path = list(sys.path)
    pytest.main(settings.pytest_args(request, "--noconftest"), plugins=[Importer()])
    sys.path[:] = path
    gc.collect()
    gc.freeze()


def run_warm(request: Json, job: Json) -> Json:
    """A mutant that starts with a whole session, after an import that has to succeed."""
    if job["kind"] == "import":
        return {"id": job["id"], **fork.run_forked(lambda: import_alone(job), job)}
    if job["kind"] == "whole":
        with contextlib.ExitStack() as changed:
            for path, source in job["files"].items():
                file = {"path": path, "source": source, "encoding": "utf-8"}
                changed.enter_context(fork.Mutated(file))
            return {"id": job["id"], **fork.run_forked(lambda: whole_session(job), job)}
    with fork.Mutated(job):
        if job["module"]:
            alone = fork.run_forked(lambda: import_alone(job), job)
            if alone["verdict"] != "imported":
                return {"id": job["id"], "verdict": "unviable"}
        return {"id": job["id"], **fork.run_forked(lambda: warm_session(request, job), job)}


def import_alone(job: Json) -> Json:
    """Import the mutated module and nothing else."""
    importlib.import_module(job["module"])
    return {"verdict": "imported"}


def warm_session(request: Json, job: Json) -> Json:
    """A pytest session of the job's tests, in its order, up to the first failure."""
    import pytest

    chosen = record.Chosen(job["tests"])
    code = pytest.main(settings.pytest_args(request, "-x"), plugins=[chosen])
    verdict = "killed" if code else "survived"
    reply = {"verdict": verdict, "by": chosen.failed, "why": chosen.why, "exit": int(code)}
    return {**reply, **fork.look_around(job)}


def whole_session(job: Json) -> Json:
    """A pytest session to its end, with every result."""
    reply = record.run_session({"args": job["args"], "suites": job["suites"]})
    why = reply.get("culprit", {}).get("why", "")
    return {"verdict": "ran", "tests": reply["tests"], "why": why, **fork.look_around(job)}


class Hot:
    """The process that has collected; asked through a pipe."""

    def __init__(self, request: Json) -> None:
        """Fork it and let it collect."""
        down_read, down_write = os.pipe()
        up_read, up_write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(down_write)
            os.close(up_read)
            fork.started.update(group=0, hot=0)
            jobs, out = os.fdopen(down_read), os.fdopen(up_write, "w")
            hot.serve(request, jobs, out)
        os.close(down_read)
        os.close(up_write)
        fork.started["hot"] = pid
        self.down = os.fdopen(down_write, "w")
        self.up = os.fdopen(up_read)

    def ask(self, line: str, identity: str) -> Json:
        """The answer to one job; `cold` where the process is gone."""
        try:
            self.down.write(line)
            self.down.flush()
            reply = self.up.readline()
        except (BrokenPipeError, ValueError):
            reply = ""
        return json.loads(reply) if reply else {"id": identity, "verdict": "cold"}
