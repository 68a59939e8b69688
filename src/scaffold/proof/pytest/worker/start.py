"""What is done in the checkout's interpreter, for one request; started by `__main__.py`."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from .channel import Json, answer, answers

Doubts = Callable[[Any, Any], bool]
"""Whether the bytecode of a source (both by their places) may be of another text."""


def main() -> None:
    """Answer the request on stdin."""
    out = answers()
    # A test that interrupts what it starts has the same outcome below `nohup` and a job of a shell.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    request = json.loads(sys.stdin.readline())
    sys.path.insert(0, os.getcwd())
    sys.argv[:] = ["pytest"]
    sys.path.extend(request["overlay"])
    doubts = doubts_below(request.get("tree", os.getcwd()))
    distrust_bytecode(doubts)
    if "copy" in request:
        from . import copied

        copied.install(request)
    request["options"] = take_settings()
    probe = examine(request)
    answer(out, probe)
    if probe["lacks"] or probe["unfit"] or request["mode"] == "probe":
        return
    # These import pytest, which is known to be there only now.
    from . import sessions, settings, warm

    distrust_rewritten(doubts)
    settings.honoured[:] = request["options"]
    if request["mode"] == "sessions":
        sessions.serve(request, out)
    else:
        warm.serve(request, out)


def distrust_bytecode(doubts: Doubts) -> None:
    """Let no module below the checkout be taken from bytecode that may be of another text.

    Python believes it where second and length of the source are the same, which an edit can leave
    so. Source: `importlib._bootstrap_external`, whose loader compiles where there is no name.
    """
    external: Any = importlib.import_module("importlib._bootstrap_external")
    named = external.cache_from_source

    def cache_from_source(path: Any, *rest: Any, **options: Any) -> Any:
        name = named(path, *rest, **options)
        if doubts(path, name):
            raise NotImplementedError  # what the loader takes for "there is none"
        return name

    external.cache_from_source = cache_from_source


def distrust_rewritten(doubts: Doubts) -> None:
    """The same for the files that pytest rewrites, which it keeps by the same rule."""
    rewrite: Any = importlib.import_module("_pytest.assertion.rewrite")
    read = getattr(rewrite, "_read_pyc", None)  # not a promise of pytest's
    if read is None:
        return

    def read_pyc(source: Any, compiled: Any, *rest: Any, **options: Any) -> Any:
        return None if doubts(source, compiled) else read(source, compiled, *rest, **options)

    rewrite._read_pyc = read_pyc


def doubts_below(folder: str) -> Doubts:
    """Whether a source is below the folder, no installed package, and its bytecode in doubt."""
    below = (os.path.abspath(folder) + os.sep, os.path.realpath(folder) + os.sep)
    own = sys.prefix + os.sep

    def doubts(source: Any, compiled: Any) -> bool:
        place = os.path.abspath(os.fspath(source))
        installed = place.startswith(own) or "site-packages" in place
        return place.startswith(below) and not installed and not is_of(compiled, source)

    return doubts


def is_of(compiled: Any, source: Any) -> bool:
    """Whether bytecode was written after its source, and is compared with it by Python."""
    try:
        written, about = os.stat(compiled), os.stat(source)
        with open(compiled, "rb") as handle:
            flags = handle.read(8)[4:]
    except OSError:
        return False
    # The time of the last change of the inode cannot be set back. Source of the flags: PEP 552.
    return not any(flags) and written.st_mtime_ns > max(about.st_mtime_ns, about.st_ctime_ns)


def take_settings() -> list[str]:
    """Drop the variables that tests do not see; the options of the project that pytest gets."""
    settings = json.loads(os.environ.pop("SCAFFOLD_WORKER", "{}"))
    for name in settings.get("unset", ()):
        os.environ.pop(name, None)
    if sys.warnoptions:  # a wrapper starts the interpreter with -W
        import warnings

        del sys.warnoptions[:]
        warnings.resetwarnings()
        warnings.simplefilter("default")
    return list(settings.get("options", ()))


def examine(request: Json) -> Json:
    """What this interpreter lacks of what the sessions import; nothing of it is run."""
    lacks = [name for name in request["imports"] if not is_there(name)]
    unfit = []
    version = ""
    if "pytest" not in lacks:
        version = pytest_version()
        wanted = [str(request["pytest_major"]), request.get("pytest_least") or "0"]
        least = max(wanted, key=number_of)
        if number_of(version) < number_of(least):
            unfit.append(f"lacks pytest >= {least} (its {version} is older than the tests need)")
    if sys.flags.optimize:
        unfit.append("runs with -O, which leaves out every assertion")
    return {
        "event": "probe",
        "lacks": lacks,
        "unfit": unfit,
        "python": sys.version.split()[0],
        "pytest": version,
    }


def number_of(version: str) -> list[int]:
    """The numbers that a version begins with."""
    found: list[int] = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        found.append(int(digits))
    return found


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
