"""coverage.py around the tests; loaded by `record.py`.

It is on only while code under test may run: pytest's own code is most of a run.
"""

from __future__ import annotations

import threading
from typing import Any

import pytest

Json = dict[str, Any]

# Numbers of who ran a line: a test; import and collection; or, from -2 downwards, a fixture that
# serves several tests and was set up for test 0, 1, …
IMPORTED = -1
SHARED = -2


def start_coverage(paths: list[str]) -> Any:
    """coverage.py on these files, in memory."""
    import coverage

    # They are patterns to coverage.py; what is special in one is any character.
    patterns = ["".join("?" if char in "*?[]{}" else char for char in path) for path in paths]
    measured = coverage.Coverage(data_file=None, config_file=False, include=patterns)
    measured.start()
    return measured


class Tracing:
    """coverage.py, on only while code under test may run: pytest's own code is most of a run."""

    def __init__(self, coverage: Any) -> None:
        """It is on, for the imports of the collection."""
        self.coverage = coverage
        self.depth = 1
        self.is_on = True

    def push(self) -> None:
        """Be on from here."""
        self.depth += 1
        if not self.is_on:
            self.coverage.start()
            self.is_on = True

    def pop(self) -> None:
        """Be off, unless something around is on or a thread runs: its tracer would stay off."""
        self.depth -= 1
        if self.depth == 0 and threading.active_count() == 1:
            self.coverage.stop()
            self.is_on = False

    def context(self, number: int) -> None:
        """What runs from here is run by this one."""
        self.coverage.switch_context(str(number))


around = pytest.hookimpl(hookwrapper=True, trylast=True)


class Contexts:
    """The running test as coverage's context; without `each`, the first of its file."""

    def __init__(self, tracing: Tracing, recorder: Any, *, each: bool) -> None:
        """Nothing runs yet."""
        self.tracing, self.recorder, self.each = tracing, recorder, each
        self.number = IMPORTED
        self.firsts: dict[str, int] = {}

    def pytest_runtestloop(self) -> None:
        """The imports are over."""
        self.tracing.pop()

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: Any) -> Any:
        """A test begins."""
        name = self.recorder.names[id(item)]
        number = self.recorder.index[name]
        if not self.each:
            number = self.firsts.setdefault(self.recorder.homes[name], number)
        if number != self.number:
            self.number = number
            self.tracing.push()
            self.tracing.context(number)
            self.tracing.pop()
        yield

    @around
    def pytest_runtest_call(self) -> Any:
        """The test itself."""
        self.tracing.push()
        yield
        self.tracing.pop()

    @around
    def pytest_runtest_teardown(self) -> Any:
        """What its fixtures do last."""
        self.tracing.push()
        yield
        self.tracing.pop()

    @around
    def pytest_fixture_setup(self, fixturedef: Any) -> Any:
        """A fixture; what one for several tests runs belongs to more than this test."""
        shared = fixturedef.scope != "function" and self.recorder.current is not None
        self.tracing.push()
        if shared:
            self.tracing.context(SHARED - self.number)
        yield
        if shared:
            self.tracing.context(self.number)
        self.tracing.pop()


def read_coverage(coverage: Any, paths: list[str], recorder: Any) -> Json:
    """For each file its statements, the missing ones, and line -> numbers of the tests."""
    data = coverage.get_data()
    files: Json = {}
    for path in paths:
        try:
            _, statements, _, missing, _ = coverage.analysis2(path)
        except Exception as error:  # coverage has many; the file counts as not covered
            files[path] = {"error": str(error)}
            continue
        lines = {
            line: sorted({int(context) if context else IMPORTED for context in who})
            for line, who in data.contexts_by_lineno(path).items()
        }
        files[path] = {
            "statements": list(statements),
            "missing": list(missing),
            "lines": lines,
            "first": first_lines(coverage, path, lines),
        }
    return {
        "files": files,
        "order": list(recorder.index),
        "homes": [recorder.homes[name] for name in recorder.index],
        "spawning": sorted(recorder.index[name] for name in recorder.spawning),
    }


def first_lines(coverage: Any, path: str, lines: Any) -> dict[int, int]:
    """Line that ran -> the statement that coverage.py counts it to, where that is another line."""
    from coverage.python import PythonFileReporter

    reporter = PythonFileReporter(path, coverage)
    found = {line: next(iter(reporter.translate_lines([line])), line) for line in lines}
    return {line: first for line, first in found.items() if first != line}
