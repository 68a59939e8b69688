"""One pytest session as plain data; loaded by `start.py` in the checkout's interpreter."""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import io
import json
import os
import sys
import time
from typing import Any

import pytest

from . import settings
from .channel import Json

SPAWNS = ("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.fork")


HERE = os.path.realpath(os.getcwd())


def preload(names: list[str], tree: str = "") -> None:
    """Import what all sessions need, but nothing of the checkout: coverage has to see that.

    A name that fails will fail again where it is reported.
    """
    for name in names:
        try:
            spec = importlib.util.find_spec(name.split(".")[0])
            places = [getattr(spec, "origin", None) or ""]
            places += getattr(spec, "submodule_search_locations", None) or []
            if not (tree and any(is_below(place, tree) for place in places)):
                importlib.import_module(name)
        except BaseException:  # an import may do anything, even exit
            continue


def run_session(session: Json) -> Json:
    """One pytest session: its results by test, and what it covered."""
    started = time.perf_counter()
    recorder = Recorder(session.get("now", ""), strict=session.get("strict", True))
    plugins: list[Any] = [recorder, Without(session.get("without", ()))]
    coverage: Any = None
    if session.get("cover"):
        from . import coverage as measured

        coverage = measured.start_coverage(session["cover"])
        tracing = measured.Tracing(coverage)
        plugins.append(measured.Contexts(tracing, recorder, each=session["each"]))
        if session["each"]:
            sys.addaudithook(recorder.audit)
    more = ["--collect-only"] if session.get("collect_only") else []
    try:
        code = pytest.main(settings.pytest_args(session, *more), plugins=plugins)
    except Exception as error:  # a test took away what pytest itself needs, such as a descriptor
        code = pytest.ExitCode.INTERNAL_ERROR
        raised = settings.unreadable(error) or one_line(repr(error))
        recorder.why = recorder.why or f"ended the run ({raised})"
        recorder.raised = True
    result: Json = {"event": "session", "exit": int(code)}
    if code == pytest.ExitCode.USAGE_ERROR and not recorder.tests:
        result["culprit"] = {"id": "", "file": "", "why": refused(session)}
    elif recorder.now or recorder.is_dead(int(code)):
        result["culprit"] = recorder.culprit(int(code))
    elif not more:
        recorder.note_what_did_not_run()
    result["tests"] = list(recorder.tests.values())
    if coverage is not None:
        coverage.stop()  # harmless where it is off already
        result["coverage"] = measured.read_coverage(coverage, session["cover"], recorder)
    if session.get("each"):
        result["modules"] = loaded_modules(session["tree"])
        from . import facts

        result["facts"] = facts.digest(session["tree"])
        result["read"] = sorted(name for name in recorder.read if is_below(name, session["tree"]))
    result["seconds"] = time.perf_counter() - started
    return result


def refused(session: Json) -> str:
    """Why pytest did not begin: a conftest.py cannot be imported, or a setting is wrong."""
    said = io.StringIO()
    # Again, since what it said the first time is gone; it comes no further than before.
    with contextlib.redirect_stderr(said):
        pytest.main(settings.pytest_args(session))
    lines = [line.strip() for line in said.getvalue().splitlines() if line.strip()]
    errors = [line[1:].strip() for line in lines if line.startswith("E ")]
    where = next((line for line in lines if "conftest" in line), "")
    found = [*filter(None, [os.path.basename(where.strip("'."))]), *errors[-1:]]
    plain = next((line for line in lines if line.startswith("ERROR:")), "pytest refused to start")
    return ": ".join(found) if errors else plain


def names_of(items: Any) -> list[str]:
    """For each item its own name: its file as seen from here, then what pytest calls it.

    Two items may share one name; from the second on it is numbered.
    """
    names: list[str] = []
    seen: dict[str, int] = {}
    for item in items:
        name = name_of(item)
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} (number {seen[name]})")
    return names


def name_of(node: Any) -> str:
    """A node's name: not pytest's, which begins at its root folder, wherever that is."""
    file = node.getparent(pytest.File)
    if file is None:
        return home_of(node)
    return home_of(node) + str(node.nodeid[len(file.nodeid) :])


def home_of(node: Any) -> str:
    """The file of a node, relative to the folder of the run."""
    return os.path.relpath(os.path.realpath(node.path), HERE).replace(os.sep, "/")


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
    """Whether a file is the tree's own: in it, and not in an environment that lies there."""
    place = os.path.realpath(path)
    if not place.startswith(os.path.realpath(tree) + os.sep):
        return False
    return not (
        is_inside(sys.prefix, tree) and place.startswith(os.path.realpath(sys.prefix) + os.sep)
    )


def is_inside(path: str, tree: str) -> bool:
    """Whether a path lies in the tree."""
    return os.path.realpath(path).startswith(os.path.realpath(tree) + os.sep)


class Without:
    """A plugin that leaves out files and tests by name."""

    def __init__(self, names: Any) -> None:
        """Take the names; files among them are never opened."""
        self.names = set(names)

    def pytest_ignore_collect(self, collection_path: Any) -> bool | None:
        """Not a file that is left out."""
        place = os.path.relpath(os.path.realpath(collection_path), HERE).replace(os.sep, "/")
        return True if place in self.names else None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Not a test that is left out."""
        named = zip(items, names_of(items))  # noqa: B905 - equal lengths, and Python 3.9
        items[:] = [item for item, name in named if name not in self.names]


class Chosen:
    """A plugin that keeps and orders the tests of a job, and remembers the first failure."""

    def __init__(self, tests: list[str], items: Any = ()) -> None:
        """Take the order; no names mean every test, and `items` is what was collected already."""
        self.rank = {name: place for place, name in enumerate(tests)}
        self.failed = ""
        self.why = ""
        self.learn(items)

    def learn(self, items: Any) -> dict[int, str]:
        """Keep what pytest's names mean."""
        names = names_of(items)
        pairs = zip(items, names)  # noqa: B905 - equal lengths, and Python 3.9
        self.names = {item.nodeid: name for item, name in pairs}
        return {id(item): name for item, name in zip(items, names)}  # noqa: B905

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Only what the job names, in its order."""
        names = self.learn(items)
        if self.rank:
            items[:] = sorted(
                (item for item in items if names[id(item)] in self.rank),
                key=lambda item: self.rank[names[id(item)]],
            )

    def pytest_collection_finish(self) -> None:
        """What was imported stays: the collections at the end need not walk it."""
        gc.freeze()

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Remember the first failure."""
        if report.failed and not self.failed:
            self.failed = self.names.get(report.nodeid, report.nodeid)
            self.why = f"{self.failed}: {failure_line(report)}"

    def pytest_collectreport(self, report: Any) -> None:
        """Remember why a file cannot be collected."""
        if report.failed and not self.why:
            self.why = f"{report.nodeid or 'collection'}: {collect_line(report)}"


class Recorder:
    """A plugin that keeps the outcome of every test as plain data."""

    def __init__(self, place: str = "", *, strict: bool = True) -> None:
        """Start with nothing; `place` is the file that holds what runs now.

        `strict` is what a known defect is that does not say it itself.
        """
        self.by_default = strict
        self.tests: dict[str, Json] = {}
        self.strict: dict[str, bool] = {}
        self.index: dict[str, int] = {}
        self.homes: dict[str, str] = {}
        self.names: dict[int, str] = {}
        self.spawning: set[str] = set()
        self.read: set[str] = set()
        self.current: str | None = None
        self.place, self.why = place, ""
        self.now: Json = {}
        self.collected = self.raised = False

    def runs(self, name: str = "", home: str = "") -> None:
        """Say what runs now, for the case that it ends the process; nothing by default."""
        self.now = {"id": name, "file": home} if name else {}
        if self.place:
            # Opened each time: a test may close what it has not opened.
            with open(self.place, "w", encoding="utf-8") as handle:
                handle.write(json.dumps(self.now))

    def audit(self, event: str, args: tuple[Any, ...]) -> None:
        """See which files are read, and which tests start a process whose lines are not seen."""
        if event == "open":
            if isinstance(args[0], str) and args[0] != self.place:
                self.read.add(os.path.abspath(args[0]))
        elif event in SPAWNS and self.current is not None:
            self.spawning.add(self.current)

    def pytest_configure(self, config: Any) -> None:
        """Know the marks of the plugins that are blocked."""
        for line in settings.LATER:
            config.addinivalue_line("markers", line)

    def pytest_keyboard_interrupt(self, excinfo: Any) -> None:
        """Remember what ended the run: Ctrl-C, or `pytest.exit`."""
        self.why = f"ended the run ({one_line(excinfo.exconly(tryshort=True))})"

    def culprit(self, code: int) -> Json:
        """What ran as pytest ended, and why it did."""
        before = "" if self.collected else " before any test was collected"
        why = self.why or f"ended the run{before} (exit code {code})"
        return {"id": "", "file": "", **self.now, "why": why}

    def is_dead(self, code: int) -> bool:
        """Whether pytest did not come to the end of its tests, and no test says so.

        Its exit code alone does not show it: a hook may give any.
        """
        if not self.collected:
            return True
        ended_early = bool(self.why) and not self.raised
        green = not any(t["outcome"] in ("failed", "error") for t in self.tests.values())
        whole = self.index.keys() <= self.tests.keys()
        return (not self.tests and code not in (0, 5)) or (ended_early and green and whole)

    def pytest_internalerror(self, excinfo: Any) -> None:
        """Remember what ended the run: an error in a hook, or an exit while importing."""
        self.why = f"ended the run ({one_line(excinfo.exconly(tryshort=True))})"

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_make_collect_report(self, collector: Any) -> Any:
        """A file that cannot be collected is an error; one that skips itself is a skip."""
        is_file = isinstance(collector, pytest.File)
        if is_file:
            self.runs(home_of(collector), home_of(collector))
        done = yield
        report = done.get_result()
        if is_file:
            self.runs()
        if report.failed or report.skipped:
            name = name_of(collector)
            text = collect_line(report) if report.failed else skip_reason(report.longrepr)
            outcome = "error" if report.failed else "skipped"
            blank_one = blank(name, home_of(collector))
            self.tests[name] = {**blank_one, "outcome": outcome, "message": text}

    def pytest_collection_finish(self, session: Any) -> None:
        """Number the tests, and see which known defects are strict."""
        self.collected = True
        gc.freeze()  # pytest ends with five full collections; modules need not be walked in them
        for item, name in zip(session.items, names_of(session.items)):  # noqa: B905
            self.names[id(item)] = name
            self.index.setdefault(name, len(self.index))
            self.homes[name] = home_of(item)
            marks = list(item.iter_markers("xfail"))
            self.strict[name] = bool(marks) and all(
                mark.kwargs.get("strict", self.by_default) and mark.kwargs.get("run", True)
                for mark in marks
            )

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: Any) -> Any:
        """A test begins, and ends."""
        name = self.names.get(id(item)) or name_of(item)
        self.current = name
        self.runs(name, home_of(item))
        done = yield
        self.current = None
        if done.excinfo is None:
            self.runs()

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Take one phase of a test; the worst phase is the outcome."""
        name = self.current or report.nodeid
        test = self.tests.setdefault(name, blank(name, self.homes.get(name, name)))
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
            test["strict"] = self.strict.get(name, False)
        elif report.when == "call" and not test["outcome"]:
            test["outcome"] = "xpassed" if hasattr(report, "wasxfail") else "passed"

    def note_what_did_not_run(self) -> None:
        """A test that was collected and has no result is red."""
        for name in self.index:
            test = self.tests.setdefault(name, blank(name, self.homes[name]))
            if not test["outcome"]:
                test.update(outcome="error", message="was collected, and did not run")


def blank(name: str, home: str) -> Json:
    """A test that nothing is known of yet, and its file."""
    return {
        "id": name, "file": home, "outcome": "", "message": "", "seconds": 0.0, "strict": False
    }  # fmt: skip


def one_line(text: str) -> str:
    """The text on one line."""
    return " ".join(text.split())


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
    # Of a fixture that is not there pytest first shows the test, and then what is wrong.
    lines, named = lines_of(report)
    return [*named, *lines, "failed"][0]


def collect_line(report: Any) -> str:
    """Why a file cannot be collected: the last line that names an error."""
    lines, named = lines_of(report)
    return ["cannot be collected", *lines, *named][-1]


def lines_of(report: Any) -> tuple[list[str], list[str]]:
    """What pytest shows of a report, and the lines of it that name an error."""
    lines = [line.strip() for line in str(report.longrepr).splitlines() if line.strip()]
    return lines, [line[1:].strip() for line in lines if line.startswith("E ")]
