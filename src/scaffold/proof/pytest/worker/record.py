"""One pytest session as plain data; loaded by `__main__.py` in the checkout's interpreter."""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import os
import sys
import threading
import time
from typing import Any

import pytest

Json = dict[str, Any]

# Numbers of who ran a line: a test; import and collection; or, from -2 downwards, a fixture that
# serves several tests and was set up for test 0, 1, …
IMPORTED = -1
SHARED = -2
# Plugins of the checkout that reorder or retry would change what a result means.
BLOCKED = ("randomly", "random_order", "reverse", "rerunfailures", "flaky")
LATER = ("flaky: a mark of the blocked plugins",)
SPAWNS = ("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.fork")


def pytest_args(session: Json, *more: str) -> list[str]:
    """Arguments that leave no file behind and undo what the checkout adds."""
    cache = os.path.join(os.environ["TMPDIR"], "pytest-cache")
    args = ["-q", "--color=no", "--tb=no", "-o", "addopts=", "-o", "xfail_strict=true"]
    args += ["-o", "cache_dir=" + cache]
    for name in BLOCKED:
        args += ["-p", "no:" + name]
    return [*args, *more, *session["args"]]


def preload(names: list[str]) -> None:
    """Import what all sessions need; a name that fails will fail again where it is told."""
    for name in names:
        try:
            importlib.import_module(name)
        except BaseException:  # an import may do anything, even exit
            continue


def run_session(session: Json) -> Json:
    """One pytest session: its results by test, and what it covered."""
    started = time.perf_counter()
    recorder = Recorder()
    plugins: list[Any] = [recorder]
    coverage = None
    if session.get("cover"):
        coverage = start_coverage(session["cover"])
        plugins.append(Contexts(Tracing(coverage), recorder, each=session["each"]))
        if session["each"]:
            sys.addaudithook(recorder.audit)
    code = pytest.main(pytest_args(session), plugins=plugins)
    tests = list(recorder.tests.values())
    if code == pytest.ExitCode.USAGE_ERROR and not tests:
        tests = refused(session)
    result: Json = {"event": "session", "exit": int(code), "tests": tests}
    if coverage is not None:
        coverage.stop()  # harmless where it is off already
        result["coverage"] = read_coverage(coverage, session["cover"], recorder)
    if session.get("each"):
        result["modules"] = loaded_modules(session["tree"])
        result["read"] = sorted(name for name in recorder.read if is_below(name, session["tree"]))
    result["seconds"] = time.perf_counter() - started
    return result


def refused(session: Json) -> list[Json]:
    """An error for each suite, where pytest did not begin: a conftest.py cannot be imported."""
    said = io.StringIO()
    # Again, since what it said the first time is gone; it comes no further than before.
    with contextlib.redirect_stderr(said):
        pytest.main(pytest_args(session))
    lines = [line.strip() for line in said.getvalue().splitlines() if line.strip()]
    errors = [line[1:].strip() for line in lines if line.startswith("E ")]
    where = next((line for line in lines if "conftest" in line), "")
    message = ": ".join(filter(None, [os.path.basename(where.strip("'.")), *errors[-1:]]))
    suites = [name for name in session["args"] if not name.startswith("-")]
    return [{**blank(name), "outcome": "error", "message": message} for name in suites]


def run_once(request: Json) -> Json:
    """One session for one mutant, where this system cannot fork."""
    job = request["job"]
    try:
        if job["module"]:
            importlib.import_module(job["module"])
    except BaseException:
        return {"id": job["id"], "verdict": "invalid"}
    chosen = Chosen(job["tests"])
    code = pytest.main(pytest_args(request, "-x"), plugins=[chosen])
    verdict = "killed" if code else "survived"
    return {"id": job["id"], "verdict": verdict, "by": chosen.failed}


def loaded_modules(tree: str) -> Json:
    """Files of loaded modules inside of the tree, and names of those outside.

    Left out are modules that pytest rewrote: it complains when they are there before it.
    """
    inside: dict[str, str] = {}
    outside: list[str] = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not file or name.startswith(("__main__", "scaffold_worker")):
            continue
        if is_below(file, tree):
            inside[name] = file
        elif type(getattr(module, "__loader__", None)).__name__ != "AssertionRewritingHook":
            outside.append(name)
    return {"inside": inside, "outside": outside}


def is_below(path: str, tree: str) -> bool:
    """Whether a file lies in the tree."""
    return os.path.realpath(path).startswith(os.path.realpath(tree) + os.sep)


class Chosen:
    """A plugin that keeps and orders the tests of a job, and remembers the first failure."""

    def __init__(self, tests: list[str]) -> None:
        """Take the order; no names mean every test."""
        self.rank = {name: place for place, name in enumerate(tests)}
        self.failed = ""

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Only what the job names, in its order."""
        if self.rank:
            items[:] = sorted(
                (item for item in items if item.nodeid in self.rank),
                key=lambda item: self.rank[item.nodeid],
            )

    def pytest_collection_finish(self) -> None:
        """What was imported is no garbage: the collections at the end need not walk it."""
        gc.freeze()

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Remember the first failure."""
        if report.failed and not self.failed:
            self.failed = report.nodeid


class Recorder:
    """A plugin that keeps the outcome of every test as plain data."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.tests: dict[str, Json] = {}
        self.strict: dict[str, bool] = {}
        self.index: dict[str, int] = {}
        self.spawning: set[str] = set()
        self.read: set[str] = set()
        self.current: str | None = None

    def audit(self, event: str, args: tuple[Any, ...]) -> None:
        """See which files are read, and which tests start a process whose lines are not seen."""
        if event == "open":
            if isinstance(args[0], str):
                self.read.add(os.path.abspath(args[0]))
        elif event in SPAWNS and self.current is not None:
            self.spawning.add(self.current)

    def pytest_configure(self, config: Any) -> None:
        """Know the marks of the plugins that are blocked."""
        for line in LATER:
            config.addinivalue_line("markers", line)

    def pytest_collection_finish(self, session: Any) -> None:
        """Number the tests, and see which known defects are strict."""
        gc.freeze()  # pytest ends with five full collections; modules need not be walked in them
        for item in session.items:
            self.index.setdefault(item.nodeid, len(self.index))
            marks = list(item.iter_markers("xfail"))
            self.strict[item.nodeid] = bool(marks) and all(
                mark.kwargs.get("strict", True) and mark.kwargs.get("run", True) for mark in marks
            )

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Take one phase of a test; the worst phase is the outcome."""
        test = self.tests.setdefault(report.nodeid, blank(report.nodeid))
        test["seconds"] += report.duration
        if report.failed:
            if test["outcome"] not in ("failed", "error"):
                test["outcome"] = "failed" if report.when == "call" else "error"
                test["message"] = failure_line(report)
        elif report.skipped:
            known = hasattr(report, "wasxfail")
            test["outcome"] = "xfailed" if known else "skipped"
            test["message"] = (
                cut(report.wasxfail, "reason: ") if known else skip_reason(report.longrepr)
            )
            test["strict"] = self.strict.get(report.nodeid, False)
        elif report.when == "call" and not test["outcome"]:
            test["outcome"] = "xpassed" if hasattr(report, "wasxfail") else "passed"

    def pytest_collectreport(self, report: Any) -> None:
        """A file that cannot be collected is an error; one that skips itself is a skip."""
        if report.failed or report.skipped:
            name = report.nodeid or "collection"
            outcome = "error" if report.failed else "skipped"
            text = collect_line(report) if report.failed else skip_reason(report.longrepr)
            self.tests[name] = {**blank(name), "outcome": outcome, "message": text}


def blank(name: str) -> Json:
    """A test that nothing is known of yet."""
    return {"id": name, "outcome": "", "message": "", "seconds": 0.0, "strict": False}


def cut(text: str, start: str) -> str:
    """The text without what pytest puts before a reason."""
    return text[len(start) :] if text.startswith(start) else text


def skip_reason(longrepr: Any) -> str:
    """The message of a skip."""
    return cut(longrepr[2] if isinstance(longrepr, tuple) else str(longrepr), "Skipped: ")


def failure_line(report: Any) -> str:
    """The first line of why a test failed, and where."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        first = (crash.message.splitlines() or [""])[0]
        return f"{first} ({os.path.basename(crash.path)}:{crash.lineno})"
    lines = [line for line in str(report.longrepr).splitlines() if line.strip()]
    return lines[0].strip() if lines else "failed"


def collect_line(report: Any) -> str:
    """Why a file cannot be collected: the last line that names an error."""
    lines = [line.strip() for line in str(report.longrepr).splitlines() if line.strip()]
    named = [line for line in lines if line.startswith("E ")]
    return (named[-1][1:].strip() if named else lines[-1]) if lines else "cannot be collected"


def start_coverage(paths: list[str]) -> Any:
    """coverage.py on these files, in memory."""
    import coverage

    measured = coverage.Coverage(data_file=None, config_file=False, include=paths)
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
    """A plugin that tells coverage which test runs; without `each`, which file's first test."""

    def __init__(self, tracing: Tracing, recorder: Recorder, *, each: bool) -> None:
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
        self.recorder.current = item.nodeid
        number = self.recorder.index[item.nodeid]
        if not self.each:
            number = self.firsts.setdefault(item.nodeid.split("::")[0], number)
        if number != self.number:
            self.number = number
            self.tracing.push()
            self.tracing.context(number)
            self.tracing.pop()
        yield
        self.recorder.current = None

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


def read_coverage(coverage: Any, paths: list[str], recorder: Recorder) -> Json:
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
        files[path] = {"statements": list(statements), "missing": list(missing), "lines": lines}
    return {
        "files": files,
        "order": list(recorder.index),
        "spawning": sorted(recorder.index[name] for name in recorder.spawning),
    }
