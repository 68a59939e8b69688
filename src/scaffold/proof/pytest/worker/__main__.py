"""Runs pytest inside the checkout's interpreter; a script, never imported by scaffold.

It and its siblings know the standard library and pytest only, since nothing
else is sure to be there. It reads one JSON request on stdin and answers with JSON lines on
stdout; what pytest prints goes nowhere. Each session runs in a fork of its own (what both need is
imported once), so that the suites before and the generated tests never see each other.
"""

from __future__ import annotations

import atexit
import importlib
import importlib.util
import json
import os
import sys
from typing import Any, NoReturn, TextIO

Json = dict[str, Any]


def main() -> None:
    """Answer the request on stdin."""
    here = os.path.dirname(os.path.abspath(__file__))
    # The siblings are loaded by their file; no name of theirs may hide another module.
    sys.path[:] = [item for item in sys.path if os.path.abspath(item or ".") != here]
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    request = json.loads(sys.stdin.readline())
    sys.path.insert(0, os.getcwd())
    sys.argv[:] = ["pytest"]
    sys.path.extend(request["overlay"])
    probe = examine(request)
    answer(out, probe)
    if probe["lacks"] or request["mode"] == "probe":
        return
    record = load_sibling("record")
    if request["mode"] == "sessions":
        run_sessions(request, out, record)
    elif request["mode"] == "once":
        answer(out, record.run_once(request))
    else:
        load_sibling("fork").serve(request, out)


def load_sibling(name: str) -> Any:
    """The module in the file beside this one, without its folder on the path."""
    full = "scaffold_worker_" + name
    if full not in sys.modules:
        place = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
        spec = importlib.util.spec_from_file_location(full, place)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        module.__dict__["load_sibling"] = load_sibling
        sys.modules[full] = module
        spec.loader.exec_module(module)
    return sys.modules[full]


def answer(out: TextIO, data: Json) -> None:
    """Send one line."""
    out.write(json.dumps(data) + "\n")
    out.flush()


def examine(request: Json) -> Json:
    """What this interpreter lacks of what the sessions import; nothing of it is run."""
    lacks = [name for name in request["imports"] if not is_there(name)]
    version = ""
    if "pytest" not in lacks:
        version = pytest_version()
        if int(version.split(".")[0]) < request["pytest_major"]:
            lacks.append(
                f"pytest >= {request['pytest_major']} (its {version} is older than the tests need)"
            )
    return {
        "event": "probe",
        "lacks": lacks,
        "python": sys.version.split()[0],
        "pytest": version,
        "fork": hasattr(os, "fork"),
    }


def pytest_version() -> str:
    """The version of the installed pytest."""
    from importlib import metadata

    try:
        return metadata.version("pytest")
    except metadata.PackageNotFoundError:
        return str(getattr(importlib.import_module("pytest"), "__version__", "0"))


def is_there(dotted: str) -> bool:
    """Whether the module can be found; its parents are looked through, not imported."""
    path = None
    parts = dotted.split(".")
    for depth in range(1, len(parts) + 1):
        name = ".".join(parts[:depth])
        if name in sys.modules:
            path = getattr(sys.modules[name], "__path__", None)
            continue
        spec = find_spec(name, path)
        if spec is None:
            return False
        path = spec.submodule_search_locations
        if path is None:
            return True  # a plain module: what is asked for below it is its business
    return True


def find_spec(name: str, path: Any) -> Any:
    """The spec of the first finder that knows the name."""
    for finder in sys.meta_path:
        look = getattr(finder, "find_spec", None)
        try:
            spec = look(name, path) if look else None
        except (ImportError, AttributeError, ValueError):
            spec = None
        if spec is not None:
            return spec
    return None


def run_sessions(request: Json, out: TextIO, record: Any) -> None:
    """Run each session in a fork and send what it found, in the order asked for."""
    sessions = request["sessions"]
    if len(sessions) == 1 or not hasattr(os, "fork"):
        for session in sessions:
            answer(out, record.run_session(session))
        return
    record.preload(request["preload"])
    running = []
    for session in sessions:
        running.append(fork_session(session, record))
        if not request["parallel"]:
            out.write(collect_fork(*running.pop()))
    for pid, pipe in running:
        out.write(collect_fork(pid, pipe))
    out.flush()


def fork_session(session: Json, record: Any) -> tuple[int, int]:
    """Start one session in a child; its pid and the pipe that its result comes through."""
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return pid, read
    code = 1
    try:
        os.close(read)
        line = json.dumps(record.run_session(session)) + "\n"
        with os.fdopen(write, "w", encoding="utf-8") as pipe:
            pipe.write(line)
        code = 0
    except Exception:
        sys.excepthook(*sys.exc_info())
    finally:
        leave(code)


def leave(code: int) -> NoReturn:
    """End without taking the interpreter apart, which takes as long as many tests do."""
    atexit._run_exitfuncs()
    sys.stderr.flush()
    os._exit(code)


def collect_fork(pid: int, pipe: int) -> str:
    """The line that a child sent; a child that died without one is told as such."""
    with os.fdopen(pipe, encoding="utf-8") as handle:
        line = handle.read()
    _, status = os.waitpid(pid, 0)
    if not line.endswith("\n"):
        return json.dumps({"event": "session", "crashed": status}) + "\n"
    return line


if __name__ == "__main__":
    main()
    leave(0)
