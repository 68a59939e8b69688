"""Mutants in a session that has collected; loaded by `warm.py`."""

from __future__ import annotations

import gc
import json
import os
import sys
import types
from typing import Any, NoReturn, TextIO

from . import fork, record, settings
from .channel import Json, answer

Exchange = list[tuple[types.FunctionType, types.CodeType]]

NEW_LOCALS = 0x2  # flag of the code of a function; that of a class body has none


def serve(request: Json, jobs: TextIO, out: TextIO) -> NoReturn:
    """Collect, then answer jobs from inside of pytest's own loop."""
    import pytest

    class Server:
        @pytest.hookimpl(tryfirst=True)
        def pytest_runtestloop(self, session: Any) -> bool:
            answer_jobs(session, jobs, out)
            return True

    try:
        pytest.main(settings.pytest_args(request), plugins=[Server()])
    finally:
        os._exit(0)


def answer_jobs(session: Any, jobs: TextIO, out: TextIO) -> None:
    """One fork for each job."""
    names = record.names_of(session.items)
    items = dict(zip(names, session.items))  # noqa: B905 - equal lengths, and Python 3.9
    functions: dict[str, Functions] = {}
    gc.collect()
    for line in jobs:
        job = json.loads(line)
        if job["path"] not in functions:
            gc.unfreeze()
            functions[job["path"]] = Functions(job["path"])
            gc.freeze()
        with fork.Mutated(job):
            exchange = functions[job["path"]].exchange(job["source"], job["encoding"])
            if exchange is None:
                found = {"verdict": "cold"}
            else:
                found = fork.run_forked(Run(session, items, job, exchange), job)
        answer(out, {"id": job["id"], **found})


class Functions:
    """The functions of a file that are alive in this process, to exchange their code."""

    def __init__(self, path: str) -> None:
        """Find them, and compile the file as it is."""
        with open(path, "rb") as handle:
            self.source = handle.read()
        self.code = compile(self.source, path, "exec", dont_inherit=True)
        real = os.path.realpath(path)
        same = {path: True}
        self.alive: dict[tuple[int, str], list[types.FunctionType]] = {}
        for thing in gc.get_objects():
            if type(thing) is types.FunctionType:
                name = thing.__code__.co_filename
                if name not in same:
                    same[name] = os.path.realpath(name) == real
                if same[name]:
                    key = (thing.__code__.co_firstlineno, thing.__code__.co_name)
                    self.alive.setdefault(key, []).append(thing)
        # Of two conftest.py pytest leaves only the later one in `sys.modules`.
        self.loaded = bool(self.alive) or any(
            os.path.realpath(getattr(module, "__file__", None) or "") == real
            for module in list(sys.modules.values())
        )

    def exchange(self, source: str, encoding: str) -> Exchange | None:
        """Functions and their new code; `None` where that is not all that changes."""
        if not self.loaded or source.encode(encoding) == self.source:
            return []  # the file is read by the tests themselves, or nothing is to change
        try:
            new = compile(source, self.code.co_filename, "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return None
        return self.pairs(self.code, new)

    def pairs(self, old: types.CodeType, new: types.CodeType) -> Exchange | None:
        """Both codes side by side, down to the outermost functions that differ."""
        before = [item for item in old.co_consts if isinstance(item, types.CodeType)]
        after = [item for item in new.co_consts if isinstance(item, types.CodeType)]
        if len(before) != len(after):
            return None
        found: Exchange = []
        for one, two in zip(before, after):  # noqa: B905 - equal lengths, and Python 3.9
            if one == two:
                continue
            near = self.alive.get((one.co_firstlineno, one.co_name), [])
            alive = [function for function in near if function.__code__ == one]
            if alive:
                if any(f.__code__.co_freevars != two.co_freevars for f in alive):
                    return None
                found += [(function, two) for function in alive]
                continue
            inner = None if one.co_flags & NEW_LOCALS else self.pairs(one, two)
            if inner is None:
                return None
            found += inner
        return found or None


class Run:
    """The tests of a job against exchanged code, up to the first failure."""

    def __init__(self, session: Any, items: Json, job: Json, exchange: Exchange) -> None:
        """Remember everything; nothing happens before the fork."""
        self.session, self.items, self.job, self.exchange = session, items, job, exchange

    def __call__(self) -> Json:
        """Run them in the job's order."""
        for function, code in self.exchange:
            function.__code__ = code
        fresh_capture(self.session.config)
        chosen = record.Chosen([], self.session.items)
        self.session.config.pluginmanager.register(chosen, "scaffold-chosen")
        todo = [self.items[name] for name in self.job["tests"] if name in self.items]
        for item, after in zip(todo, [*todo[1:], None]):  # noqa: B905 - as above
            self.session.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            if chosen.failed:
                return {"verdict": "killed", "by": chosen.failed, "why": chosen.why}
        around = fork.look_around(self.job)
        return {"verdict": "survived", "by": "", **around}


def fresh_capture(config: Any) -> None:
    """Files for captured output of this fork alone: the inherited ones share their position."""
    manager = config.pluginmanager.getplugin("capturemanager")
    if manager is not None:
        manager.stop_global_capturing()
        manager.start_global_capturing()
        manager.suspend_global_capture()
